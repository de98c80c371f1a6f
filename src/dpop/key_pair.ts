/**
 * The key pair that tokens are bound to.
 *
 * @module
 */

import type { SigningMaterial } from "../jwt/compact_jws.ts";
import type { CheckedSigner } from "../jwt/external_signer.ts";
import { makeThumbprint, readPublicKey } from "../jwt/public_key.ts";
import {
  chooseAlgorithm,
  findAlgorithm,
  getKeyParameters,
  getSigningParameters,
  type PrivateKeyAlgorithm,
} from "../jwt/signing_algorithm.ts";

/** A key pair ready to sign proofs. */
export interface ProofKey {
  readonly alg: PrivateKeyAlgorithm;
  /** Gives what signs one proof. */
  readonly open: (signal: AbortSignal) => SigningMaterial;
  /** The public key. */
  readonly jwk: JsonWebKey;
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
  const jwk = await readPublicKey(publicKey, alg)();
  return { alg, open: () => privateKey, jwk, thumbprint: await makeThumbprint(jwk) };
}

/** Reads the public key of a checked signer. Its first signature shows whether it is the right one. */
export async function openSigner({ alg, open, publicJwk }: CheckedSigner): Promise<ProofKey> {
  const jwk = (await publicJwk())!;
  return { alg, open, jwk, thumbprint: await makeThumbprint(jwk) };
}

/** Checks by a signature that the keys match: a private key may not be extractable. */
export async function isOnePair({ privateKey }: CryptoKeyPair, { alg, jwk }: ProofKey): Promise<boolean> {
  const parameters = getSigningParameters(alg);
  const text = crypto.getRandomValues(new Uint8Array(32));
  // The public key itself may lack the usage "verify".
  const verifier = await crypto.subtle.importKey("jwk", jwk, parameters, false, ["verify"]);
  return await crypto.subtle.verify(parameters, verifier, await crypto.subtle.sign(parameters, privateKey, text), text);
}
