/**
 * What is known of the token endpoint's health: plain data, and what attempts make of it.
 *
 * @module
 */

import { checkDuration, checkNumber } from "../arguments.ts";
import type { Clock } from "../clock.ts";
import { AuthenticationError } from "../errors.ts";

/** The ceiling of the first pause after a transient failure; it doubles with each further one. */
const firstBackoff = 500;

/** Codes of what the token endpoint itself answered. */
const endpointError = /^(token_request_rejected|invalid_response|unsupported_token_type|token_endpoint_error)$/;

/** How attempts to get a token are repeated. */
export interface RetryPolicy {
  readonly maxAttempts: number;
  readonly maxDelay: number;
  readonly totalTimeout: number;
}

/** What is known of the token endpoint. Authenticators derived from one another share it. */
export interface EndpointHealth {
  /** Transient failures in a row. */
  readonly failures: number;
  /** Before this moment no request is sent for a caller who waits. */
  readonly notBefore: number;
  /** Before this moment none is sent in the background: a longer `Retry-After` is kept to the letter. */
  readonly backgroundNotBefore: number;
  /** Whether attempts were used up: callers get the last error until `notBefore`, then one request probes. */
  readonly isExhausted: boolean;
  /** Whether its last answer was a token: if not, one attempt at a time finds out, for all. */
  readonly isProven: boolean;
  /** The last transient failure. */
  readonly lastError?: AuthenticationError | undefined;
}

export const newHealth: EndpointHealth = {
  failures: 0,
  notBefore: -Infinity,
  backgroundNotBefore: -Infinity,
  isExhausted: false,
  isProven: false,
};

/** Checks the options, and fills in what they leave open. */
export function newRetryPolicy(
  { maxAttempts = 5, maxDelay = 3_000, totalTimeout = 30_000 }: { [K in keyof RetryPolicy]?: number | undefined } = {},
): RetryPolicy {
  checkNumber("retry.maxAttempts", maxAttempts, 1);
  checkDuration("retry.maxDelay", maxDelay);
  checkDuration("retry.totalTimeout", totalTimeout);
  return { maxAttempts, maxDelay, totalTimeout };
}

/** The health after a token was issued, or an attempt failed. `mayRepeat`: whether the same callers try again. */
export function reduceHealth(
  health: EndpointHealth,
  outcome: { readonly error?: unknown; readonly mayRepeat: boolean },
  { clock, retry }: { clock: Clock; retry: RetryPolicy },
): EndpointHealth {
  const { error, mayRepeat } = outcome;
  if (error === undefined) return { ...newHealth, isProven: true };
  if (!isTransient(error)) {
    // A vault's failure says nothing of the endpoint. What the endpoint rejects may be the client: again one asks first.
    return isEndpointError(error) ? newHealth : health;
  }
  const now = clock.monotonic();
  const ceiling = Math.min(retry.maxDelay, firstBackoff * 2 ** health.failures);
  // Jitter, so that clients which failed together don't come back together.
  const pause = ceiling * (0.5 + Math.random() / 2);
  const asked = error.retryAfter ?? 0;
  return {
    failures: health.failures + 1,
    // One absurd answer must not lock callers out.
    notBefore: now + Math.min(asked, retry.totalTimeout) + pause,
    backgroundNotBefore: now + asked + pause,
    isExhausted: health.isExhausted || !mayRepeat || asked > retry.totalTimeout,
    isProven: false,
    lastError: error,
  };
}

/** Whether the token endpoint itself answered so: the rejection cache limits repetitions. */
export function isEndpointError(error: unknown): boolean {
  return error instanceof AuthenticationError && endpointError.test(error.code);
}

/** Whether the same attempt may succeed later with nothing changed. */
export function isTransient(error: unknown): error is AuthenticationError {
  return error instanceof AuthenticationError && error.retryable;
}

/** How long the endpoint is to be spared: a longer `Retry-After` counts, though a caller may probe sooner. */
export function getPause({ notBefore, backgroundNotBefore }: EndpointHealth, clock: Clock): number {
  return Math.max(notBefore, backgroundNotBefore) - clock.monotonic();
}
