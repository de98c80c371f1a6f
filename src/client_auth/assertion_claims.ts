/**
 * What a client assertion says (RFC 7523 §3).
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import type { TokenRequest } from "./client_auth.ts";

/** Settings of an assertion, whatever signs it. */
export interface AssertionOptions {
  /**
   * Whom the assertion is for, sent as `aud`, a single string: `"issuer"`, the authorization server's issuer
   * identifier, as the settings' `issuer` says it; `"token-endpoint"`, the URL the request goes to; or any other
   * string. Default: the issuer where the settings name one, which is all that servers shall take according to the
   * successor of RFC 7523 (draft-ietf-oauth-rfc7523bis §4), else the token endpoint. Some servers take that alone.
   */
  readonly audience?: "issuer" | "token-endpoint" | (string & Record<never, never>) | undefined;
  /**
   * How long the assertion is valid, in milliseconds: from 1,000 to 300,000, beyond which servers refuse it.
   * Default: 60,000. It needn't outlive its one request; what it covers is a server whose clock is ahead.
   */
  readonly lifetime?: number | undefined;
  /**
   * How far `iat` and `nbf` are dated back, in milliseconds, for servers whose clock is behind: from 0 to 300,000.
   * Default: 10,000. What would date `iat` more than 300 seconds before `exp` is left off.
   */
  readonly clockSkew?: number | undefined;
  /**
   * More for the JOSE header, such as `{ typ: "client-authentication+jwt" }`, or `x5t#S256` for servers that know a
   * key by its certificate. `alg` and `kid` can't be set here. Default: nothing.
   */
  readonly header?: Readonly<Record<string, unknown>> | undefined;
  /** Where the time comes from. Default: the machine's clock. */
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

const usualLifetime = 60_000;
const usualClockSkew = 10_000;
/** The longest time from `iat` to `exp` that servers take, in milliseconds. */
const longest = 300_000;

/** Refuses settings that no server would take. */
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
    throw new TypeError("header must be an object without alg and kid, which have options of their own.");
  }
}

/** The claims for one request, with an identifier of their own. */
export function assertionClaims(
  { clientId, issuer, tokenEndpoint }: Pick<TokenRequest, "clientId" | "issuer" | "tokenEndpoint">,
  { audience, lifetime = usualLifetime, clockSkew = usualClockSkew, clock = systemClock }: AssertionOptions,
): AssertionClaims {
  const now = clock.wall();
  const exp = now + lifetime;
  const iat = seconds(Math.max(now - clockSkew, exp - longest));
  const aud = audience ?? (issuer ? "issuer" : "token-endpoint");
  if (aud === "issuer" && !issuer) {
    throw new TypeError('The audience is "issuer", and the settings name none: set issuer beside tokenEndpoint.');
  }
  return {
    iss: clientId,
    sub: clientId,
    aud: aud === "issuer" ? issuer! : aud === "token-endpoint" ? tokenEndpoint.href : aud,
    jti: crypto.randomUUID(),
    iat,
    nbf: iat,
    exp: seconds(exp),
  };
}

function seconds(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}
