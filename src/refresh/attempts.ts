/**
 * Attempts in a row for one token, paced by what is known of the endpoint.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { AuthenticationError } from "../errors.ts";
import type { RefreshReason } from "../events.ts";
import type { TokenSourceRequest } from "../token_source.ts";
import { sleep, waitFor } from "./deadlines.ts";
import { isTransient, type RetryPolicy } from "./health.ts";
import { isRequestBound } from "./request_bound.ts";
import { type Flight, newFlight } from "./single_flight.ts";
import type { SharedHealth } from "./tokens.ts";

/** The pause before a page in place of a token response is asked for again, in milliseconds. */
const pagePause = 250;

/** How many attempts are made, and until when, and for which callers. All rise when a caller who needs more joins. */
export interface AttemptLimits {
  readonly attempts: number;
  readonly end: number;
  /** Whether any caller waits. */
  readonly hasWaiters: boolean;
  /** Whether one does who has no token. */
  readonly isNeeded: boolean;
}

type MakeAttempt<T> = (attempt: TokenSourceRequest) => Promise<T>;

/** What attempts depend on. */
interface AttemptsOptions {
  readonly shared: SharedHealth;
  readonly clock: Clock;
  readonly retry: RetryPolicy;
}

/** One row of attempts at a time, for all callers who join it. */
export class Attempts<T> {
  readonly flight: Flight<T> = newFlight();
  limits: AttemptLimits = noLimits;
  readonly #make: MakeAttempt<T>;
  readonly #options: AttemptsOptions;

  constructor(make: MakeAttempt<T>, options: AttemptsOptions) {
    this.#make = make;
    this.#options = options;
  }

  /** Joins the row under way, or starts one. `waits`: for whom. */
  join(reason: RefreshReason, attempts: number, waits?: "rejected" | "needy"): Promise<T> {
    const { clock, retry } = this.#options;
    const known = this.flight.active ? this.limits : noLimits;
    this.limits = {
      attempts: Math.max(known.attempts, attempts),
      end: Math.max(known.end, clock.monotonic() + retry.totalTimeout),
      hasWaiters: known.hasWaiters || waits !== undefined,
      isNeeded: known.isNeeded || waits === "needy",
    };
    return this.flight.join((signal) => this.#run(reason, signal));
  }

  /** Whether another attempt may follow this one for the callers who have no token. */
  mayRepeat(attempt: number): boolean {
    const { isNeeded, attempts, end } = this.limits;
    return !isNeeded || attempt < attempts && this.#options.clock.monotonic() < end;
  }

  async #run(reason: RefreshReason, signal: AbortSignal): Promise<T> {
    const { shared, clock } = this.#options;
    let mayBePage = true;
    let failure: unknown;
    for (let attempt = 1;; attempt++) {
      // A pause that was slept is over, by a clock that stands still, too.
      for (let slept = -Infinity;;) {
        const { notBefore } = shared.health;
        const wait = this.#waitForEndpoint(signal, slept);
        if (wait === undefined) break;
        await wait;
        slept = notBefore;
      }
      // Every caller has left: a machine that sleeps, say, wakes up long after the pause.
      if (clock.monotonic() >= this.limits.end) throw failure ?? shared.health.lastError;
      const endProbe = startProbe(shared);
      const background = !this.limits.hasWaiters;
      try {
        return await this.#make({ reason, attempt, background, signal });
      } catch (error) {
        signal.throwIfAborted();
        const { attempts, isNeeded } = this.limits;
        const isPage = mayBePage && error instanceof AuthenticationError && error.code === "invalid_response";
        // What the background met is served to no caller whose token has ended since: that caller asks.
        const isOthers = background && isNeeded && !isTransient(error);
        if (!isOthers && (attempt >= attempts || !(isPage || isTransient(error)))) throw error;
        failure = error;
        if (isPage && !isOthers) {
          mayBePage = false;
          await sleep(pagePause, signal);
        }
      } finally {
        endProbe?.();
      }
    }
  }

  /** Waits for what the endpoint's health asks for, if anything; throws its last error if no caller waits that long. */
  #waitForEndpoint(signal: AbortSignal, slept: number): Promise<void> | undefined {
    const { shared, clock } = this.#options;
    const { notBefore, isExhausted, isProven, lastError } = shared.health;
    const delay = notBefore - clock.monotonic();
    if (delay > 0 && notBefore !== slept) {
      if (isExhausted || notBefore > this.limits.end) throw lastError;
      return sleep(delay, signal);
    }
    return shared.probe && !isProven ? waitFor(shared.probe, { signal }) : undefined;
  }
}

const noLimits: AttemptLimits = { attempts: 0, end: -Infinity, hasWaiters: false, isNeeded: false };

/** While the health isn't known, one attempt finds out and others wait. Gives what ends their wait. */
function startProbe(shared: SharedHealth): (() => void) | undefined {
  // On workerd, other requests can't wait for a promise of this one.
  if (shared.health.isProven || isRequestBound()) return undefined;
  let end: (() => void) | undefined;
  shared.probe = new Promise((resolve) => end = resolve);
  return () => {
    shared.probe = undefined;
    end!();
  };
}
