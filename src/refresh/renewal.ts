/**
 * When to ask for a new token: early, once at a time, again after a while if it failed, and not for nothing.
 *
 * Everything is driven by use: the only timers are those of a request under way and of callers who wait for it.
 *
 * @module
 */

import { sleep, untilAborted, withDeadline } from "./deadlines.ts";
import { ageOf, type Clock, momentOf } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { AuthenticationError } from "../errors.ts";
import { type AuthenticatorEvent, type AuthenticatorEventListener, type RenewalReason, tell } from "../events.ts";
import { Flight } from "./flight.ts";
import { Held, type IssuedCredentials } from "./issued_token.ts";
import { isRequestBound } from "./request_bound.ts";

/** How a token endpoint in trouble is dealt with. */
export interface RetryOptions {
  /** How many requests are made for those who have no token. Default: 5. For those who have a live one, it is 1. */
  attempts?: number | undefined;
  /** The longest pause between two requests, in milliseconds; they grow from 500 ms and are random. Default: 10,000. */
  maxBackoff?: number | undefined;
  /** How long all of it takes at most, in milliseconds. Default: 30,000. */
  deadline?: number | undefined;
}

/** Settings of a {@linkcode Renewal}. */
export interface RenewalOptions {
  /** How long a token is taken to live whose server doesn't say, in milliseconds. */
  defaultLifetime: number;
  /** What is done about trouble that passes. */
  retry: { [name in keyof RetryOptions]-?: number };
  /** Keeps a request's context alive for work that goes on behind it, where the platform has such a thing. */
  waitUntil: ((work: Promise<unknown>) => void) | undefined;
  /** Where the time comes from. */
  clock: Clock;
  /** Is told what happens. */
  onEvent: AuthenticatorEventListener | undefined;
}

/** The least time between two renewals behind, in milliseconds. */
const renewalFloor = 1_000;
/** How long callers with a live token wait for the next one, in milliseconds. */
const patience = 1_000;
/** The longest pause after a first failure, in milliseconds; it doubles with each further one. */
const firstBackoff = 500;
/**
 * An API's 401 may not be about the token at all, and then every new one is wasted. So after this many renewals for a
 * 401 there is a pause before the next, in milliseconds, which doubles with each; quiet for twice as long ends it.
 */
const promptRefusals = 3;
const firstRefusalPause = 30_000;
const longestRefusalPause = 900_000;

/** What the token endpoint itself refuses for good: the refusal memory sees to it. */
const ofTokenEndpoint = /^(token_request_refused|invalid_response|unsupported_token_type)$/;

/** Holds the token in use, and renews it. */
export class Renewal {
  readonly #options: RenewalOptions;
  readonly #clock: Clock;
  readonly #ask: (signal: AbortSignal) => Promise<IssuedCredentials>;
  readonly #flight = new Flight<Held>();
  // Of the flight that is under way: how many attempts it makes, and whether nobody waited for it when it started.
  #attempts = 0;
  #isBehind = false;
  #held: Held | undefined;
  // Moments by the monotonic clock.
  #lastStart = -Infinity;
  #notBefore = -Infinity;
  #behindNotBefore = -Infinity;
  /** Whether the server asked for a longer pause than anybody waits. */
  #isLongWish = false;
  #lastRefusal = -Infinity;
  /** Renewals for a 401, until it has been quiet. */
  #refusals = 0;
  /** Failures in a row. */
  #failures = 0;
  #lastError: unknown;
  /** The last time it was closed. */
  #end: { readonly reason: unknown } | undefined;
  /**
   * Whether the last error came for good, and not from the token endpoint: from a vault or a settings service, say, which
   * is to be spared.
   */
  #isOwnFault = false;

  /** `obtain` asks the authorization server, once. */
  constructor(options: RenewalOptions, obtain: (signal: AbortSignal) => Promise<IssuedCredentials>) {
    this.#options = options;
    this.#clock = options.clock;
    this.#ask = obtain;
  }

  /** The last token issued, whatever has become of it. */
  get last(): Held | undefined {
    return this.#held;
  }

