/**
 * When to ask for a new token: early, once at a time, again after a while if it failed, and not for nothing.
 *
 * Everything is driven by use: there are no timers but those of callers who wait. What callers share is plain data and
 * one {@linkcode Flight}.
 *
 * @module
 */

import { sleep, untilAborted, withDeadline } from "./abort.ts";
import { ageOf, type Clock, type Moment, momentOf } from "./clock.ts";
import type { Credentials } from "./credentials.ts";
import { AuthenticationError } from "./errors.ts";
import { type EventListener, type RenewalReason, tell } from "./events.ts";
import { Flight } from "./flight.ts";
import { isRequestBound } from "./transport/request_bound.ts";

/** A token as the authorization server issued it, and the header the settings of that moment name for it. */
export interface Issued {
  /** The token and what is known of it. */
  credentials: Credentials;
  /** Name of the header that carries the token. Default: `authorization`. */
  headerKey?: string | undefined;
}

/** How a token endpoint in trouble is dealt with. */
export interface RetryOptions {
  /** How many requests one waiting caller sees fail before it gets the error. Default: 5. */
  attempts?: number | undefined;
  /** The longest pause between two requests, in milliseconds; they grow from 500 ms and are random. Default: 10,000. */
  maxBackoff?: number | undefined;
  /** How long one caller waits altogether, in milliseconds. Default: 30,000. */
  deadline?: number | undefined;
}

/** Settings of a {@linkcode Renewal}. */
export interface RenewalOptions {
  /** Asks the authorization server, once. */
  obtain: (signal: AbortSignal) => Promise<Issued>;
  /** How long a token is taken to live whose server doesn't say, in milliseconds. */
  defaultLifetime: number;
  /** What is done about trouble that passes. */
  retry: { [name in keyof RetryOptions]-?: number };
  /** Keeps a request's context alive for work that goes on behind it, where the platform has such a thing. */
  waitUntil: ((work: Promise<unknown>) => void) | undefined;
  /** Where the time comes from. */
  clock: Clock;
  /** Is told what happens. */
  onEvent: EventListener | undefined;
}

/** An issued token in use. Its times are ages in milliseconds. */
export interface Held extends Issued {
  /** The moment its age counts from: just before the token was asked for. */
  readonly start: Moment;
  /** From this age on the token is renewed behind its users. */
  readonly shouldRenewAt: number;
  /** From this age on its users wait for the next one, if it is to be had at once. */
  readonly mustRenewAt: number;
  /** At this age it is dead. */
  readonly expiresAt: number;
  /** Whether it took the place of one that the API refused. */
  readonly replacesRefused: boolean;
  /** Whether the API took it. */
  accepted: boolean;
  /** Whether the API refused it: it is never handed out again. */
  refused: boolean;
  /** Between these two moments of the wall clock it needs no closer look. */
  lookedAt: number;
  lookAgainAt: number;
}

/** How long before its end a token is renewed behind: a fifth of its life, and 5 minutes at most. */
const shouldRenewShare = 0.2;
const shouldRenewAtMost = 300_000;
/** How long before its end callers wait for the next one: a twentieth of its life, and 30 seconds at most. */
const mustRenewShare = 0.05;
const mustRenewAtMost = 30_000;
/** How long they wait, in milliseconds, before they use the token that still lives. */
const mustRenewPatience = 1_000;
/** By how much of the early window a renewal may start sooner, so that a fleet doesn't renew in step. */
const jitterShare = 0.25;
/** The least time between two renewals behind, and the least a token is used for, in milliseconds. */
const renewalFloor = 1_000;
/** The longest pause after a first failure, in milliseconds; it doubles with each further one. */
const firstBackoff = 500;
/** For how long one look at both clocks is trusted, in milliseconds, as long as the wall clock isn't set back. */
const lookTrust = 1_000;
/** How long it is remembered that new tokens don't help against an API's 401, in milliseconds. */
const futilityMemory = 30_000;

/** Holds the token in use, and renews it. */
export class Renewal {
  readonly #options: RenewalOptions;
  readonly #flight = new Flight<Held>();
  #held: Held | undefined;
  #closing: AbortController | undefined;
  // Moments by the monotonic clock.
  #lastStart = -Infinity;
  #notBefore = -Infinity;
  #futileUntil = -Infinity;
  #failures = 0;
  #lastError: unknown;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** The last token issued, whatever has become of it. */
  get last(): Held | undefined {
    return this.#held;
  }

