/**
 * One process at a time requests a token.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { sleep } from "../refresh/deadlines.ts";
import { NoAnswer, type StoreAccess } from "./store_access.ts";

/** The first pause before the store is looked at again, in milliseconds, and the longest; by half as much again each time. */
const firstPause = 25;
const longestPause = 500;
/** For how many lease times another process's lease is waited for: it may end once, and then the next one's request. */
const patience = 1.8;

/** When a lease ends, and for which attempt it is. */
export interface LeaseTerms {
  /** In milliseconds. */
  readonly lifetime: number;
  readonly clock: Clock;
  /** The attempt of this process before, if it hasn't come to an end: on workerd one dies with its request. */
  readonly predecessor?: Lease | undefined;
}

/** A lease of one key, as one attempt for a token sees it. */
export class Lease {
  /** Random, so that an attempt knows its own lease, whatever a client makes of a reply. It takes over its predecessor's. */
  readonly owner: string;
  /** Whether another process had it. */
  hasWaited = false;
  readonly #access: StoreAccess;
  readonly #key: string;
  readonly #lifetime: number;
  readonly #clock: Clock;
  #isReleased = false;
  /** A later attempt has it. */
  #isHandedOver = false;

  constructor(access: StoreAccess, key: string, { lifetime, clock, predecessor }: LeaseTerms) {
    const isHeir = predecessor !== undefined && predecessor.#key === key && !predecessor.#isReleased;
    if (isHeir) predecessor.#isHandedOver = true;
    this.owner = isHeir ? predecessor.owner : crypto.randomUUID();
    this.#access = access;
    this.#key = key;
    this.#lifetime = lifetime;
    this.#clock = clock;
  }

  /**
   * Waits until this attempt has the lease, or `find` finds the token that another one has shared meanwhile. The attempt's
   * signal ends the wait. Throws a {@linkcode NoAnswer} where others keep the lease and share nothing.
   */
  async acquireOrFind<T>(find: () => Promise<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
    const end = this.#clock.monotonic() + this.#lifetime * patience;
    try {
      for (let pause = firstPause; !await this.acquire(signal); pause = Math.min(pause * 1.5, longestPause)) {
        this.hasWaited = true;
        if (this.#clock.monotonic() >= end) throw new NoAnswer("lease_held");
        // With jitter: many wait for the same token.
        await sleep(pause * (0.5 + Math.random() / 2), signal);
        const found = await find();
        if (found) return found;
      }
      // It may have been shared just before the lease was taken.
      const found = await find();
      if (found) await this.release();
      return found;
    } catch (error) {
      // The store may have given it, though the answer wasn't awaited. Nor is this one.
      void this.release();
      throw error;
    }
  }

  /**
   * Does what the lease is for, however long it takes: it ends by itself only if this process does, or is paused. A failure
   * releases it, and so does the attempt's end, whether or not the work listens to its signal.
   */
  async keepFor<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const extend = () =>
      !this.#isHandedOver && this.#access.ask(
        (store, options) => store.lease!.extend(this.#key, this.owner, { ...options, lifetime: this.#lifetime }),
        { clock: this.#clock },
      ).catch(() => {});
    const timer = setInterval(extend, this.#lifetime / 3);
    const stop = () => {
      clearInterval(timer);
      void this.release();
    };
    signal.addEventListener("abort", stop, { once: true });
    try {
      return await work();
    } catch (error) {
      await this.release();
      throw error;
    } finally {
      clearInterval(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  /** Ends the lease, if this attempt still has it. Never rejects: where the store fails, the lease ends by itself. */
  async release(): Promise<void> {
    if (this.#isHandedOver || this.#isReleased) return;
    this.#isReleased = true;
    await this.#access.tell((store, options) => store.lease!.release(this.#key, this.owner, options));
  }

  /** Takes the lease if it is free. */
  acquire(signal: AbortSignal): Promise<boolean> {
    return this.#access.ask(async ({ lease }, options) => {
      const isHeld = await lease!.acquire(this.#key, this.owner, { ...options, lifetime: this.#lifetime });
      // The attempt was given up meanwhile: the lease would only keep others waiting. Clients send late what they queued.
      if (isHeld && options.signal.aborted && !this.#isHandedOver) {
        await lease!.release(this.#key, this.owner, { signal: new AbortController().signal });
      }
      return isHeld;
    }, { clock: this.#clock, signal });
  }
}
