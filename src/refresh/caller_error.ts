/**
 * Errors for one caller: attempts are shared, error objects aren't.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { AuthenticationError } from "../errors.ts";
import { type Deadline, waitFor } from "./deadlines.ts";
import { getPause, isTransient } from "./policy.ts";
import type { SharedHealth } from "./tokens.ts";

/** Waits with an error object for this caller alone, whose stack shows the caller. */
export async function waitAsCaller<T>(
  promise: Promise<T>,
  deadline: Deadline,
  { shared, clock }: { shared: SharedHealth; clock: Clock },
): Promise<T> {
  try {
    return await waitFor(promise, deadline);
  } catch (error) {
    deadline.signal?.throwIfAborted();
    const pause = getPause(shared.health, clock);
    throw errorForCaller(error, isTransient(error) && pause > 0 ? error.retryAfter ?? pause : undefined);
  }
}

/** Copies an error for one caller. `retryAfter` in milliseconds. */
export function errorForCaller(error: unknown, retryAfter?: number): unknown {
  if (!(error instanceof AuthenticationError)) return error;
  const { code, message, cause, status, retryable, error: oauthError, error_description } = error;
  const known = { status, retryable, error: oauthError, error_description, retryAfter: retryAfter ?? error.retryAfter };
  return new AuthenticationError(code, message, cause === undefined ? known : { ...known, cause });
}

/** Makes the error for a rejected token that can't be refreshed for so many milliseconds. */
export function newLimit(remaining: number): AuthenticationError {
  const retryAfter = Math.max(0, remaining);
  return new AuthenticationError(
    "refresh_limited",
    `Cannot refresh the rejected token: it was refreshed a moment ago, or can't be now. Try again in ${
      Math.ceil(retryAfter)
    } ms.`,
    { retryable: true, retryAfter },
  );
}

/** Makes the error for an answer that took longer than so many milliseconds. */
export function newTimeout(ms: number): AuthenticationError {
  return new AuthenticationError("timeout", `Cannot get a token: no answer within ${ms} ms.`, { retryable: true });
}

/** Makes a deadline for one caller, or one attempt, of so many milliseconds. */
export function newDeadline(timeout: number, signal: AbortSignal | null | undefined): Deadline {
  return { timeout, error: () => newTimeout(timeout), signal };
}
