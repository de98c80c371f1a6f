/**
 * A store that may be slow or gone: it costs a caller a moment at most, and is left alone for a while after a failure.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { TokenStoreFailure } from "../events.ts";
import { type Deadline, withDeadline } from "../refresh/deadlines.ts";
import type { StoreOptions, TokenStore } from "./token_store.ts";

/** The first pause after a failure, in milliseconds; it doubles with each further one, up to the longest. */
const firstPause = 1_000;
const longestPause = 30_000;

/** Says that the store gave no answer. Its own error isn't kept: clients put commands, and so tokens, in theirs. */
export class NoAnswer {
  readonly failure: TokenStoreFailure;

  constructor(failure: TokenStoreFailure) {
    this.failure = failure;
  }
}

type Operation<T> = (store: TokenStore, options: StoreOptions) => Promise<T>;

/** A store behind a time limit. Several authenticators may share one. */
export class StoreAccess {
  readonly store: TokenStore;
  readonly #timeout: number;
  #failures = 0;
  #restUntil = -Infinity;

  constructor(store: TokenStore, timeout: number) {
    this.store = store;
    this.#timeout = timeout;
  }

  /** Runs one operation. Rejects with a {@linkcode NoAnswer}, or with the signal's reason. */
  async ask<T>(
    operation: Operation<T>,
    { clock, signal }: { readonly clock: Clock; readonly signal?: AbortSignal | undefined },
  ): Promise<T> {
    if (clock.monotonic() < this.#restUntil) throw new NoAnswer("backing_off");
    const late = new NoAnswer("timeout");
    try {
      const answer = await this.#run(operation, { error: () => late, signal });
      this.#failures = 0;
      return answer;
    } catch (error) {
      signal?.throwIfAborted();
      const now = clock.monotonic();
      // Of several that failed together, one counts.
      if (now >= this.#restUntil) {
        this.#restUntil = now + Math.min(firstPause * 2 ** this.#failures++, longestPause);
      }
      throw error === late ? late : new NoAnswer("error");
    }
  }

  /** Runs one operation whose outcome doesn't matter, whatever is known of the store. */
  async tell(operation: Operation<unknown>): Promise<void> {
    await this.#run(operation).catch(() => {});
  }

  #run<T>(operation: Operation<T>, deadline: Deadline = {}): Promise<T> {
    // A client may throw at once.
    const work = async (signal: AbortSignal) => await operation(this.store, { signal });
    return withDeadline({ timeout: this.#timeout, ...deadline }, work);
  }
}
