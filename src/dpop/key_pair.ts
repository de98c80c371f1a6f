/**
 * The key pair that tokens are bound to.
 *
 * @module
 */

import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";
import {
  chooseAlgorithm,
  findAlgorithm,
  getKeyParameters,
  type PrivateKeyAlgorithm,
} from "../jwt/signing_algorithm.ts";

/** A key pair ready to sign proofs. */
export interface ProofKey {
  readonly alg: PrivateKeyAlgorithm;
  readonly privateKey: CryptoKey;
  /** The public key. */
  readonly jwk: JWK;
  /** The public key's, by SHA-256 (RFC 7638). */
  readonly thumbprint: string;
}

/** Makes a key pair whose private key isn't extractable. */
export async function generateKeyPair(alg: PrivateKeyAlgorithm): Promise<CryptoKeyPair> {
  const parameters = { ...getKeyParameters(alg), modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  return await crypto.subtle.generateKey(parameters, false, ["sign", "verify"]) as CryptoKeyPair;
}

/** Checks a key pair, and returns its algorithm. Throws a `TypeError` that doesn't show the key. */
export function checkKeyPair(given: unknown, requested: PrivateKeyAlgorithm | undefined): PrivateKeyAlgorithm {
  const { privateKey, publicKey } = Object(given) as Partial<CryptoKeyPair>;
  if (privateKey?.type !== "private" || publicKey?.type !== "public") {
    throw new TypeError("keyPair must be a CryptoKeyPair, or a function that returns one.");
  }
  const [known, publicAlg] = [findAlgorithm(privateKey), findAlgorithm(publicKey)];
  if (known === undefined || known.alg !== publicAlg?.alg) {
    throw new TypeError("keyPair must hold two keys of one pair, for a signature algorithm.");
  }
  const { modulusLength }: KeyAlgorithm & { modulusLength?: number } = publicKey.algorithm;
  if (modulusLength !== undefined && modulusLength < 2048) {
    throw new TypeError(`keyPair is an RSA key of ${modulusLength} bits. Use one of 2048 or more (RFC 7518 §3.3).`);
  }
  if (!privateKey.usages.includes("sign")) throw new TypeError('keyPair can\'t sign: make it with the usage "sign".');
  if (!publicKey.extractable) {
    throw new TypeError("The public key of keyPair must be extractable: each proof shows it.");
  }
  return chooseAlgorithm(known.kind, requested, known.alg);
}

/** Exports the public key of a checked pair. */
export async function openKeyPair(
  { privateKey, publicKey }: CryptoKeyPair,
  alg: PrivateKeyAlgorithm,
): Promise<ProofKey> {
  const jwk = await exportJWK(publicKey);
  return { alg, privateKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) };
}

/** Checks by a signature that the keys match: a private key may not be extractable. */
export async function isOnePair({ alg, privateKey, jwk }: ProofKey): Promise<boolean> {
  const parameters = getKeyParameters(alg);
  // ECDSA needs a hash, PSS a salt length; the others ignore both.
  const signing = { ...parameters, hash: `SHA-${alg.slice(2)}`, saltLength: 32 };
  const text = crypto.getRandomValues(new Uint8Array(32));
  // The public key itself may lack the usage "verify".
  const verifier = await crypto.subtle.importKey("jwk", jwk as JsonWebKey, parameters, false, ["verify"]);
  return await crypto.subtle.verify(signing, verifier, await crypto.subtle.sign(signing, privateKey, text), text);
}
