/**
 * One piece of work at a time, however many ask for it.
 *
 * @module
 */

import { isRequestBound } from "./request_bound.ts";

/** How often a leader shows that it is alive, in milliseconds. */
const beatInterval = 20;
/** How often a follower looks, in milliseconds. */
const lookInterval = 10;
/** After how many looks without a beat a leader is taken for gone. By number, for a busy isolate stops the looks, too. */
const silentLooks = 10;
/** The same in time, for those who only ask whether there is a leader, in milliseconds. */
const silence = 100;

interface Slot<T> {
  beats: number;
  lastBeat: number;
  /** Gives the value, or throws what the work threw. */
  outcome?: () => T;
  /** Who took over from a leader that fell silent. */
  successor?: Slot<T>;
  /** Set by whoever wants the work to end; its leader looks at each beat. */
  end?: { reason: unknown };
}

/** What is done once for many; the signal says when to stop. */
export type Work<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Runs work once for all who ask while it runs. When it has settled, the next who asks runs it anew.
 *
 * Where runtimes allow it the callers share a promise. On workerd a promise belongs to the request that made it:
 * whoever else awaits it hangs once that request ends, for good. There callers share a slot of plain data: the first
 * one leads, beating on a timer of its own; the others look at the slot on theirs, and take over from a leader that
 * fell silent because its request ended.
 */
export class Flight<T> {
  #shared: { promise: Promise<T>; controller: AbortController } | undefined;
  #slot: Slot<T> | undefined;

  /** Whether the work is being done now, as far as can be known. */
  get active(): boolean {
    return this.#shared !== undefined ||
      this.#slot !== undefined && Date.now() - this.#slot.lastBeat <= silence;
  }

  /** The outcome of the work that runs, or of `work` where none does. */
  join(work: Work<T>): Promise<T> {
    if (isRequestBound()) return this.#leadOrFollow(work);
    if (this.#shared === undefined) {
      const controller = new AbortController();
      // Not before the promise is in its place: the work may ask for its own outcome.
      const promise = Promise.resolve().then(() => work(controller.signal)).finally(() => {
        if (this.#shared?.controller === controller) this.#shared = undefined;
      });
      // Those who wait get the rejection themselves; where nobody does, it must not end the process.
      promise.catch(() => {});
      this.#shared = { promise, controller };
    }
    return this.#shared.promise;
  }

  /** Has the work that runs end with this reason, and settles when it has, where that can be awaited. */
  async end(reason: unknown): Promise<void> {
    if (this.#slot) {
      // Its followers hear of it at once, its leader at the next beat; who comes next has nothing to do with it.
      this.#slot.end = { reason };
      this.#slot.outcome = () => {
        throw reason;
      };
      this.#slot = undefined;
    }
    const shared = this.#shared;
    this.#shared = undefined;
    shared?.controller.abort(reason);
    await shared?.promise.catch(() => {});
  }

  async #leadOrFollow(work: Work<T>): Promise<T> {
    let beats = NaN;
    let looks = 0;
    let slot = this.#slot;
    while (slot) {
      if (slot.outcome) return slot.outcome();
      if (slot.successor) {
        slot = slot.successor;
        looks = 0;
        continue;
      }
      looks = slot.beats === beats ? looks + 1 : 0;
      beats = slot.beats;
      // The first follower to notice leads, the others follow it, even if it is done before they look again.
      if (looks >= silentLooks) break;
      await new Promise((resolve) => setTimeout(resolve, lookInterval));
    }
    return await this.#lead(work, slot);
  }

  async #lead(work: Work<T>, predecessor: Slot<T> | undefined): Promise<T> {
    const slot: Slot<T> = { beats: 0, lastBeat: Date.now() };
    if (predecessor) predecessor.successor = slot;
    this.#slot = slot;
    const controller = new AbortController();
    const beat = setInterval(() => {
      slot.beats++;
      slot.lastBeat = Date.now();
      // Here, for an abort from within another request would reach into this one.
      if (slot.end) controller.abort(slot.end.reason);
    }, beatInterval);
    try {
      const value = await work(controller.signal);
      slot.outcome = () => value;
      return value;
    } catch (error) {
      slot.outcome = () => {
        throw error;
      };
      throw error;
    } finally {
      clearInterval(beat);
      if (this.#slot === slot) this.#slot = undefined;
    }
  }
}
