/**
 * Waiting that ends when its time is up, or when a signal says so.
 *
 * @module
 */

/** Settles as `promise` does, or rejects at once with the signal's reason. Ends this wait only, never the work. */
export function untilAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Waits for some milliseconds, or rejects at once with the signal's reason. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await untilAborted(signal, new Promise<void>((resolve) => timer = setTimeout(resolve, ms)));
  } finally {
    clearTimeout(timer);
  }
}

/** Settings of {@linkcode withDeadline}. */
export interface Deadline {
  /** How long the work may take, in milliseconds. */
  timeout: number;
  /** What to reject with when it takes longer. */
  error: () => unknown;
  /** Ends the work as well, with its own reason. */
  signal: AbortSignal | null | undefined;
}

/**
 * Runs work under a signal that ends with the deadline, and rejects then even if the work doesn't listen (an
 * injected fetch may not). By hand, for `AbortSignal.any` is missing on edge runtimes.
 */
export async function withDeadline<T>(
  deadline: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { timeout, error, signal: parent } = deadline;
  parent?.throwIfAborted();
  const controller = new AbortController();
  const { signal } = controller;
  const follow = () => controller.abort(parent?.reason);
  parent?.addEventListener("abort", follow, { once: true });
  // The work starts before the clock does: a deadline of its own of the same length is to come first.
  const working = work(signal);
  const timer = setTimeout(() => controller.abort(error()), timeout);
  try {
    return await untilAborted(signal, working);
  } finally {
    clearTimeout(timer);
    parent?.removeEventListener("abort", follow);
  }
}

/** Settles as `promise` does, or rejects when the time is up or the signal is aborted. Ends this wait only. */
export function waitFor<T>(promise: Promise<T>, { timeout, error, signal }: Deadline): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
      settle();
    };
    const stop = () => end(() => reject(signal?.reason));
    const timer = setTimeout(() => end(() => reject(error())), timeout);
    signal?.addEventListener("abort", stop, { once: true });
    if (signal?.aborted) stop();
    promise.then((value) => end(() => resolve(value)), (reason) => end(() => reject(reason)));
  });
}
