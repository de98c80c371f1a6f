/**
 * The key pair that tokens are bound to.
 *
 * @module
 */

import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";
import { algorithmOf, chooseAlgorithm, parametersOf, type PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";

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

/**
 * Whether the public key verifies what the private one signs. Of a key that can't be taken out nothing else tells; and
 * proofs by two that don't belong together would be refused by every server, which can't say why.
 */
export async function isOnePair({ alg, privateKey, jwk }: ProofKey): Promise<boolean> {
  const parameters = parametersOf(alg);
  // ECDSA is told its hash with each signature, PSS the length of its salt; the others don't look at either.
  const way = { ...parameters, hash: `SHA-${alg.slice(2)}`, saltLength: 32 };
  const text = crypto.getRandomValues(new Uint8Array(32));
  // The public key itself needn't be one that may verify: it is there to be shown.
  const shown = await crypto.subtle.importKey("jwk", jwk as JsonWebKey, parameters, false, ["verify"]);
  return await crypto.subtle.verify(way, shown, await crypto.subtle.sign(way, privateKey, text), text);
}
