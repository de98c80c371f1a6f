/**
 * One piece of work at a time, however many ask for it.
 *
 * @module
 */

import { isRequestBound } from "./transport/request_bound.ts";

/** How often a leader shows that it is alive, in milliseconds. */
const beatInterval = 20;
/** How often a follower looks, in milliseconds. */
const lookInterval = 10;
/** After how much silence a leader is taken for gone, in milliseconds. */
const silence = 100;

interface Slot<T> {
  lastBeat: number;
  outcome?: { value: T } | { error: unknown };
  /** Who took over from a leader that fell silent. */
  successor?: Slot<T>;
}

/**
 * Runs work once for all who ask while it runs. When it has settled, the next who asks runs it anew.
 *
 * Where runtimes allow it the callers share a promise. On workerd a promise belongs to the request that made it:
 * whoever else awaits it hangs once that request ends, for good. There callers share a slot of plain data: the first
 * one leads, beating on a timer of its own; the others look at the slot on theirs, and take over from a leader that
 * fell silent because its request ended.
 */
export class Flight<T> {
  #shared: Promise<T> | undefined;
  #slot: Slot<T> | undefined;

  /** Whether the work is being done now, as far as can be known. */
  get active(): boolean {
    return this.#shared !== undefined || this.#slot !== undefined && isAlive(this.#slot);
  }

  /** Settles, and never rejects, when the work that runs has ended; at once where that can't be awaited. */
  get settled(): Promise<unknown> {
    return Promise.resolve(this.#shared?.catch(() => {}));
  }

  /** The outcome of the work that runs, or of `work` where none does. */
  join(work: () => Promise<T>): Promise<T> {
    if (isRequestBound()) return this.#leadOrFollow(work);
    if (this.#shared === undefined) {
      // Not before the promise is in its place: the work may ask for its own outcome.
      const shared = Promise.resolve().then(work).finally(() => this.#shared = undefined);
      // Those who wait get the rejection themselves; where nobody does, it must not end the process.
      shared.catch(() => {});
      this.#shared = shared;
    }
    return this.#shared;
  }

  async #leadOrFollow(work: () => Promise<T>): Promise<T> {
    for (let slot = this.#slot; slot !== undefined;) {
      if (slot.outcome !== undefined) {
        if ("error" in slot.outcome) throw slot.outcome.error;
        return slot.outcome.value;
      }
      if (slot.successor !== undefined) {
        slot = slot.successor;
      } else if (isAlive(slot)) {
        await new Promise((resolve) => setTimeout(resolve, lookInterval));
      } else {
        // The first follower to notice leads, the others follow it, even if it is done before they look again.
        return await this.#lead(work, slot);
      }
    }
    return await this.#lead(work, undefined);
  }

  async #lead(work: () => Promise<T>, predecessor: Slot<T> | undefined): Promise<T> {
    const slot: Slot<T> = { lastBeat: Date.now() };
    if (predecessor !== undefined) predecessor.successor = slot;
    this.#slot = slot;
    const beat = setInterval(() => slot.lastBeat = Date.now(), beatInterval);
    try {
      const value = await work();
      slot.outcome = { value };
      return value;
    } catch (error) {
      slot.outcome = { error };
      throw error;
    } finally {
      clearInterval(beat);
      if (this.#slot === slot) this.#slot = undefined;
    }
  }
}

function isAlive(slot: Slot<unknown>): boolean {
  return Date.now() - slot.lastBeat <= silence;
}
