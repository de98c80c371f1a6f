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
  const { limits, signal } = options;
  let mayBePage = true;
  let failure: unknown;
  for (let attempt = 1;; attempt++) {
    const endProbe = await untilReady(failure, options);
    const isBackground = !limits.hasWaiters;
    try {
      return await make(attempt).finally(endProbe);
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
      const isPage = mayBePage && error instanceof AuthenticationError && error.code === "invalid_response";
      // What the background met is served to no caller whose token has ended since: that caller asks.
      if (isBackground && limits.isNeeded && !isTransient(error)) continue;
      if (attempt >= limits.attempts || !(isPage || isTransient(error))) throw error;
      if (isPage) {
        mayBePage = false;
        await sleep(pagePause, signal);
      }
    }
  }
}

/**
 * Waits for as long as the endpoint's health asks for, or throws its last error if no caller waits that long. While the
 * health isn't known, one attempt probes it and the others wait. Gives what ends the probe.
 */
async function untilReady(
  failure: unknown,
  { limits, shared, clock, signal }: AttemptOptions,
): Promise<() => void> {
  for (;;) {
    const { notBefore, isExhausted, isProven, lastError } = shared.health;
    const now = clock.monotonic();
    const delay = notBefore - now;
    // Every caller has left; one attempt is made in any case.
    if (failure !== undefined && now >= limits.end) throw failure;
    if (delay > 0) {
      if (isExhausted || notBefore > limits.end) throw lastError;
      await sleep(delay, signal);
    } else if (shared.probe && !isProven) {
      await untilAborted(signal, shared.probe);
    } else {
      let end: (() => void) | undefined;
      // On workerd, other requests can't wait for a promise of this one.
      if (!isProven && !isRequestBound()) shared.probe = new Promise((resolve) => end = resolve);
      return () => {
        if (end) shared.probe = undefined;
        end?.();
      };
    }
  }
}
