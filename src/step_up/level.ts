/**
 * What is requested of the authorization server, and by which authenticator.
 *
 * @module
 */

import type { ApiCall } from "../api_call/replayable_request.ts";
import type { Authenticator } from "../authenticator.ts";
import type { Explanation } from "../authenticator_options.ts";
import type { ClaimsRequest } from "./demand.ts";

/** What is needed of an authenticator. */
export interface StepUpAuthenticator
  extends Pick<Authenticator, "authorize" | "credentials" | "fetch" | "getCredentials"> {
  /**
   * Tells the API's URL, the origins besides it, and the scopes.
   *
   * @returns An object with them.
   */
  explain(): Pick<Explanation, "endpoint" | "allowedOrigins" | "scopes">;
  /**
   * Derives an authenticator.
   *
   * @param changes The options that differ.
   * @returns The authenticator.
   */
  with(
    changes: {
      scopes?: readonly string[] | undefined;
      parameters?: Readonly<Record<string, string | readonly string[]>> | undefined;
    },
  ): StepUpAuthenticator;
}

/** What is requested. */
export interface Level {
  readonly scopes: readonly string[] | undefined;
  readonly claims: ClaimsRequest | undefined;
  /** Both, to be compared. */
  readonly key: string;
}

/** What is requested, and the authenticator that requests it. */
export interface Source extends Level {
  readonly authenticator: StepUpAuthenticator;
}

/** Makes what is requested. */
export function newLevel(scopes: Level["scopes"], claims: Level["claims"]): Level {
  return { scopes, claims, key: JSON.stringify([scopes && [...scopes].sort(), claims]) };
}

/** Derives the authenticator that requests it. */
export function derive(authenticator: StepUpAuthenticator, level: Level): Source {
  const { scopes, claims } = level;
  const parameters = claims && { claims: JSON.stringify(claims) };
  return { ...level, authenticator: authenticator.with({ ...scopes && { scopes }, ...parameters && { parameters } }) };
}

/** Tells whether one has all scopes of another, and its claims. */
export function includes(level: Level, other: Level): boolean {
  return JSON.stringify(level.claims) === JSON.stringify(other.claims) &&
    !!other.scopes?.every((scope) => level.scopes?.includes(scope));
}

/** Tells whether a call carried the authenticator's token: a header of the caller's may have stood in its place. */
export async function hasToken(
  authenticator: StepUpAuthenticator,
  { headers }: ApiCall,
  options: { signal: AbortSignal | undefined },
): Promise<boolean> {
  const own = new Headers(headers);
  const before = JSON.stringify([...own]);
  try {
    return JSON.stringify([...await authenticator.authorize(own, options)]) !== before;
  } catch {
    options.signal?.throwIfAborted();
    return false;
  }
}
