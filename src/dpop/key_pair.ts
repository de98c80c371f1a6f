/**
 * The key pair that tokens are bound to.
 *
 * @module
 */

import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";
import {
  algorithmOf,
  chooseAlgorithm,
  parametersOf,
  type PrivateKeyAlgorithm,
} from "../client_auth/signing_algorithm.ts";

/** What proofs are signed with, and what they show of it. */
export interface ProofKey {
  readonly alg: PrivateKeyAlgorithm;
  readonly privateKey: CryptoKey;
  /** The public key. */
  readonly jwk: JWK;
  /** Of the public key, by SHA-256 (RFC 7638). */
  readonly thumbprint: string;
}

/** A new key pair, whose private key can't be taken out of Web Crypto. */
export async function generateKeyPair(alg: PrivateKeyAlgorithm): Promise<CryptoKeyPair> {
  const parameters = { ...parametersOf(alg), modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  return await crypto.subtle.generateKey(parameters, false, ["sign", "verify"]) as CryptoKeyPair;
}

/** Refuses what can't make proofs, by a `TypeError` that shows no key; says by which algorithm it signs. */
export function checkKeyPair(given: unknown, wished: PrivateKeyAlgorithm | undefined): PrivateKeyAlgorithm {
  const { privateKey, publicKey } = Object(given) as Partial<CryptoKeyPair>;
  if (privateKey?.type !== "private" || publicKey?.type !== "public") {
    throw new TypeError("keyPair must be a CryptoKeyPair, or a function that gives one.");
  }
  const [known, ofPublic] = [algorithmOf(privateKey), algorithmOf(publicKey)];
  if (known === undefined || known.alg !== ofPublic?.alg) {
    throw new TypeError("keyPair must hold two keys of one pair, for an algorithm that signs proofs.");
  }
  const { modulusLength }: KeyAlgorithm & { modulusLength?: number } = publicKey.algorithm;
  if (modulusLength !== undefined && modulusLength < 2048) {
    throw new TypeError(`keyPair is an RSA key of ${modulusLength} bits: 2048 are the least (RFC 7518 §3.3).`);
  }
  if (!privateKey.usages.includes("sign")) throw new TypeError('keyPair can\'t sign: make it with the usage "sign".');
  if (!publicKey.extractable) {
    throw new TypeError("The public key of keyPair must be extractable: each proof shows it.");
  }
  return chooseAlgorithm(known.kind, wished, known.alg);
}

/** A checked pair, made ready. */
export async function openKeyPair(
  { privateKey, publicKey }: CryptoKeyPair,
  alg: PrivateKeyAlgorithm,
): Promise<ProofKey> {
  const jwk = await exportJWK(publicKey);
  return { alg, privateKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) };
}
