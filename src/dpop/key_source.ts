/**
 * The source of the key pair: given, looked up, or new.
 *
 * @module
 */

import type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
import { describeMissing } from "../jwt/web_crypto.ts";
import { AuthenticationError } from "../errors.ts";
import { checkSigner, type ExternalSigner, SignerFailure } from "../jwt/external_signer.ts";
import { checkKeyPair, generateKeyPair, isOnePair, openKeyPair, openSigner, type ProofKey } from "./key_pair.ts";

/** Holds a key pair, or a function that looks one up. */
export type KeyPairSource = CryptoKeyPair | (() => CryptoKeyPair | Promise<CryptoKeyPair>);

/**
 * Makes a function that gets the key. A given pair is checked now, with a `TypeError`; whether its keys match only when
 * the key is needed, as that takes a signature.
 */
export function makeKeyLoader({ keyPair, signer, alg }: {
  readonly keyPair?: KeyPairSource | undefined;
  readonly signer?: ExternalSigner | undefined;
  readonly alg?: PrivateKeyAlgorithm | undefined;
}): () => Promise<ProofKey> {
  if (signer !== undefined) {
    if (keyPair !== undefined) throw new TypeError("signer can't be combined with keyPair: each is the key.");
    const checked = checkSigner(signer, { alg });
    if (signer.publicKey === undefined) throw new TypeError("The signer must have a publicKey: each proof shows it.");
    return () => explainFailure("its public key can't be read", () => openSigner(checked));
  }
  if (keyPair === undefined) return () => makeKey(alg ?? "ES256");
  if (typeof keyPair === "function") return () => lookUpKey(keyPair, alg);
  const known = checkKeyPair(keyPair, alg);
  return () => openGiven(keyPair, known);
}

/** Replaces an error of signing, which may show the key. */
export async function explainFailure<T>(state: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SignerFailure)) throw makeError(`${state}. Use another keyPair, or another alg`);
    const { cause, message } = error;
    if (cause instanceof AuthenticationError) throw cause;
    if ("cause" in error) throw makeError("the signer failed. See the cause", { cause });
    throw makeError(message[0]!.toLowerCase() + message.slice(1, -1));
  }
}

async function makeKey(alg: PrivateKeyAlgorithm): Promise<ProofKey> {
  throwIfMissing("generateKey", " Pass keyPair");
  return await open(await explainFailure(`this runtime can't make a key for ${alg}`, () => generateKeyPair(alg)), alg);
}

async function lookUpKey(
  look: () => CryptoKeyPair | Promise<CryptoKeyPair>,
  requested: PrivateKeyAlgorithm | undefined,
) {
  let pair: CryptoKeyPair;
  try {
    pair = await look();
  } catch (cause) {
    if (cause instanceof AuthenticationError) throw cause;
    throw makeError("the function keyPair failed. See the cause", { cause });
  }
  let alg: PrivateKeyAlgorithm;
  try {
    alg = checkKeyPair(pair, requested);
  } catch (error) {
    throw makeError((error as TypeError).message.replace(/\.$/, ""));
  }
  return await openGiven(pair, alg);
}

async function openGiven(pair: CryptoKeyPair, alg: PrivateKeyAlgorithm): Promise<ProofKey> {
  const key = await open(pair, alg);
  if (await explainFailure("its key doesn't sign", () => isOnePair(pair, key))) return key;
  throw makeError("keyPair must hold two keys of one pair. Use keys that belong together");
}

async function open(pair: CryptoKeyPair, alg: PrivateKeyAlgorithm): Promise<ProofKey> {
  for (const name of ["exportKey", "sign", "digest"] as const) throwIfMissing(name);
  return await explainFailure("its public key can't be read", () => openKeyPair(pair, alg));
}

/** Names what the runtime lacks: another key wouldn't help. */
function throwIfMissing(name: keyof SubtleCrypto, advice = ""): void {
  const missing = describeMissing(name);
  if (missing !== undefined) throw makeError(`${missing}.${advice}`);
}

function makeError(state: string, options?: { cause: unknown }): AuthenticationError {
  return new AuthenticationError("proof_failed", `Cannot make a DPoP proof: ${state}.`, options);
}
