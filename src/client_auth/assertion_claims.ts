/**
 * The claims of a client assertion (RFC 7523 §3).
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import type { TokenRequest } from "./client_auth.ts";

/** Options of a signed assertion. */
export interface AssertionOptions {
  /**
   * Sets `aud`, a single string: `"issuer"` for the settings' `issuer`, `"token-endpoint"` for the URL of the request,
   * or any other string. The successor of RFC 7523 allows the issuer only (draft-ietf-oauth-rfc7523bis §4); some servers
   * accept the token endpoint only.
   *
   * @default {the issuer, or the token endpoint where the settings name no issuer}
   */
  readonly audience?: "issuer" | "token-endpoint" | (string & Record<never, never>) | undefined;
  /**
   * Sets how long the assertion is valid, in milliseconds, from 1,000 to 300,000. It serves one request; the rest
   * covers a server whose clock is ahead.
   *
   * @default {60_000}
   */
  readonly lifetime?: number | undefined;
  /**
   * Dates `iat` and `nbf` back for servers whose clock is behind, in milliseconds. From 0 to 300,000; `iat` is at most 300
   * seconds before `exp`.
   *
   * @default {10_000}
   */
  readonly clockSkew?: number | undefined;
  /**
   * Adds JOSE header parameters, such as `{ typ: "client-authentication+jwt" }`, or `x5t#S256` for servers that find
   * the key by its certificate. `alg` and `kid` have options of their own.
   */
  readonly header?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Gives the time. Where a server refuses an assertion, and by its `Date` this clock is over a second off, the assertion is
   * signed again, once, by the server's clock, which is used from then on (event `clock_corrected`). A `Date` of a cache, or
   * over a day off, isn't followed.
   *
   * @default {the machine's clock}
   */
  readonly clock?: Pick<Clock, "wall"> | undefined;
}

/** The claims of an assertion. Times in seconds since the epoch. */
export interface AssertionClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly jti: string;
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
}

/** What else to check of an assertion that a server rejects. */
export const assertionAdvice = "Some servers want another aud (the option audience).";

const usualLifetime = 60_000;
const usualClockSkew = 10_000;
/** The longest time from `iat` to `exp` that servers accept, in milliseconds. */
const longest = 300_000;

/** Throws if an option is out of range. */
export function checkAssertionOptions(
  { audience, lifetime = usualLifetime, clockSkew = usualClockSkew, header }: AssertionOptions,
): void {
  if (audience !== undefined && (typeof audience !== "string" || audience === "")) {
    throw new TypeError('audience must be "issuer", "token-endpoint", or another string that is not empty.');
  }
  if (!(typeof lifetime === "number" && lifetime >= 1_000 && lifetime <= longest)) {
    throw new RangeError("lifetime must be a number of milliseconds from 1,000 to 300,000.");
  }
  if (!(typeof clockSkew === "number" && clockSkew >= 0 && clockSkew <= longest)) {
    throw new RangeError("clockSkew must be a number of milliseconds from 0 to 300,000.");
  }
  if (header !== undefined && (typeof header !== "object" || header === null || "alg" in header || "kid" in header)) {
    throw new TypeError("header must be an object without alg and kid. Set those as options.");
  }
}

/** Makes the claims for one request, with a fresh `jti`. */
export function assertionClaims(
  { clientId, issuer, tokenEndpoint }: Pick<TokenRequest, "clientId" | "issuer" | "tokenEndpoint">,
  { audience, lifetime = usualLifetime, clockSkew = usualClockSkew, clock = systemClock }: AssertionOptions,
): AssertionClaims {
  const now = clock.wall();
  const exp = now + lifetime;
  const iat = toSeconds(Math.max(now - clockSkew, exp - longest));
  const aud = audience ?? (issuer ? "issuer" : "token-endpoint");
  if (aud === "issuer" && !issuer) {
    throw new TypeError('audience is "issuer", but the settings have no issuer: set issuer beside tokenEndpoint.');
  }
  return {
    iss: clientId,
    sub: clientId,
    aud: aud === "issuer" ? issuer! : aud === "token-endpoint" ? tokenEndpoint.href : aud,
    jti: crypto.randomUUID(),
    iat,
    nbf: iat,
    exp: toSeconds(exp),
  };
}

function toSeconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