  /** The token in use if nothing needs to be done about it: the way nearly all calls go. */
  get fresh(): Held | undefined {
    const held = this.#held;
    const { onEvent } = this.#options;
    if (held === undefined || !held.isFresh(this.#clock)) return undefined;
    return onEvent === undefined ? held : this.#reused(held);
  }

  /** A token to use: the live one, else the next one. */
  async get(signal?: AbortSignal): Promise<Held> {
    signal?.throwIfAborted();
    const fresh = this.fresh;
    if (fresh !== undefined) return fresh;
    const held = this.#held;
    if (held === undefined) return await this.#next("first", signal);
    if (held.refused) return await this.#insteadOfRefused(held, signal);
    const age = held.age(this.#clock);
    if (age >= held.expiresAt) return await this.#next("expired", signal);
    if (age < held.mustRenewAt && this.#renewBehind()) return this.#reused(held);
    return await this.#nextOr(held, signal);
  }

  /** The next token. Whoever asks while it is on its way waits for the same one. */
  async renew(signal?: AbortSignal): Promise<Held> {
    signal?.throwIfAborted();
    return await this.#next("forced", signal);
  }

  /** Takes note that the API refused a token. Whether the call should be made again with another one. */
  refuse(held: Held): boolean {
    const renews = held !== this.#held || held.refused || this.#mayReplace();
    if (renews) held.refused = true;
    this.#tell({ type: "refused", remaining: held.expiresAt - held.age(this.#clock), renews });
    return renews;
  }

  /** Takes note that a new token helped against a 401, which so was about the token: pauses stay short. */
  helped(): void {
    this.#refusals = Math.min(this.#refusals, promptRefusals);
  }

  /** Uses the token no longer. What it is, if it was still alive. */
  forget(): Credentials | undefined {
    const held = this.#held;
    const isAlive = held !== undefined && held.age(this.#clock) < held.expiresAt;
    held?.end();
    return isAlive ? held.credentials : undefined;
  }

  /** Ends what is under way, with `reason` for those who wait, and settles when it has ended. */
  async close(reason: unknown): Promise<void> {
    this.#end = { reason };
    await this.#flight.end(reason);
  }

  #mayReplace(): boolean {
    const now = this.#clock.monotonic();
    const doublings = this.#refusals - promptRefusals;
    const pause = doublings < 0 ? 0 : Math.min(firstRefusalPause * 2 ** doublings, longestRefusalPause);
    const since = now - this.#lastRefusal;
    if (since < pause) return false;
    this.#refusals = since > 2 * Math.max(pause, firstRefusalPause) ? 1 : this.#refusals + 1;
    this.#lastRefusal = now;
    return true;
  }

  #tell(event: AuthenticatorEvent): void {
    tell(this.#options.onEvent, event);
  }

  #reused(held: Held): Held {
    this.#tell({ type: "reused", remaining: held.expiresAt - held.age(this.#clock) });
    return held;
  }

  /** Starts a renewal that nobody waits for, unless it is too soon. Says no where nothing would keep it running. */
  #renewBehind(): boolean {
    if (this.#flight.active || this.#isTooSoon()) return true;
    const { waitUntil } = this.#options;
    if (waitUntil === undefined && isRequestBound()) return false;
    const work = this.#fly("early", 1, true).catch(() => {});
    try {
      waitUntil?.(work);
    } catch {
      // Called outside of a request, say: then the renewal may be cut short, and is the next caller's.
    }
    return true;
  }

  #isTooSoon(): boolean {
    return this.#clock.monotonic() < Math.max(this.#behindNotBefore, this.#lastStart + renewalFloor);
  }

  /** The next token if it comes at once, else the live one: a server in trouble goes unnoticed. */
  async #nextOr(held: Held, signal: AbortSignal | undefined): Promise<Held> {
    // Who comes while a request is overdue waits no more for it than who came in time.
    const isOverdue = this.#clock.monotonic() - this.#lastStart >= patience;
    if (this.#flight.active ? isOverdue : this.#isTooSoon()) return this.#reused(held);
    try {
      const limits = { timeout: patience, error: () => outOfTime(patience), signal };
      return await withDeadline(limits, (signal) => this.#next("expired", signal, 1));
    } catch (error) {
      if (signal?.aborted) throw error;
      if (held.refused || held.age(this.#clock) >= held.expiresAt) return await this.#next("expired", signal);
      return this.#reused(held);
    }
  }

  /**
   * The next token. If a server in trouble has none, the refused one is used again for as long as it lives: other calls
   * may do without what the refused call was missing.
   */
  async #insteadOfRefused(held: Held, signal: AbortSignal | undefined): Promise<Held> {
    const isAlive = () => held.age(this.#clock) < held.expiresAt;
    const reuse = () => {
      held.refused = false;
      return this.#reused(held);
    };
    if (!isAlive()) return await this.#next("refused", signal);
    // Not even an attempt is to be made yet, and calls that have no use for one mustn't wait for it.
    if (!this.#flight.active && this.#clock.monotonic() < this.#notBefore) return reuse();
    try {
      return await this.#next("refused", signal, 1);
    } catch (error) {
      if (signal?.aborted || !isPassing(error)) throw error;
      return isAlive() ? reuse() : await this.#next("refused", signal);
    }
  }

  /** The outcome of the flight that is under way, or of a new one. */
  async #next(
    reason: RenewalReason,
    signal: AbortSignal | undefined,
    attempts = this.#options.retry.attempts,
  ): Promise<Held> {
    for (;;) {
      const flight = this.#fly(reason, attempts, false);
      const attemptsMade = this.#attempts;
      try {
        return await (signal === undefined ? flight : untilAborted(signal, flight));
      } catch (error) {
        // It may have been started for somebody with less patience.
        if (attemptsMade >= attempts || signal?.aborted || !isPassing(error)) throw error;
      }
    }
  }

  /** Joins the flight that is under way, or starts one. */
  #fly(reason: RenewalReason, attempts: number, behind: boolean): Promise<Held> {
    if (!this.#flight.active) {
      this.#attempts = attempts;
      this.#isBehind = behind;
    }
    return this.#flight.join((signal) => this.#run(reason, attempts, signal));
  }

  /** One flight: as many requests as it takes, within the limits. */
  #run(reason: RenewalReason, attempts: number, signal: AbortSignal): Promise<Held> {
    const { retry: { deadline } } = this.#options;
    const end = this.#clock.monotonic() + deadline;
    const failuresBefore = this.#failures;
    const error = () => this.#failures > failuresBefore ? this.#lastError : outOfTime(deadline);
    return withDeadline({ timeout: deadline, error, signal }, async (signal) => {
      for (let attempt = 1;; attempt++) {
        await this.#pause(end, signal);
        try {
          return await this.#obtain(reason, attempt, signal);
        } catch (error) {
          if (attempt >= attempts || !isPassing(error)) throw error;
        }
      }
    });
  }

  /** Waits for as long as the last failure asks for, or throws it if that is longer than there is time. */
  async #pause(end: number, signal: AbortSignal): Promise<void> {
    // Longer than anybody waits: then nobody does, until as much time has passed.
    const isTooLong = this.#isLongWish && this.#clock.monotonic() < this.#notBefore;
    if (isTooLong || this.#notBefore > end) throw this.#lastError;
    const isRecent = this.#clock.monotonic() - this.#lastStart < renewalFloor;
    if (isRecent && this.#isOwnFault) throw this.#lastError;
    for (let delay; (delay = this.#notBefore - this.#clock.monotonic()) > 0;) await sleep(delay, signal);
  }

  async #obtain(reason: RenewalReason, attempt: number, signal: AbortSignal): Promise<Held> {
    const { defaultLifetime } = this.#options;
    const start = momentOf(this.#clock);
    this.#lastStart = start.monotonic;
    const end = this.#end;
    const request = { reason, attempt, behind: this.#isBehind };
    this.#tell({ type: "requested", ...request });
    try {
      const issued = await this.#ask(signal);
      signal.throwIfAborted();
      // On workerd the signal comes a beat late.
      if (this.#end !== end) throw this.#end?.reason;
      const held = this.#held = new Held(issued, start, defaultLifetime, this.#held);
      this.#failures = 0;
      this.#isOwnFault = false;
      this.#notBefore = this.#behindNotBefore = -Infinity;
      const duration = ageOf(start, this.#clock);
      this.#tell({ type: "obtained", ...request, duration, remaining: held.expiresAt - duration });
      return held;
    } catch (error) {
      this.#lastError = error;
      const delay = isPassing(error) ? this.#backOff(error) : undefined;
      const { code, status } = (error instanceof AuthenticationError ? error : {}) as Partial<AuthenticationError>;
      this.#isOwnFault = code !== undefined && delay === undefined && !ofTokenEndpoint.test(code);
      this.#tell({ type: "failed", ...request, duration: ageOf(start, this.#clock), code, status, delay });
      throw error;
    }
  }

  /** Full jitter, so that those who failed together don't come back together; and what the server wishes on top. */
  #backOff(error: AuthenticationError): number {
    const { retry: { maxBackoff, deadline } } = this.#options;
    const ceiling = Math.min(maxBackoff, firstBackoff * 2 ** this.#failures++);
    const now = this.#clock.monotonic();
    const backoff = Math.random() * ceiling;
    const wish = error.retryAfter ?? 0;
    this.#isLongWish = wish > deadline;
    // Who has a live token keeps the wish to the letter. Who hasn't, no longer than a wait may last: one absurd answer
    // would lock us out.
    this.#behindNotBefore = now + wish + backoff;
    this.#notBefore = now + Math.min(wish, deadline) + backoff;
    return wish + backoff;
  }
}

function isPassing(error: unknown): error is AuthenticationError {
  return error instanceof AuthenticationError && error.retryable;
}

function outOfTime(deadline: number): AuthenticationError {
  return new AuthenticationError("timeout", `Cannot get a token: no answer within ${deadline} ms.`, {
    retryable: true,
  });
}
