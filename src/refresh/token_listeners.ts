/**
 * Pushes new tokens to connections that stay open.
 *
 * @module
 */

import type { Credentials } from "../credentials.ts";
import { callQuietly } from "../events.ts";
import { unrefTimer } from "./unref_timer.ts";

/** Takes a new token. What it throws, or rejects with, changes nothing. */
export type TokenListener = (credentials: Credentials) => unknown;

/** The least and the longest time between two looks at the token: a machine that slept is noticed, in milliseconds. */
const shortestPause = 1_000;
const longestPause = 30_000;

/** What looks at the token need. */
interface Look {
  /** Sees to it that there is a live token, and starts a background refresh where one is due. */
  keepFresh(): Promise<unknown>;
  /** In how many milliseconds a refresh is due. */
  untilDue(): number;
}

/** Keeps a token fresh while there are listeners, by a timer that keeps no process alive, and tells them of new ones. */
export class TokenListeners {
  readonly #listeners = new Set<readonly [TokenListener]>();
  readonly #look: Look;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(look: Look) {
    this.#look = look;
  }

  /** Adds a listener; returns what takes it away. */
  add(listener: TokenListener): () => void {
    // In a tuple: the same function may be added twice.
    const entry = [listener] as const;
    this.#listeners.add(entry);
    if (this.#listeners.size === 1) this.#start(0);
    return () => {
      this.#listeners.delete(entry);
      if (this.#listeners.size === 0) clearTimeout(this.#timer);
    };
  }

  /** Tells all listeners of a new token. */
  push(credentials: Credentials): void {
    for (const [listener] of this.#listeners) callQuietly(listener, credentials);
  }

  /** Takes all listeners away. */
  clear(): void {
    this.#listeners.clear();
    clearTimeout(this.#timer);
  }

  #start(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), delay);
    unrefTimer(this.#timer);
  }

  async #run(): Promise<void> {
    const { keepFresh, untilDue } = this.#look;
    try {
      await keepFresh();
      this.#failures = 0;
    } catch {
      this.#failures++;
    }
    const pause = Math.max(untilDue(), this.#failures && shortestPause * 2 ** this.#failures, shortestPause);
    if (this.#listeners.size > 0) this.#start(Math.min(pause, longestPause));
  }
}
