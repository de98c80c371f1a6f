/**
 * Client authentication by an assertion signed with a private key (`private_key_jwt`): the server knows only the
 * public key, and nothing that is sent can be used a second time.
 *
 * @module
 */

import { type AssertionOptions, checkAssertionOptions } from "./assertion_claims.ts";
import type { ClientAuth } from "./client_auth.ts";
import { checkAlgorithm, type PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
import { type IdentifiedKey, type PrivateKey, readSigningKey } from "../jwt/signing_key.ts";
import { putSignedAssertion } from "./sign_assertion.ts";

export type { AssertionOptions } from "./assertion_claims.ts";
export type { PrivateJwk } from "../jwt/private_key_jwk.ts";
export type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
export type { IdentifiedKey, PrivateKey } from "../jwt/signing_key.ts";

/** Settings of {@linkcode privateKeyJwt}. */
export interface PrivateKeyJwtOptions extends AssertionOptions {
  /**
   * The algorithm, by its JOSE name. Default: what the key is for. A JWK with `alg`, a `CryptoKey`, an EC key and an
   * Ed25519 key (`EdDSA`) say it; for any other RSA key it has to be told.
   */
  readonly alg?: PrivateKeyAlgorithm | undefined;
  /** The key's identifier, by which a server finds the public key. Default: a JWK's own `kid`, else none is sent. */
  readonly kid?: string | undefined;
}

/**
 * Client authentication by an assertion signed with a private key (`private_key_jwt`, RFC 7523 §2.2, OpenID Connect
 * Core §9). Each attempt, a repeated one included, gets an assertion of its own, with a fresh `jti`.
 *
 * @example With a JWK
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
 *
 * // The example of RFC 8037 appendix A.1. Yours comes from a vault, or a file: its text will do as well.
 * const key = {
 *   kty: "OKP",
 *   crv: "Ed25519",
 *   d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
 *   x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
 *   kid: "2026-11",
 * };
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-key-client",
 *   clientAuth: privateKeyJwt(key),
 *   configStore: new StaticClientConfigStore({
 *     issuer: "https://auth.example.com",
 *     tokenEndpoint: "https://auth.example.com/oauth/token",
 *     scopes: ["api:read"],
 *     audience: "https://api.example.com",
 *   }),
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * @example With a key that nobody can take out of Web Crypto
 * ```ts
 * import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
 *
 * const algorithm = { name: "ECDSA", namedCurve: "P-256" };
 * const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
 * console.log(await crypto.subtle.exportKey("jwk", publicKey)); // for the server to know
 * const clientAuth = privateKeyJwt(privateKey, { kid: "2026-11" });
 * console.log(clientAuth.method); // private_key_jwt
 * ```
 *
 * @example With a key that is changed from time to time, for a server that takes the token endpoint as audience
 * ```ts
 * import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
 *
 * const vault = { read: (_name: string) => Promise.resolve({ version: "7", text: "-----BEGIN PRIVATE KEY-----…" }) };
 * const clientAuth = privateKeyJwt(async () => {
 *   const { text, version } = await vault.read("signing-key");
 *   return { key: text, kid: version };
 * }, { alg: "PS256", audience: "token-endpoint" });
 * console.log(clientAuth.method); // private_key_jwt
 * ```
 *
 * @param key The private key, with its identifier if need be, or a function that looks it up for every attempt. Where
 * that gives a `CryptoKey`, it should give the same object until the key changes, or `{ key, kid }`: one that was
 * imported anew counts as another key otherwise, and after a refusal another key is tried at once, time and again.
 * @param options The algorithm, and what the assertion says. Default: see {@linkcode PrivateKeyJwtOptions}.
 * @returns A value for `clientAuth`. It throws an `AuthenticationError` with the code `client_auth_unavailable` if a key
 * that was looked up can't be used; what the function itself throws is the error's `cause`. Neither shows a key.
 * @throws {TypeError} If the key or a setting can't be used; the message says what to do.
 * @throws {RangeError} If `lifetime` or `clockSkew` is out of range.
 */
export function privateKeyJwt(
  key: PrivateKey | IdentifiedKey | (() => PrivateKey | IdentifiedKey | Promise<PrivateKey | IdentifiedKey>),
  options: PrivateKeyJwtOptions = {},
): ClientAuth {
  const settings = { ...options };
  checkAssertionOptions(settings);
  checkAlgorithm(settings.alg);
  // A key that is at hand is looked at now: what is wrong with it should show when the program starts.
  const fixed = typeof key === "function" ? undefined : readSigningKey(key, settings);
  return {
    method: "private_key_jwt",
    async authenticate(request) {
      const given = typeof key === "function" ? await key() : undefined;
      await putSignedAssertion(request, settings, async () => {
        const { alg, kid, open, thumbprint } = fixed ?? readSigningKey(given, settings);
        request.credential = await thumbprint();
        return { alg, kid, key: await open() };
      });
    },
  };
}
