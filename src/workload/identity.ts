/**
 * What a platform's identity is to a program: a function that returns a JWT.
 *
 * @module
 */

import { AuthenticationError, type AuthenticationErrorOptions } from "../errors.ts";
import { readClaims, readTexts } from "../jwt/read_jwt.ts";

/**
 * Returns a JWT that a platform has signed for this workload.
 *
 * It fits `clientAssertion`, the `assertion` of the JWT bearer grant and the `subjectToken` of token exchange. It rejects
 * with an `AuthenticationError` that says what the platform lacks: its code is `client_auth_unavailable`, or
 * `permission_denied` if Deno may not read a variable or file, or reach a host. No error shows a token or a key.
 */
export interface WorkloadIdentity {
  /** Returns the JWT. */
  (): Promise<string>;
  /** The platform's name, as in the export's: `github-actions`. */
  readonly platform: string;
  /** Says which variables, files, address or permission it uses. */
  readonly description: string;
}

/** A platform, as errors describe it. */
export interface Platform {
  /** As in `WorkloadIdentity`. */
  readonly name: string;
  /** As people call it. */
  readonly title: string;
  /** What to do where there is no token: a sentence. */
  readonly advice: string;
}

/** Makes the function, which shows no more than what describes it. */
export function makeIdentity(
  { name }: Platform,
  description: string,
  read: () => Promise<string>,
): WorkloadIdentity {
  return Object.assign(async () => await read(), { platform: name, description });
}

/** Makes the error for a token that can't be had. */
export function createIdentityError(
  { title, advice }: Platform,
  state: string,
  options: AuthenticationErrorOptions = {},
): AuthenticationError {
  const message = `Cannot get a token of ${title}: ${state}. ${advice}`;
  return new AuthenticationError("client_auth_unavailable", message, options);
}

/** Makes the error for what Deno forbids. */
export function createDeniedError({ title }: Platform, what: string, flag: string): AuthenticationError {
  return new AuthenticationError(
    "permission_denied",
    `Cannot get a token of ${title}: not permitted to ${what}. Run with ${flag}.`,
  );
}

/** Throws if this can't be a JWT's audience. */
export function checkAudience(audience: unknown): asserts audience is string {
  if (typeof audience !== "string" || audience === "") {
    throw new TypeError("audience must be a string that is not empty: what the authorization server wants as aud.");
  }
}

/** How far the clocks may differ, in milliseconds. */
const tolerance = 60_000;

/**
 * Trims a platform's answer. Throws if it is no signed JWT, has expired, or is for another server than the one that will
 * get it.
 */
export function checkJwt(platform: Platform, text: unknown, audience?: string): string {
  const jwt = typeof text === "string" ? text.trim() : "";
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(jwt)) {
    throw createIdentityError(platform, `there is ${jwt === "" ? "none" : "something else than a JWT"}`);
  }
  const { aud, exp } = readClaims(jwt);
  if (typeof exp === "number" && exp * 1_000 < Date.now() - tolerance) {
    throw createIdentityError(
      platform,
      "its token has expired. Let the platform issue another, or set this clock right",
    );
  }
  if (audience !== undefined && !readTexts(aud).includes(audience)) {
    throw createIdentityError(
      platform,
      `its token is for another audience than ${JSON.stringify(audience)}, and isn't sent to this one`,
    );
  }
  return jwt;
}
