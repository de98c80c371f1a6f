/**
 * What clients take for a signal, as an `AbortSignal`.
 *
 * @module
 */

/** Says that a call is over: an `AbortSignal`, or what libraries have in its place. */
export interface AbortSignalLike {
  /** Whether it is. */
  readonly aborted: boolean;
  /** Why, where it is known. */
  readonly reason?: unknown;
  // Looser than any library's own, so that all fit.
  /** Adds a listener. */
  // deno-lint-ignore no-explicit-any
  readonly addEventListener?: ((type: "abort", listener: (...args: any[]) => void) => void) | undefined;
  /** Removes a listener. */
  // deno-lint-ignore no-explicit-any
  readonly removeEventListener?: ((type: "abort", listener: (...args: any[]) => void) => void) | undefined;
}

/** Runs work under a signal of the platform's own, which follows the client's. */
export async function withSignal<T>(
  like: AbortSignalLike | null | undefined,
  work: (signal: AbortSignal | undefined) => Promise<T>,
): Promise<T> {
  if (!like || like instanceof AbortSignal) return await work(like ?? undefined);
  const controller = new AbortController();
  const abort = () => controller.abort(like.reason ?? new DOMException("This operation was aborted", "AbortError"));
  if (like.aborted) abort();
  like.addEventListener?.("abort", abort);
  try {
    return await work(controller.signal);
  } finally {
    like.removeEventListener?.("abort", abort);
  }
}
