/**
 * How an exchange with a token endpoint ends, on any runtime.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { AuthenticationError, type AuthenticationErrorCode, Credentials } from "@m2m/authenticator";

export interface GoodToken extends Partial<Pick<Credentials, "scope" | "refreshToken">> {
  accessToken: string;
  /** Milliseconds from the exchange; `undefined` where the answer doesn't say. */
  lifetime?: number | undefined;
}

export interface Failure extends Partial<Pick<AuthenticationError, "error" | "error_description">> {
  code: AuthenticationErrorCode;
  status?: number | undefined;
  retryable: boolean;
  /** Between which two, in milliseconds. */
  retryAfter?: readonly [least: number, most: number];
}

/** A good token, or why there is none. */
export type End = GoodToken | Failure;

/** Compares what `getToken` gave, or rejected with, with what was expected; it was called at `started`. */
export function assertEnd(outcome: unknown, end: End, started: number): void {
  if ("accessToken" in end) {
    assert(outcome instanceof Credentials, String(outcome));
    const { accessToken, scope, tokenType, refreshToken, expiresAt } = outcome;
    const expected = [end.accessToken, end.scope, "Bearer", end.refreshToken];
    assertEquals([accessToken, scope, tokenType, refreshToken], expected);
    if (end.lifetime === undefined) return assertEquals(expiresAt, undefined);
    // A JWT's times are of the table's making, in whole seconds: a little earlier.
    return assertWithin(expiresAt, started + end.lifetime - 30_000, started + end.lifetime + 10_000);
  }
  assert(outcome instanceof AuthenticationError, String(outcome));
  const { code, status, error, retryable, error_description, retryAfter } = outcome;
  const { retryAfter: [least, most] = [undefined, undefined], ...expected } = end;
  const usual = { status: undefined, error: undefined, error_description: undefined };
  assertEquals({ code, status, error, retryable, error_description }, { ...usual, ...expected });
  if (least === undefined) assertEquals(retryAfter, undefined);
  else assertWithin(retryAfter, least, most);
}

function assertWithin(value = NaN, least: number, most: number): void {
  assert(value >= least && value <= most, `${value} isn't from ${least} to ${most}`);
}
