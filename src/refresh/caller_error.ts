/**
 * Errors for one caller: attempts are shared, error objects aren't.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";

/** Copies an error for one caller, whose stack then shows the caller. `retryAfter` in milliseconds. */
export function errorForCaller(error: unknown, retryAfter?: number): unknown {
  if (!(error instanceof AuthenticationError)) return error;
  const { cause } = error;
  return new AuthenticationError(error.code, error.message, {
    ...error,
    ...cause !== undefined && { cause },
    retryAfter: retryAfter ?? error.retryAfter,
  });
}

const remembered = new WeakSet<AuthenticationError>();

/** Marks an error as remembered: it is thrown in place of a request, and says nothing new of the endpoint. */
export function markRemembered(error: AuthenticationError): AuthenticationError {
  remembered.add(error);
  return error;
}

/** Whether no request was sent for this error. */
export function isRemembered(error: unknown): boolean {
  return remembered.has(error as AuthenticationError);
}

/** Makes the error for a rejected token that can't be refreshed for so many milliseconds. */
export function newLimit(remaining: number): AuthenticationError {
  const retryAfter = Math.ceil(Math.max(0, remaining));
  return new AuthenticationError(
    "refresh_limited",
    `Cannot refresh the rejected token: it was a moment ago, or can't be now. Try again in ${retryAfter} ms.`,
    { retryable: true, retryAfter },
  );
}
