/**
 * Private keys for the tests, new in each run, in every form.
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";
import { exportJWK, generateKeyPair, type JWK } from "jose";
import type { PrivateKeyAlgorithm } from "@m2m/authenticator/client-auth/private-key-jwt";

/** One key, in all its forms. */
export interface TestKey {
  readonly alg: PrivateKeyAlgorithm;
  readonly pem: string;
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
  /** Not extractable. */
  readonly cryptoKey: CryptoKey;
  /** Strings that must not be shown. */
  readonly secrets: readonly string[];
}

/** The test server's algorithms. */
export const algorithms: readonly PrivateKeyAlgorithm[] = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const,
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"] as const,
];

const made = new Map<string, Promise<TestKey>>();

/** Gets the run's key for an algorithm and a name. */
export function testKey(alg: PrivateKeyAlgorithm, name = "usual"): Promise<TestKey> {
  const key = made.get(alg + name) ?? makeKey(alg);
  made.set(alg + name, key);
  return key;
}

async function makeKey(alg: PrivateKeyAlgorithm): Promise<TestKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", privateKey);
  const privateJwk = { ...await exportJWK(privateKey), kid: `kid-of-${alg}` };
  const body = encodeBase64(pkcs8);
  const { d = "", p = "", q = "" } = privateJwk;
  return {
    alg,
    pem: `-----BEGIN PRIVATE KEY-----\n${body.replace(/.{64}/g, "$&\n")}\n-----END PRIVATE KEY-----\n`,
    privateJwk,
    publicJwk: { ...await exportJWK(publicKey), kid: privateJwk.kid },
    cryptoKey: await crypto.subtle.importKey("pkcs8", pkcs8, privateKey.algorithm, false, ["sign"]),
    secrets: [d, p, q, ...body.match(/.{24}/g)!.slice(3)].filter((secret) => secret.length >= 16),
  };
}
