/**
 * Client authentication by an assertion signed with a private key (`private_key_jwt`): the server knows only the public
 * key, and each assertion is valid once.
 *
 * @module
 */

import { assertionAdvice, type AssertionOptions, checkAssertionOptions } from "./assertion_claims.ts";
import type { ClientAuth } from "./client_auth.ts";
import { type KeyFunction, makeKeyLoader } from "../jwt/key_source.ts";
import { ServerClocks } from "../jwt/server_clocks.ts";
import type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
import type { IdentifiedKey, PrivateKey } from "../jwt/signing_key.ts";
import { putSignedAssertion } from "./sign_assertion.ts";

export type { AssertionOptions } from "./assertion_claims.ts";
export type { ExternalSigner } from "../jwt/external_signer.ts";
export type { KeyAttempt, KeyFunction } from "../jwt/key_source.ts";
export type { PrivateJwk, PrivateJwkSet } from "../jwt/private_key_jwk.ts";
export { convertDerSignature } from "../jwt/signature_fault.ts";
export type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
export type { IdentifiedKey, PrivateKey, ServiceAccountKey } from "../jwt/signing_key.ts";

/** Options of {@linkcode privateKeyJwt}. */
export interface PrivateKeyJwtOptions extends AssertionOptions {
  /**
   * Sets the algorithm. Needed for an RSA key that is neither a JWK with `alg`, a service account's, nor a `CryptoKey`.
   *
   * @default {the key's algorithm; for an Ed25519 key "EdDSA", which most servers know by no other name}
   */
  readonly alg?: PrivateKeyAlgorithm | undefined;
  /**
   * Sets the key's identifier, by which the server finds the public key. It picks the key of a JWK set.
   *
   * @default {the JWK's own, else none}
   */
  readonly kid?: string | undefined;
  /**
   * Decrypts a key in encrypted PKCS#8 (`BEGIN ENCRYPTED PRIVATE KEY`): PBES2 with PBKDF2 and AES, as OpenSSL writes it.
   *
   * @default {none: an encrypted key is refused}
   */
  readonly passphrase?: string | undefined;
}

/**
 * Authenticates a client by an assertion signed with its private key (`private_key_jwt`). Each attempt, retries
 * included, gets a fresh assertion (RFC 7523 §2.2, OpenID Connect Core §9).
 *
 * @example With a JWK
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
 *
 * // The example of RFC 8037 appendix A.1. Yours comes from a vault or a file, as an object or as JSON text.
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
 * @example With a key that can't be exported
 * ```ts
 * import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
 *
 * const algorithm = { name: "ECDSA", namedCurve: "P-256" };
 * const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
 * console.log(await crypto.subtle.exportKey("jwk", publicKey)); // register this with the server
 * const clientAuth = privateKeyJwt(privateKey, { kid: "2026-11" });
 * console.log(clientAuth.method); // private_key_jwt
 * ```
 *
 * @example With a key that rotates, for a server that wants the token endpoint as audience
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
 * @example With a key that stays where it is: a key management service, an HSM, an agent
 * ```ts
 * import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
 *
 * // In place of your service's client.
 * const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
 * const { privateKey, publicKey } = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
 * const service = { sign: (data: BufferSource) => crypto.subtle.sign(algorithm, privateKey, data) };
 *
 * const clientAuth = privateKeyJwt({
 *   alg: "ES256",
 *   kid: "2026-11",
 *   publicKey, // The first signature is verified before it is sent.
 *   sign: (data, { signal }) => (signal.throwIfAborted(), service.sign(data)),
 * });
 * console.log(clientAuth.method); // private_key_jwt
 * ```
 *
 * @param key The private key, a signer that has it, or a function that looks either up for every attempt. A function that
 * returns a `CryptoKey` or a signer should return the same object until the key changes, or one with its `kid`: another
 * object counts as another key, which is tried at once after a refusal.
 * @param options The algorithm and the assertion's claims.
 * @returns A value for `clientAuth`. Requests fail with an `AuthenticationError` with the code
 * `client_auth_unavailable` if a looked-up key can't be used, a signature isn't what the algorithm says, or a function or
 * a signer throws; its error is the `cause`.
 * @throws {TypeError} If the key or an option can't be used. No error of this module shows a key.
 * @throws {RangeError} If `lifetime` or `clockSkew` is out of range.
 */
export function privateKeyJwt(
  key: PrivateKey | IdentifiedKey | KeyFunction,
  options: PrivateKeyJwtOptions = {},
): ClientAuth {
  const settings = { ...options };
  checkAssertionOptions(settings);
  const keys = makeKeyLoader(key, settings);
  const signing = { options: settings, clocks: new ServerClocks(settings.clock) };
  return {
    method: "private_key_jwt",
    advice: `Check that the server knows this key for the client, and its kid. ${assertionAdvice}`,
    async authenticate(request) {
      const given = await keys.lookUp(request);
      if (typeof key === "function" && key.accepted) request.accepted = () => key.accepted!(given as PrivateKey);
      await putSignedAssertion(request, signing, async () => {
        const loaded = await keys.load(given, request);
        request.credential = loaded.thumbprint;
        return loaded;
      });
    },
  };
}
