/**
 * When to ask for a new token: early, once at a time, and not for nothing.
 *
 * @module
 */

import { waitUnlessAborted } from "./abort.ts";
import { ageOf, type Clock, type Moment, momentOf } from "./clock.ts";
import type { Credentials } from "./credentials.ts";
import { Flight } from "./flight.ts";
import { isRequestBound } from "./transport/request_bound.ts";

/** A token as the authorization server issued it, and the header the settings of that moment name for it. */
export interface Issued {
  /** The token and what is known of it. */
  credentials: Credentials;
  /** Name of the header that carries the token. Default: `authorization`. */
  headerKey?: string | undefined;
}

/** Settings of a {@linkcode Renewal}. */
export interface RenewalOptions {
  /** Asks the authorization server. */
  obtain: (signal: AbortSignal) => Promise<Issued>;
  /** How long a token is taken to live whose server doesn't say, in milliseconds. */
  defaultLifetime: number;
  /** Keeps a request's context alive for work that goes on behind it, where the platform has such a thing. */
  waitUntil: ((work: Promise<unknown>) => void) | undefined;
  /** Where the time comes from. */
  clock: Clock;
}

/** An issued token in use. Its times are ages in milliseconds. */
export interface Held extends Issued {
  /** The moment its age counts from: just before the token was asked for. */
  readonly start: Moment;
  /** From this age on the token is renewed behind its users. */
  readonly shouldRenewAt: number;
  /** From this age on its users wait for the next one. */
  readonly mustRenewAt: number;
  /** At this age it is dead. */
  readonly expiresAt: number;
  /** Whether it took the place of one that the API refused. */
  readonly replacesRefused: boolean;
  /** Whether the API took it. */
  accepted: boolean;
  /** Whether the API refused it: it is never handed out again. */
  refused: boolean;
}

/** How long before its end a token is renewed behind: a fifth of its life, and 5 minutes at most. */
const shouldRenewShare = 0.2;
const shouldRenewAtMost = 300_000;
/** How long before its end callers wait for the next one: a twentieth of its life, and 30 seconds at most. */
const mustRenewShare = 0.05;
const mustRenewAtMost = 30_000;
/** By how much of the early window a renewal may start sooner, so that a fleet doesn't renew in step. */
const jitterShare = 0.25;
/** The least time between two renewals behind, in milliseconds. */
const renewalFloor = 1_000;
/** How long it is remembered that new tokens don't help against an API's 401, in milliseconds. */
const futilityMemory = 30_000;

/** Holds the token in use, and renews it. */
export class Renewal {
  readonly #options: RenewalOptions;
  readonly #flight = new Flight<Held>();
  #held: Held | undefined;
  #lastAttempt = -Infinity;
  #futileUntil = -Infinity;
  #closing: AbortController | undefined;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** The last token issued, whatever has become of it. */
  get last(): Held | undefined {
    return this.#held;
  }

  /** A token to use: the live one at once, else the next one. */
  get(signal?: AbortSignal): Promise<Held> {
    const held = this.#held;
    if (held === undefined || held.refused) return this.renew(signal);
    if (signal?.aborted) return Promise.reject(signal.reason);
    const age = ageOf(held.start, this.#options.clock);
    if (age < held.shouldRenewAt) return Promise.resolve(held);
    if (age < held.mustRenewAt && this.#renewBehind()) return Promise.resolve(held);
    return this.#renewOrKeep(held, signal);
  }

  /** The next token. Whoever asks while it is on its way waits for the same one. */
  renew(signal?: AbortSignal): Promise<Held> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    return waitUnlessAborted(this.#flight.join(() => this.#obtain()), signal);
  }

  /**
   * Takes note that the API refused a token. Whether another one may help: not if this one came in place of a
   * refused one and nothing took it since, for then the API's 401 isn't about the token.
   */
  refuse(held: Held): boolean {
    if (held !== this.#held) return true;
    const now = this.#options.clock.monotonic();
    if (held.replacesRefused && !held.accepted) this.#futileUntil = now + futilityMemory;
    if (now < this.#futileUntil) return false;
    held.refused = true;
    return true;
  }

  /** Ends what is under way, with `reason` for those who wait. */
  close(reason: unknown): void {
    this.#closing?.abort(reason);
  }

  /** Starts a renewal that nobody waits for. Says no where nothing would keep it running. */
  #renewBehind(): boolean {
    const { waitUntil, clock } = this.#options;
    if (this.#flight.active || clock.monotonic() - this.#lastAttempt < renewalFloor) return true;
    if (waitUntil === undefined && isRequestBound()) return false;
    const work = this.#flight.join(() => this.#obtain()).catch(() => {});
    waitUntil?.(work);
    return true;
  }

  /** A server in trouble goes unnoticed for as long as there is a live token. */
  async #renewOrKeep(held: Held, signal: AbortSignal | undefined): Promise<Held> {
    try {
      return await this.renew(signal);
    } catch (error) {
      if (signal?.aborted || held.refused || ageOf(held.start, this.#options.clock) >= held.expiresAt) {
        throw error;
      }
      return held;
    }
  }

  async #obtain(): Promise<Held> {
    const closing = this.#closing = new AbortController();
    // Before the request is sent: its way there and back is a part of the token's life.
    const start = momentOf(this.#options.clock);
    this.#lastAttempt = start.monotonic;
    const issued = await this.#options.obtain(closing.signal);
    const { expiresAt: end } = issued.credentials;
    const expiresAt = end === undefined ? this.#options.defaultLifetime : end - start.wall;
    const early = Math.min(expiresAt * shouldRenewShare, shouldRenewAtMost);
    const held: Held = {
      ...issued,
      start,
      shouldRenewAt: expiresAt - early * (1 + Math.random() * jitterShare),
      mustRenewAt: expiresAt - Math.min(expiresAt * mustRenewShare, mustRenewAtMost),
      expiresAt,
      replacesRefused: this.#held?.refused ?? false,
      accepted: false,
      refused: false,
    };
    this.#held = held;
    return held;
  }
}
