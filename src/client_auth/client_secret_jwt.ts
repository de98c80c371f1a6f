/**
 * Client authentication by an assertion signed with the client's secret (`client_secret_jwt`), which itself isn't sent.
 *
 * @module
 */

import { assertionAdvice, type AssertionOptions, checkAssertionOptions } from "./assertion_claims.ts";
import { checkSecret, type ClientAuth, type ClientSecret, getSecret } from "./client_auth.ts";
import { ServerClocks } from "../jwt/server_clocks.ts";
import { putSignedAssertion } from "./sign_assertion.ts";

export type { AssertionOptions } from "./assertion_claims.ts";

/** Options of {@linkcode clientSecretJwt}. */
export interface ClientSecretJwtOptions extends AssertionOptions {
  /**
   * Sets the algorithm.
   *
   * @default {"HS256"}
   */
  readonly alg?: "HS256" | "HS384" | "HS512" | undefined;
}

const algorithms: readonly unknown[] = ["HS256", "HS384", "HS512"];

/**
 * Authenticates a client by an assertion signed with its secret (`client_secret_jwt`). Each attempt, retries included,
 * gets a fresh assertion (RFC 7523 §2.2, OpenID Connect Core §9).
 *
 * Many servers refuse secrets shorter than the hash (RFC 7518 §3.2): 32 bytes for `HS256`, 48 for `HS384`, 64 for `HS512`.
 *
 * @example
 * ```ts
 * import { getToken } from "@m2m/authenticator";
 * import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
 *
 * const credentials = await getToken("https://auth.example.com/oauth/token", {
 *   issuer: "https://auth.example.com",
 *   clientId: "my-secret-jwt-client",
 *   clientAuth: clientSecretJwt("my-secret-of-at-least-32-characters"),
 * });
 * console.log(credentials.tokenType);
 * ```
 *
 * @param clientSecret The secret, or a function that looks it up for every attempt.
 * @param options The algorithm and the assertion's claims.
 * @returns A value for `clientAuth`.
 * @throws {TypeError} If the secret is empty, or an option can't be used.
 * @throws {RangeError} If `lifetime` or `clockSkew` is out of range.
 */
export function clientSecretJwt(clientSecret: ClientSecret, options: ClientSecretJwtOptions = {}): ClientAuth {
  const settings = { ...options };
  const { alg = "HS256" } = settings;
  checkSecret(clientSecret);
  checkAssertionOptions(settings);
  if (!algorithms.includes(alg)) throw new TypeError(`alg must be one of ${algorithms.join(", ")}.`);
  const signing = { options: settings, clocks: new ServerClocks(settings.clock) };
  return {
    method: "client_secret_jwt",
    advice: `Check id and secret. ${assertionAdvice}`,
    async authenticate(request) {
      const secret = await getSecret(clientSecret, request);
      await putSignedAssertion(request, signing, () => ({ alg, key: new TextEncoder().encode(secret) }));
    },
  };
}
