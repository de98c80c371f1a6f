/**
 * Attempts in a row for one token, paced by what is known of the endpoint.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { AuthenticationError } from "../errors.ts";
import { sleep, untilAborted } from "./deadlines.ts";
import { isTransient } from "./policy.ts";
import { isRequestBound } from "./request_bound.ts";
import type { SharedHealth } from "./tokens.ts";

/** The pause before a page in place of a token response is asked for again, in milliseconds. */
const pagePause = 250;

/** How many attempts are made, and until when, and for which callers. All rise when a caller who needs more joins. */
export interface AttemptLimits {
  attempts: number;
  end: number;
  /** Whether any caller waits. */
  hasWaiters: boolean;
  /** Whether one does who has no token. */
  isNeeded: boolean;
}

/** What attempts depend on. */
interface AttemptOptions {
  readonly limits: AttemptLimits;
  readonly shared: SharedHealth;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Makes as many attempts as it takes, within the limits. */
export async function attemptRepeatedly<T>(
  make: (attempt: number) => Promise<T>,
  options: AttemptOptions,
): Promise<T> {
  const { limits, shared, clock, signal } = options;
  let mayBePage = true;
  for (let attempt = 1;; attempt++) {
    for (let wait; (wait = waitForEndpoint(options)) !== undefined;) await wait;
    const endProbe = startProbe(shared);
    const isBackground = !limits.hasWaiters;
    try {
      return await make(attempt);
    } catch (error) {
      signal.throwIfAborted();
      const isPage = mayBePage && error instanceof AuthenticationError && error.code === "invalid_response";
      // What the background met is served to no caller whose token has ended since: that caller asks.
      const isOthers = isBackground && limits.isNeeded && !isTransient(error);
      if (!isOthers && (attempt >= limits.attempts || !(isPage || isTransient(error)))) throw error;
      // Every caller has left.
      if (clock.monotonic() >= limits.end) throw error;
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
function waitForEndpoint({ limits, shared, clock, signal }: AttemptOptions): Promise<void> | undefined {
  const { notBefore, isExhausted, isProven, lastError } = shared.health;
  const delay = notBefore - clock.monotonic();
  if (delay > 0) {
    if (isExhausted || notBefore > limits.end) throw lastError;
    return sleep(delay, signal);
  }
  return shared.probe && !isProven ? untilAborted(signal, shared.probe) : undefined;
}

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
