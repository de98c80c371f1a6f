/**
 * One piece of work at a time, however many callers ask for it.
 *
 * @module
 */

import { isRequestBound } from "./request_bound.ts";
import { WorkerdFlight } from "./workerd_flight.ts";

/** What is done once for many; the signal ends it. */
export type Work<T> = (signal: AbortSignal) => Promise<T>;

/** Runs work once for all callers that come while it runs. */
export interface Flight<T> {
  /** Whether the work is being done, as far as can be known. */
  readonly active: boolean;
  /** The outcome of the work that runs, or of `work` where none does. */
  join(work: Work<T>): Promise<T>;
  /** Ends the work that runs, for this reason, and settles when it has ended where that can be awaited. */
  end(reason: unknown): Promise<void>;
}

/** A flight that is safe on this runtime. */
export function newFlight<T>(): Flight<T> {
  return isRequestBound() ? new WorkerdFlight() : new SharedFlight();
}

/** Callers share a promise. */
class SharedFlight<T> implements Flight<T> {
  #shared: { readonly promise: Promise<T>; readonly controller: AbortController } | undefined;

  get active(): boolean {
    return this.#shared !== undefined;
  }

  join(work: Work<T>): Promise<T> {
    if (this.#shared !== undefined) return this.#shared.promise;
    const controller = new AbortController();
    // Not before the promise is in its place: the work may ask for its own outcome.
    const promise = Promise.resolve().then(() => work(controller.signal)).finally(() => {
      if (this.#shared?.controller === controller) this.#shared = undefined;
    });
    // Callers get the rejection themselves; without any, it must not end the process.
    promise.catch(() => {});
    this.#shared = { promise, controller };
    return promise;
  }

  async end(reason: unknown): Promise<void> {
    const shared = this.#shared;
    this.#shared = undefined;
    shared?.controller.abort(reason);
    await shared?.promise.catch(() => {});
  }
}
