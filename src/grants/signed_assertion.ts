/**
 * Assertions for the JWT bearer grant, signed by a private key at hand.
 *
 * @module
 */

import { assertionClaims, type AssertionOptions, checkAssertionOptions } from "../client_auth/assertion_claims.ts";
import type { TokenRequest } from "../client_auth/client_auth.ts";
import { signAssertion } from "../client_auth/sign_assertion.ts";
import { checkAlgorithm, type PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
import { type IdentifiedKey, type PrivateKey, readSigningKey } from "../jwt/signing_key.ts";

export type { AssertionOptions } from "../client_auth/assertion_claims.ts";
export type { PrivateJwk } from "../jwt/private_key_jwk.ts";
export type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
export type { IdentifiedKey, PrivateKey } from "../jwt/signing_key.ts";

/** What {@linkcode signedAssertion} says, and how it signs. */
export interface SignedAssertionOptions extends AssertionOptions {
  /** Who says it: a service account, as the server knows it (RFC 7523 §3). */
  readonly iss: string;
  /** On whose behalf the token is asked for. Default: `iss`, which acts for itself. */
  readonly sub?: string | undefined;
  /**
   * More claims, such as the `scope` that some servers want in here. `iss`, `sub`, `aud`, `jti`, `iat`, `nbf` and `exp`
   * can't be set here. Default: none.
   */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The algorithm, by its JOSE name. Default: what the key is for. A JWK with `alg`, a `CryptoKey`, an EC key and an
   * Ed25519 key (`EdDSA`) say it; for any other RSA key it has to be told.
   */
  readonly alg?: PrivateKeyAlgorithm | undefined;
  /** The key's identifier, by which a server finds the public key. Default: a JWK's own `kid`, else none is sent. */
  readonly kid?: string | undefined;
}

const own = ["iss", "sub", "aud", "jti", "iat", "nbf", "exp"];

/**
 * Signs assertions by a private key (RFC 7523 §3): each attempt, a repeated one included, gets one of its own, with a
 * fresh `jti`.
 *
 * @example A service account of Google's, by its key file
 * ```ts ignore
 * // Not run: it needs a service account.
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
 * import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
 *
 * const account = JSON.parse(await Deno.readTextFile("service-account.json"));
 * const authenticator = new JwtBearerAuthenticator({
 *   endpoint: "https://pubsub.googleapis.com",
 *   assertion: signedAssertion({ key: account.private_key, kid: account.private_key_id, alg: "RS256" }, {
 *     iss: account.client_email,
 *     audience: "token-endpoint",
 *     claims: { scope: "https://www.googleapis.com/auth/pubsub" },
 *   }),
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: account.token_uri }),
 * });
 * ```
 *
 * @example With a key that nobody can take out of Web Crypto, on behalf of a person
 * ```ts
 * import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
 *
 * const algorithm = { name: "ECDSA", namedCurve: "P-256" };
 * const { privateKey } = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
 * const assertion = signedAssertion(privateKey, {
 *   iss: "my-service-account",
 *   sub: "ada@example.com",
 *   audience: "https://auth.example.com",
 *   kid: "2026-11",
 * });
 * console.log(typeof assertion); // function
 * ```
 *
 * @param key The private key, with its identifier if need be, or a function that looks it up for every attempt.
 * @param options What the assertion says, and how it is signed.
 * @returns A value for `assertion`. It throws an `AuthenticationError` with the code `client_auth_unavailable` if a key that
 * was looked up can't be used; what the function itself throws is the `cause` of one. Neither shows a key.
 * @throws {TypeError} If the key or a setting can't be used; the message says what to do.
 * @throws {RangeError} If `lifetime` or `clockSkew` is out of range.
 */
export function signedAssertion(
  key: PrivateKey | IdentifiedKey | (() => PrivateKey | IdentifiedKey | Promise<PrivateKey | IdentifiedKey>),
  options: SignedAssertionOptions,
): (request: TokenRequest) => Promise<string> {
  const settings = { ...options };
  const { iss, sub = iss, claims = {} } = settings;
  for (const [name, value] of Object.entries({ iss, sub })) {
    if (typeof value !== "string" || value === "") throw new TypeError(`${name} must be a string that is not empty.`);
  }
  const taken = own.find((name) => Object.hasOwn(claims, name));
  if (taken !== undefined) throw new TypeError(`claims.${taken} must not be set: it has an option, or is made here.`);
  checkAssertionOptions(settings);
  checkAlgorithm(settings.alg);
  // A key that is at hand is looked at now: what is wrong with it should show when the program starts.
  const fixed = typeof key === "function" ? undefined : readSigningKey(key, settings);
  return async (request) => {
    const given = typeof key === "function" ? await key() : undefined;
    return await signAssertion("assertion", settings, async () => {
      const { alg, kid, open, thumbprint } = fixed ?? readSigningKey(given, settings);
      const { issuer, tokenEndpoint } = request;
      // With another key it is another request, which wasn't refused.
      request.grantProof = await thumbprint();
      return {
        claims: { ...claims, ...assertionClaims({ clientId: iss, issuer, tokenEndpoint }, settings), sub },
        signer: { alg, kid, key: await open() },
      };
    });
  };
}
