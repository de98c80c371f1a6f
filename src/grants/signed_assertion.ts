/**
 * Assertions for the JWT bearer grant, signed with a private key.
 *
 * @module
 */

import { assertionClaims, type AssertionOptions, checkAssertionOptions } from "../client_auth/assertion_claims.ts";
import type { TokenRequest } from "../client_auth/client_auth.ts";
import { followAnswer, signAssertion } from "../client_auth/sign_assertion.ts";
import { makeKeyLoader } from "../jwt/key_source.ts";
import { ServerClocks } from "../jwt/server_clocks.ts";
import type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
import type { IdentifiedKey, PrivateKey } from "../jwt/signing_key.ts";

export type { AssertionOptions } from "../client_auth/assertion_claims.ts";
export type { ExternalSigner } from "../jwt/external_signer.ts";
export type { PrivateJwk, PrivateJwkSet } from "../jwt/private_key_jwk.ts";
export type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
export type { IdentifiedKey, PrivateKey, ServiceAccountKey } from "../jwt/signing_key.ts";

/** Options of {@linkcode signedAssertion}. */
export interface SignedAssertionOptions extends AssertionOptions {
  /** The issuer of the assertion, such as a service account (RFC 7523 §3). */
  readonly iss: string;
  /** The subject of the token. Default: `iss`. */
  readonly sub?: string | undefined;
  /**
   * More claims, such as the `scope` that some servers expect here. Not allowed: `iss`, `sub`, `aud`, `jti`, `iat`, `nbf`
   * and `exp`. Default: none.
   */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
  /**
   * The algorithm, by its JOSE name. Default: that of the key; `EdDSA` for Ed25519. Required for an RSA key that is
   * neither a `CryptoKey`, a service account's, nor a JWK with `alg`.
   */
  readonly alg?: PrivateKeyAlgorithm | undefined;
  /** The key's identifier. Default: the JWK's `kid`, the service account's `private_key_id`, else none is sent. */
  readonly kid?: string | undefined;
  /** Decrypts a key in encrypted PKCS#8 (PBES2). Default: an encrypted key is refused. */
  readonly passphrase?: string | undefined;
}

const own = ["iss", "sub", "aud", "jti", "iat", "nbf", "exp"];

/**
 * Signs assertions with a private key (RFC 7523 §3), a new one for each attempt.
 *
 * @example A Google service account, from its key file
 * ```ts ignore
 * // Not run: it needs a service account.
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
 * import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
 *
 * const account = JSON.parse(await Deno.readTextFile("service-account.json"));
 * const authenticator = new JwtBearerAuthenticator({
 *   endpoint: "https://pubsub.googleapis.com",
 *   assertion: signedAssertion(account, {
 *     iss: account.client_email,
 *     audience: "token-endpoint",
 *     claims: { scope: "https://www.googleapis.com/auth/pubsub" },
 *   }),
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: account.token_uri }),
 * });
 * ```
 *
 * @example With a Web Crypto key that isn't extractable, on behalf of a person
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
 * @param key The private key, with its identifier if it has one, a signer that has it, or a function that looks it up for
 * each attempt.
 * @param options The assertion's claims, header and algorithm.
 * @returns A value for `assertion`. It rejects with an `AuthenticationError` with the code `client_auth_unavailable` if a
 * key that was looked up can't be used; the `cause` is an error of the function. No key is shown.
 * @throws {TypeError} If the key or an option can't be used.
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
  if (taken !== undefined) {
    throw new TypeError(`claims.${taken} must not be set: it has an option, or is set for each assertion.`);
  }
  checkAssertionOptions(settings);
  if (typeof key === "function" && "accepted" in key) {
    throw new TypeError("rotatingKeys is for privateKeyJwt. Pass one key, or a function that looks it up.");
  }
  const keys = makeKeyLoader(key, settings);
  const clocks = new ServerClocks(settings.clock);
  return async (request) => {
    const given = await keys.lookUp();
    return await signAssertion("assertion", settings, async () => {
      const signer = await keys.load(given, request);
      const { issuer, tokenEndpoint } = request;
      // A rejection counts for this key only.
      request.grantProof = signer.thumbprint;
      const clock = clocks.at(tokenEndpoint);
      followAnswer(request, clock, request.grantProof);
      return {
        claims: {
          ...claims,
          ...assertionClaims({ clientId: iss, issuer, tokenEndpoint }, { ...settings, clock }),
          sub,
        },
        signer,
      };
    });
  };
}
