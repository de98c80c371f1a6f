/**
 * Keys that stay where they are: in a key management service, an HSM, a PKCS#11 token, an agent.
 *
 * @module
 */

import type { RawSign } from "./compact_jws.ts";
import { readPublicKey, verifySignature } from "./public_key.ts";
import { explainSignature, findSignatureFault } from "./signature_fault.ts";
import { checkAlgorithm, type PrivateKeyAlgorithm } from "./signing_algorithm.ts";

/**
 * Signs by a private key that the program never sees.
 *
 * Services differ in what they return for ECDSA: the 64 bytes that a JWS holds (RFC 7518 §3.4; PKCS#11, Azure), or DER
 * (AWS, Google, OpenSSL), which `convertDerSignature` converts. With `publicKey` the first signature is verified before
 * it is sent.
 */
export interface ExternalSigner {
  /** The algorithm that the key signs by. */
  readonly alg: PrivateKeyAlgorithm;
  /**
   * The key's identifier, by which the server finds the public key.
   *
   * @default {the option's, else none}
   */
  readonly kid?: string | undefined;
  /**
   * The public key. `dpop` needs it; elsewhere it verifies the first signature.
   *
   * @default {none: only the signature's length and form are checked}
   */
  readonly publicKey?: JsonWebKey | CryptoKey | undefined;
  /**
   * Signs data: it hashes, too, as the algorithm says.
   *
   * @param data The bytes to sign.
   * @param options The signal, which aborts when the request times out or its authenticator is closed.
   * @returns The signature, as a JWS holds it.
   */
  sign(
    data: Uint8Array<ArrayBuffer>,
    options: { readonly signal: AbortSignal },
  ): Uint8Array | ArrayBuffer | Promise<Uint8Array | ArrayBuffer>;
}

/** The failure of a signer: its own error as the `cause`, or a sentence about its signature. */
export class SignerFailure extends Error {}

/** A signer, checked. */
export interface CheckedSigner {
  readonly alg: PrivateKeyAlgorithm;
  readonly kid: string | undefined;
  /** The public key's parameters alone. Rejects with a `TypeError`. */
  publicJwk(): Promise<JsonWebKey | undefined>;
  /** Gives a function that signs for one request. It rejects with a {@linkcode SignerFailure}. */
  open(signal: AbortSignal): RawSign;
}

/** Whether something is meant as a signer. */
export function isExternalSigner(given: unknown): given is ExternalSigner {
  return typeof given === "object" && given !== null && "sign" in given;
}

/** Signers whose signature was verified. */
const verified = new WeakSet<ExternalSigner>();

/** Checks a signer's shape. Throws a `TypeError`. */
export function checkSigner(
  signer: ExternalSigner,
  options: { readonly alg?: PrivateKeyAlgorithm | undefined; readonly kid?: string | undefined } = {},
): CheckedSigner {
  const { alg = options.alg, kid = options.kid, sign, publicKey } = Object(signer) as Partial<ExternalSigner>;
  if (typeof sign !== "function") throw new TypeError("The signer's sign must be a function.");
  if (alg === undefined) throw new TypeError('The signer must have an alg, such as "ES256".');
  checkAlgorithm(alg);
  if (options.alg !== undefined && options.alg !== alg) {
    throw new TypeError(`The signer is for ${alg}, and alg says ${options.alg}. Leave alg out, or use another signer.`);
  }
  if (kid !== undefined && typeof kid !== "string") throw new TypeError("kid must be a string.");
  const read = publicKey === undefined ? undefined : readPublicKey(publicKey, alg);
  const publicJwk = async () => await read?.();
  return { alg, kid, publicJwk, open: (signal) => (data) => signBy({ signer, alg, publicJwk }, data, signal) };
}

async function signBy(
  { signer, alg, publicJwk }: Pick<CheckedSigner, "alg" | "publicJwk"> & { signer: ExternalSigner },
  data: Uint8Array<ArrayBuffer>,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const jwk = await publicJwk().catch(({ message }) => {
    throw new SignerFailure(message);
  });
  let given: unknown;
  try {
    // A copy: the data may be needed again.
    given = await signer.sign(data.slice(), { signal });
  } catch (cause) {
    throw new SignerFailure("the signer failed", { cause });
  }
  const signature = readBytes(given);
  if (signature === undefined) {
    throw new SignerFailure(
      `The signer must return the signature's bytes${typeof given === "string" ? ", not text: decode it" : ""}.`,
    );
  }
  const fault = findSignatureFault(alg, signature, jwk);
  if (fault !== undefined) throw new SignerFailure(`The signer returned ${fault}`);
  if (jwk !== undefined && !verified.has(signer)) {
    if (await verifySignature(alg, jwk, signature, data) === false) {
      throw new SignerFailure(`The signer returned ${await explainSignature(alg, jwk, signature, data)}`);
    }
    verified.add(signer);
  }
  return signature;
}

/** Copies bytes, of another realm, too. */
function readBytes(given: unknown): Uint8Array<ArrayBuffer> | undefined {
  if (ArrayBuffer.isView(given)) return new Uint8Array(given.buffer, given.byteOffset, given.byteLength).slice();
  const isBuffer = Object.prototype.toString.call(given) === "[object ArrayBuffer]";
  return isBuffer ? new Uint8Array(given as ArrayBuffer).slice() : undefined;
}