  /** The token in use if nothing needs to be done about it: the way nearly all calls go. */
  get fresh(): Held | undefined {
    const held = this.#held;
    if (held === undefined || held.refused) return undefined;
    const { clock, onEvent } = this.#options;
    const now = clock.wall();
    if (!(now >= held.lookedAt && now < held.lookAgainAt)) {
      const left = held.shouldRenewAt - ageOf(held.start, clock);
      if (left <= 0) return undefined;
      held.lookedAt = now;
      held.lookAgainAt = now + Math.min(left, lookTrust);
    }
    if (onEvent !== undefined) {
      tell(onEvent, { type: "reused", remaining: held.expiresAt - ageOf(held.start, clock) });
    }
    return held;
  }

  /** A token to use: the live one, else the next one. */
  async get(signal?: AbortSignal): Promise<Held> {
    signal?.throwIfAborted();
    const fresh = this.fresh;
    if (fresh !== undefined) return fresh;
    const held = this.#held;
    if (held === undefined || held.refused) {
      return await this.#waitForNext(held ? "refused" : "first", signal);
    }
    const { clock, onEvent } = this.#options;
    const age = ageOf(held.start, clock);
    if (age >= held.expiresAt) return await this.#waitForNext("expired", signal);
    const next = age < held.mustRenewAt && this.#renewBehind() ? held : await this.#nextOr(held, signal);
    if (next === held) {
      tell(onEvent, { type: "reused", remaining: held.expiresAt - ageOf(held.start, clock) });
    }
    return next;
  }

  /** The next token. Whoever asks while it is on its way waits for the same one. */
  async renew(signal?: AbortSignal): Promise<Held> {
    signal?.throwIfAborted();
    return await this.#waitForNext("forced", signal);
  }

  /**
   * Takes note that the API refused a token, `again` if it did so to a call that was replayed with this one. Whether
   * another token may help: not then, nor if this one came in place of a refused one and nothing took it since. The
   * API's 401 isn't about the token.
   */
  refuse(held: Held, again = false): boolean {
    const { clock, onEvent } = this.#options;
    const renews = this.#mayReplace(held, again, clock.monotonic());
    tell(onEvent, { type: "refused", remaining: held.expiresAt - ageOf(held.start, clock), renews });
    return renews;
  }

  /** Ends what is under way, with `reason` for those who wait, and settles when it has ended. */
  async close(reason: unknown): Promise<void> {
    this.#closing?.abort(reason);
    await this.#flight.settled;
  }

