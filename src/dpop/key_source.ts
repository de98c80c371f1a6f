/**
 * Where the key of the proofs comes from.
 *
 * @module
 */

import type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
import { AuthenticationError } from "../errors.ts";
import { checkKeyPair, generateKeyPair, isOnePair, openKeyPair, type ProofKey } from "./key_pair.ts";

/** A key pair, or what looks one up. */
export type KeyPairSource = CryptoKeyPair | (() => CryptoKeyPair | Promise<CryptoKeyPair>);

/**
 * What gives the key. A pair that is at hand is checked now, by a `TypeError`; all else when the key is needed. Whether
 * the two keys belong together is all else, for it takes a signature.
 */
export function keySource(
  keyPair: KeyPairSource | undefined,
  alg: PrivateKeyAlgorithm | undefined,
): () => Promise<ProofKey> {
  if (keyPair === undefined) return () => newKey(alg ?? "ES256");
  if (typeof keyPair === "function") return () => lookUp(keyPair, alg);
  const known = checkKeyPair(keyPair, alg);
  return () => openGiven(keyPair, known);
}

/** What signing, or a runtime, throws isn't passed on: it has seen the key. */
export async function orExplain<T>(state: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch {
    throw failure(`${state}. Use another keyPair, or another alg`);
  }
}

async function newKey(alg: PrivateKeyAlgorithm): Promise<ProofKey> {
  return await open(await orExplain(`this runtime can't make a key for ${alg}`, () => generateKeyPair(alg)), alg);
}

async function lookUp(look: () => CryptoKeyPair | Promise<CryptoKeyPair>, wished: PrivateKeyAlgorithm | undefined) {
  let pair: CryptoKeyPair;
  try {
    pair = await look();
  } catch (cause) {
    if (cause instanceof AuthenticationError) throw cause;
    throw failure("the function keyPair failed. See the cause", { cause });
  }
  let alg: PrivateKeyAlgorithm;
  try {
    alg = checkKeyPair(pair, wished);
  } catch (error) {
    throw failure((error as TypeError).message.replace(/\.$/, ""));
  }
  return await openGiven(pair, alg);
}

async function openGiven(pair: CryptoKeyPair, alg: PrivateKeyAlgorithm): Promise<ProofKey> {
  const key = await open(pair, alg);
  if (await orExplain("its key doesn't sign", () => isOnePair(key))) return key;
  throw failure("keyPair must hold two keys of one pair, and its public key doesn't verify what the private one signs");
}

function open(pair: CryptoKeyPair, alg: PrivateKeyAlgorithm): Promise<ProofKey> {
  return orExplain("its public key can't be read", () => openKeyPair(pair, alg));
}

function failure(state: string, options?: { cause: unknown }): AuthenticationError {
  return new AuthenticationError("proof_failed", `Cannot make a DPoP proof: ${state}.`, options);
}
