/**
 * Clocks, tokens and states for tests of the policy, in which no time passes.
 *
 * @module
 */

import { type EndpointHealth, newHealth } from "../../src/refresh/health.ts";
import { AuthenticationError, type AuthenticationErrorCode, type Clock, Credentials } from "@m2m/authenticator";
import type { TimedToken } from "../../src/refresh/issued_token.ts";

export const retry = { maxAttempts: 5, maxDelay: 3_000, totalTimeout: 30_000 };

/** A clock that stands at a moment. `wall`: where its wall clock was set to. */
export function clockAt(now: number, wall = now): Clock {
  return { monotonic: () => now, wall: () => wall };
}

/** A token issued at 0 that is refreshed from 80 s on and lives for 100 s, or as told. */
export function makeToken(accessToken: string, { start = 0, lifetime = 100_000 } = {}): TimedToken {
  const credentials = new Credentials({ accessToken });
  return {
    ...{ credentials, headerKey: "authorization", headers: {}, settled: Promise.resolve(credentials) },
    ...{ start: { wall: start, monotonic: start }, refreshAge: lifetime * 0.8, lifetime, forRejection: false },
  };
}

export function healthWith(known: Partial<EndpointHealth> = {}): EndpointHealth {
  return { ...newHealth, isProven: true, ...known };
}

/** A transient failure. */
export function transient(retryAfter?: number): AuthenticationError {
  return new AuthenticationError("token_endpoint_error", "busy", { retryable: true, retryAfter });
}

/** A permanent failure. */
export function permanent(code: AuthenticationErrorCode = "token_request_rejected"): AuthenticationError {
  return new AuthenticationError(code, "no");
}

/** The members of a value that are expected of it. */
export function pick<T extends object>(value: T, expected: Partial<T>): Partial<T> {
  return Object.fromEntries(Object.keys(expected).map((key) => [key, value[key as keyof T]])) as Partial<T>;
}