  #mayReplace(held: Held, again: boolean, now: number): boolean {
    if (held.replacesRefused && (again || held === this.#held && !held.accepted)) {
      this.#futileUntil = now + futilityMemory;
    }
    if (held !== this.#held) return !again;
    if (now < this.#futileUntil) return false;
    held.refused = true;
    return true;
  }

  /** Starts a renewal that nobody waits for, unless it is too soon. Says no where nothing would keep it running. */
  #renewBehind(): boolean {
    if (this.#flight.active || this.#isTooSoon()) return true;
    const { waitUntil } = this.#options;
    if (waitUntil === undefined && isRequestBound()) return false;
    const work = this.#flight.join(() => this.#obtain("early", true)).catch(() => {});
    waitUntil?.(work);
    return true;
  }

  /** The next token if it comes at once, else the live one: a server in trouble goes unnoticed. */
  async #nextOr(held: Held, signal: AbortSignal | undefined): Promise<Held> {
    // Who comes while a request is overdue waits no more for it than who came in time.
    const isOverdue = this.#options.clock.monotonic() - this.#lastStart >= mustRenewPatience;
    if (this.#flight.active ? isOverdue : this.#isTooSoon()) return held;
    try {
      const limits = { timeout: mustRenewPatience, error: () => outOfTime(mustRenewPatience), signal };
      return await withDeadline(limits, () => this.#flight.join(() => this.#obtain("expired", false)));
    } catch (error) {
      if (signal?.aborted) throw error;
      const isDead = held.refused || ageOf(held.start, this.#options.clock) >= held.expiresAt;
      return isDead ? await this.#waitForNext("expired", signal) : held;
    }
  }

  #isTooSoon(): boolean {
    return this.#options.clock.monotonic() < Math.max(this.#notBefore, this.#lastStart + renewalFloor);
  }

  /** The next token, with as much patience as the options have. Each caller waits by itself, for shared attempts. */
  #waitForNext(reason: RenewalReason, signal: AbortSignal | undefined): Promise<Held> {
    const { clock, retry: { attempts, deadline } } = this.#options;
    const before = this.#held;
    const failuresBefore = this.#failures;
    const end = clock.monotonic() + deadline;
    const error = () => this.#failures > failuresBefore ? this.#lastError : outOfTime(deadline);
    return withDeadline({ timeout: deadline, error, signal }, async (signal) => {
      for (;;) {
        if (this.#failures - failuresBefore >= attempts) throw this.#lastError;
        const now = clock.monotonic();
        const delay = this.#notBefore - now;
        if (delay > 0) {
          if (now + delay > end) throw this.#lastError;
          await sleep(delay, signal);
        }
        // While this one slept another may have been quicker, with luck or without.
        if (this.#held !== undefined && this.#held !== before && !this.#held.refused) return this.#held;
        if (this.#notBefore > clock.monotonic()) continue;
        try {
          return await untilAborted(signal, this.#flight.join(() => this.#obtain(reason, false)));
        } catch (error) {
          if (signal.aborted || !isPassing(error)) throw error;
        }
      }
    });
  }

  async #obtain(reason: RenewalReason, behind: boolean): Promise<Held> {
    const { clock, onEvent, obtain, retry: { deadline } } = this.#options;
    // Before the request is sent: its way there and back is a part of the token's life.
    const start = momentOf(clock);
    const attempt = this.#failures + 1;
    const { signal } = this.#closing = new AbortController();
    this.#lastStart = start.monotonic;
    tell(onEvent, { type: "requested", reason, attempt });
    try {
      const limits = { timeout: deadline, error: () => outOfTime(deadline), signal };
      const held = this.#held = this.#hold(await withDeadline(limits, obtain), start);
      this.#failures = 0;
      this.#notBefore = -Infinity;
      const age = ageOf(start, clock);
      tell(onEvent, {
        type: "obtained",
        reason,
        attempt,
        behind,
        duration: age,
        remaining: held.expiresAt - age,
      });
      return held;
    } catch (error) {
      this.#lastError = error;
      const delay = isPassing(error) ? this.#backOff(error) : undefined;
      const { code, status } = error instanceof AuthenticationError
        ? error
        : { code: signal.aborted ? "aborted" as const : "unknown" as const, status: undefined };
      tell(onEvent, {
        type: "failed",
        reason,
        attempt,
        behind,
        duration: ageOf(start, clock),
        code,
        status,
        delay,
      });
      throw error;
    }
  }

  /** Full jitter, so that those who failed together don't come back together; and what the server wishes on top. */
  #backOff(error: AuthenticationError): number {
    const { clock, retry: { maxBackoff, deadline } } = this.#options;
    const ceiling = Math.min(maxBackoff, firstBackoff * 2 ** this.#failures++);
    // A server's wish is kept for as long as a caller may wait: longer, and one absurd answer would lock us out.
    const delay = Math.min(error.retryAfter ?? 0, deadline) + Math.random() * ceiling;
    this.#notBefore = clock.monotonic() + delay;
    return delay;
  }

  #hold(issued: Issued, start: Moment): Held {
    const previous = this.#held;
    const { accessToken, expiresAt: end } = issued.credentials;
    // At least the floor: no answer makes us ask at every call.
    const expiresAt = Math.max(
      end === undefined ? this.#options.defaultLifetime : end - start.wall,
      renewalFloor,
    );
    const mustRenewAt = expiresAt - Math.min(expiresAt * mustRenewShare, mustRenewAtMost);
    const early = Math.min(expiresAt * shouldRenewShare, shouldRenewAtMost) *
      (1 + Math.random() * jitterShare);
    // A server that handed back the same token will do so again until that one is at its end.
    const isSame = previous?.credentials.accessToken === accessToken;
    return {
      ...issued,
      start,
      shouldRenewAt: isSame ? mustRenewAt : expiresAt - early,
      mustRenewAt,
      expiresAt,
      replacesRefused: previous?.refused ?? false,
      accepted: false,
      refused: false,
      lookedAt: 0,
      lookAgainAt: 0,
    };
  }
}

function isPassing(error: unknown): error is AuthenticationError {
  return error instanceof AuthenticationError && error.retryable;
}

function outOfTime(deadline: number): AuthenticationError {
  return new AuthenticationError("timeout", `Cannot get a token: none came within ${deadline} ms.`, {
    retryable: true,
  });
}
