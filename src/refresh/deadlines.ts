/**
 * Waiting that ends when its time is up, or when a signal says so.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";

/** When a wait ends. */
export interface Deadline {
  /** How long it may take, in milliseconds. Default: as long as it takes. */
  readonly timeout?: number | undefined;
  /** What to reject with when it takes longer. Default: an `AuthenticationError` with the code `timeout`. */
  readonly error?: (() => unknown) | undefined;
  /** Ends the wait as well, with its own reason. */
  readonly signal?: AbortSignal | null | undefined;
}

/** A timer that fires so much too late was held up with the whole process, in milliseconds. */
const late = 100;

/**
 * Settles as `promise` does, or rejects when the time is up or the signal is aborted. Ends this wait only.
 *
 * After a process was frozen, timers fire first, though the answer lies in the socket: it gets a moment to be read.
 */
export async function waitFor<T>(
  promise: Promise<T>,
  { timeout, signal, error = () => newTimeout(timeout!) }: Deadline,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop = () => {};
  try {
    return await new Promise((resolve, reject) => {
      stop = () => reject(signal!.reason);
      signal?.addEventListener("abort", stop, { once: true });
      if (signal?.aborted) stop();
      if (timeout !== undefined) {
        const due = performance.now() + timeout;
        const end = () => reject(error());
        timer = setTimeout(() => performance.now() - due > late ? timer = setTimeout(end, late) : end(), timeout);
      }
      promise.then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
  }
}

/**
 * Runs work under a signal that ends with the deadline, and rejects then even if the work doesn't listen (a `fetch` of
 * the caller's may not). By hand, for `AbortSignal.any` is missing on edge runtimes.
 */
export async function withDeadline<T>(deadline: Deadline, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  deadline.signal?.throwIfAborted();
  const controller = new AbortController();
  try {
    // The work starts before the clock does: a deadline of its own of the same length is to come first.
    return await waitFor(work(controller.signal), deadline);
  } catch (error) {
    controller.abort(error);
    throw error;
  }
}

/** Waits for some milliseconds, or rejects at once with the signal's reason. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await waitFor(new Promise(() => {}), { timeout: ms, signal }).catch(() => signal.throwIfAborted());
}

/** Makes the error for an answer that took longer than so many milliseconds. */
export function newTimeout(ms: number): AuthenticationError {
  return new AuthenticationError("timeout", `Cannot get a token: no answer within ${Math.ceil(ms)} ms.`, {
    retryable: true,
  });
}
