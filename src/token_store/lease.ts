/**
 * One process at a time requests a token.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { sleep } from "../refresh/deadlines.ts";
import type { StoreAccess } from "./store_access.ts";

/** The first pause before the store is looked at again, in milliseconds, and the longest; by half as much again each time. */
const firstPause = 25;
const longestPause = 500;

/** A lease of one key, as one attempt for a token sees it. */
export class Lease {
  /** Random, so that an attempt knows its own lease, whatever a client makes of a reply. */
  readonly owner: string = crypto.randomUUID();
  readonly #access: StoreAccess;
  readonly #key: string;
  readonly #lifetime: number;
  readonly #clock: Clock;

  constructor(access: StoreAccess, key: string, { lifetime, clock }: { lifetime: number; clock: Clock }) {
    this.#access = access;
    this.#key = key;
    this.#lifetime = lifetime;
    this.#clock = clock;
  }

  /** Whether another attempt had it. */
  hasWaited = false;

  /**
   * Waits until this attempt has the lease, or `find` finds the token that another one has shared meanwhile. The attempt's
   * signal ends the wait.
   */
  async acquireOrFind<T>(find: () => Promise<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
    try {
      return await this.#acquireOrFind(find, signal);
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  async #acquireOrFind<T>(find: () => Promise<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
    for (let pause = firstPause; !await this.#acquire(signal); pause = Math.min(pause * 1.5, longestPause)) {
      this.hasWaited = true;
      // With jitter: many wait for the same token.
      await sleep(pause * (0.5 + Math.random() / 2), signal);
      const found = await find();
      if (found) return found;
    }
    // It may have been shared just before the lease was taken.
    const found = await find();
    if (found) await this.release();
    return found;
  }

  /**
   * Does what the lease is for, however long it takes: it ends by itself only if this process does, or is paused. A failure
   * releases it.
   */
  async keepFor<T>(work: () => Promise<T>): Promise<T> {
    const extend = () =>
      this.#access.ask(
        (store, options) => store.lease!.extend(this.#key, this.owner, { ...options, lifetime: this.#lifetime }),
        { clock: this.#clock },
      ).catch(() => {});
    const timer = setInterval(extend, this.#lifetime / 3);
    try {
      return await work();
    } catch (error) {
      await this.release();
      throw error;
    } finally {
      clearInterval(timer);
    }
  }

  /** Ends the lease, if this attempt still has it. A store that fails ends it by itself. */
  async release(): Promise<void> {
    await this.#access.ask((store, options) => store.lease!.release(this.#key, this.owner, options), {
      clock: this.#clock,
    }).catch(() => {});
  }

  #acquire(signal: AbortSignal): Promise<boolean> {
    return this.#access.ask(async ({ lease }, options) => {
      const isHeld = await lease!.acquire(this.#key, this.owner, { ...options, lifetime: this.#lifetime });
      // The attempt was given up meanwhile: the lease would only keep others waiting. Clients send late what they queued.
      if (isHeld && options.signal.aborted) {
        await lease!.release(this.#key, this.owner, { signal: new AbortController().signal });
      }
      return isHeld;
    }, { clock: this.#clock, signal });
  }
}
