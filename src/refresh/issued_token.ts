/**
 * A token in use, and the times of its life.
 *
 * @module
 */

import { ageOf, type Clock, type Moment } from "../clock.ts";
import type { Credentials } from "../credentials.ts";

/** Credentials as the authorization server issued them, and the header the settings of that moment name for them. */
export interface IssuedCredentials {
  /** The token and what is known of it. */
  readonly credentials: Credentials;
  /** Name of the header that carries the token. Default: `authorization`. */
  readonly headerKey?: string | undefined;
}

/** How long before its end a token is renewed behind: a fifth of its life, and 5 minutes at most. */
const shouldRenewShare = 0.2;
const shouldRenewAtMost = 300_000;
/** How long before its end callers wait for the next one: a twentieth of its life, and 30 seconds at most. */
const mustRenewShare = 0.05;
const mustRenewAtMost = 30_000;
/** By how much of the early window a renewal may start sooner, so that a fleet doesn't renew in step. */
const jitterShare = 0.25;
/** The least a token is used for, in milliseconds: no answer makes us ask at every call. */
const shortestLife = 1_000;
/** For how long one look at both clocks is trusted, in milliseconds, as long as the wall clock isn't set back. */
const lookTrust = 1_000;

/** An issued token in use. Its times are ages in milliseconds. */
export class Held implements IssuedCredentials {
  readonly credentials: Credentials;
  readonly headerKey: string | undefined;
  /** From this age on it is renewed behind its users. */
  readonly shouldRenewAt: number;
  /** From this age on its users wait for the next one, if it is to be had at once. */
  readonly mustRenewAt: number;
  /** At this age it is dead. */
  expiresAt: number;
  /** Whether the API refused it: it is not used again while another one is to be had. */
  refused = false;
  readonly #start: Moment;
  // Between these two moments of the wall clock it needs no closer look.
  #lookedAt = 0;
  #lookAgainAt = 0;

  /**
   * `start` is just before the token was asked for: its way here is a part of its life. `defaultLifetime` is how long it
   * is taken to live if the server didn't say, in milliseconds; `previous` the token it takes the place of.
   */
  constructor(
    { credentials, headerKey }: IssuedCredentials,
    start: Moment,
    defaultLifetime: number,
    previous: Held | undefined,
  ) {
    const { expiresAt: end } = credentials;
    this.credentials = credentials;
    this.headerKey = headerKey;
    this.#start = start;
    this.expiresAt = Math.max(end === undefined ? defaultLifetime : end - start.wall, shortestLife);
    this.mustRenewAt = this.expiresAt - Math.min(this.expiresAt * mustRenewShare, mustRenewAtMost);
    const early = Math.min(this.expiresAt * shouldRenewShare, shouldRenewAtMost) * (1 + Math.random() * jitterShare);
    // A server that handed back the same token will do so again until that one is at its end.
    const isSame = previous?.credentials.accessToken === credentials.accessToken;
    this.shouldRenewAt = isSame ? this.mustRenewAt : this.expiresAt - early;
  }

  /** Makes it count as dead. */
  end(): void {
    this.refused = true;
    this.expiresAt = 0;
  }

  /** How old it is, in milliseconds. */
  age(clock: Clock): number {
    return ageOf(this.#start, clock);
  }

  /** Whether nothing needs to be done about it. Mostly one look at one clock. */
  isFresh(clock: Clock): boolean {
    if (this.refused) return false;
    const now = clock.wall();
    if (now >= this.#lookedAt && now < this.#lookAgainAt) return true;
    const left = this.shouldRenewAt - this.age(clock);
    this.#lookedAt = now;
    this.#lookAgainAt = now + Math.min(left, lookTrust);
    return left > 0;
  }
}
