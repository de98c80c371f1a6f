/**
 * What is known of a token, as plain data without secrets: for health probes and printers.
 *
 * @module
 */

import { type Clock, getAge, type Moment } from "../clock.ts";
import { AuthenticationError, type AuthenticationErrorCode } from "../errors.ts";
import { type EndpointHealth, getPause } from "./health.ts";
import { getRemainingLifetime } from "./issued_token.ts";
import { getRefreshDelay } from "./policy.ts";
import { liveToken, type RefreshState } from "./state.ts";

/** An error, as it may be shown. */
export interface ExplainedError {
  /** The error's name: `AuthenticationError`, unless code of the caller's threw another. */
  readonly name: string;
  /** Why, in a stable word; absent, as all that follow but `age` are, where code of the caller's threw another error. */
  readonly code?: AuthenticationErrorCode;
  /** What failed, and what to do about it. */
  readonly message?: string;
  /** HTTP status of the server's answer, where one came. */
  readonly status?: number;
  /** The server's OAuth error code, where it gave one. */
  readonly error?: string;
  /** The server's explanation, where it gave one, with secrets redacted. */
  readonly error_description?: string;
  /** Whether the same request may succeed later with nothing changed. */
  readonly retryable?: boolean;
  /** How long the server asked to wait, in milliseconds, where it did. */
  readonly retryAfter?: number;
  /** How long ago it was met, in milliseconds. */
  readonly age: number;
}

/** The state of a token. */
export interface TokenExplanation {
  /** Whether there is a token: `none` was issued yet, it is `live`, it has `expired`, or the authenticator is `closed`. */
  readonly token: "none" | "live" | "expired" | "closed";
  /** How long the live token lives from now on, in milliseconds. */
  readonly remainingLifetime?: number;
  /** Whether the API has rejected the live token, and no other could be had. */
  readonly isRejected?: boolean;
  /** In how many milliseconds the live token is due for a background refresh, which the next call starts. */
  readonly refreshIn?: number;
  /** Whether a token is being requested. */
  readonly isRefreshing: boolean;
  /** The last failure since the last token was issued. */
  readonly lastError?: ExplainedError;
  /** For how many milliseconds the token endpoint is spared after failures. */
  readonly retryIn?: number;
}

/** A failed attempt. */
export interface Failure {
  readonly error: unknown;
  readonly at: Moment;
}

/** Explains the state of a token. */
export function explainToken(
  state: RefreshState,
  health: EndpointHealth,
  { clock, isRefreshing, failure }: { clock: Clock; isRefreshing: boolean; failure: Failure | undefined },
): TokenExplanation {
  const live = liveToken(state, clock);
  const refreshIn = live && Math.max(0, getRefreshDelay(state, health, live, clock));
  const retryIn = Math.max(getPause(health, clock), state.spareUntil - clock.monotonic());
  return {
    token: live ? "live" : state.current ? "expired" : "none",
    isRefreshing,
    ...live && { remainingLifetime: getRemainingLifetime(live, clock), isRejected: state.isRejected },
    ...refreshIn! < Infinity && { refreshIn },
    ...failure && { lastError: explainError(failure, clock) },
    ...retryIn > 0 && { retryIn },
  } as TokenExplanation;
}

function explainError({ error, at }: Failure, clock: Clock): ExplainedError {
  const age = getAge(at, clock);
  // The message of another error may hold anything.
  return error instanceof AuthenticationError
    ? { ...error, message: error.message, age }
    : { name: String(Object(error).name), age };
}
