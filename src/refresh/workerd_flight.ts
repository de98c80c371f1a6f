/**
 * One piece of work at a time on workerd, where a promise belongs to the request that made it: a caller in another request
 * that awaits it hangs once the first has ended.
 *
 * So callers share plain data. The first leads and beats on a timer of its own; the others look at the data on theirs,
 * and take over from a leader whose request has ended.
 *
 * @module
 */

import type { Flight, Work } from "./single_flight.ts";

/** How often a leader shows that it is alive, in milliseconds. */
const beatInterval = 50;
/** How often a follower looks, in milliseconds: the pauses double from the first to the last. */
const firstLook = 5;
const lastLook = 160;
/** Without a beat for as long, a leader counts as gone; and after two looks at least, for a busy isolate stops both. */
const silence = 250;

interface Slot<T> {
  lastBeat: number;
  /** Gives the value, or throws what the work threw. */
  outcome?: () => T;
  /** Took over from a leader that fell silent. */
  successor?: Slot<T>;
  /** Set by a caller that wants the work to end; the leader looks at each beat. */
  end?: { readonly reason: unknown };
}

/** Callers share a slot of plain data. */
export class WorkerdFlight<T> implements Flight<T> {
  #slot: Slot<T> | undefined;

  get active(): boolean {
    return this.#slot !== undefined && Date.now() - this.#slot.lastBeat <= silence;
  }

  async join(work: Work<T>): Promise<T> {
    let slot = this.#slot;
    let silentLooks = 0;
    for (let pause = firstLook; slot !== undefined;) {
      if (slot.outcome) return slot.outcome();
      if (slot.successor) {
        slot = slot.successor;
        silentLooks = 0;
        continue;
      }
      silentLooks = Date.now() - slot.lastBeat > silence ? silentLooks + 1 : 0;
      // The first follower to notice leads; the others follow it, even if it is done before they look again.
      if (silentLooks > 1) break;
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(2 * pause, lastLook);
    }
    return await this.#lead(work, slot);
  }

  end(reason: unknown): Promise<void> {
    const slot = this.#slot;
    this.#slot = undefined;
    if (slot !== undefined) {
      // Followers learn of it at their next look, the leader at its next beat.
      slot.end = { reason };
      slot.outcome = () => {
        throw reason;
      };
    }
    return Promise.resolve();
  }

  async #lead(work: Work<T>, predecessor: Slot<T> | undefined): Promise<T> {
    const slot: Slot<T> = { lastBeat: Date.now() };
    if (predecessor) predecessor.successor = slot;
    this.#slot = slot;
    const controller = new AbortController();
    const beat = setInterval(() => {
      slot.lastBeat = Date.now();
      // Here, for an abort from within another request would reach into this one.
      if (slot.end) controller.abort(slot.end.reason);
    }, beatInterval);
    try {
      const value = await work(controller.signal);
      slot.outcome ??= () => value;
      return value;
    } catch (error) {
      slot.outcome ??= () => {
        throw error;
      };
      throw error;
    } finally {
      clearInterval(beat);
      if (this.#slot === slot) this.#slot = undefined;
    }
  }
}
