/**
 * What is wrong with a signature that was made elsewhere: services, tokens and agents have other defaults than a JWS.
 *
 * @module
 */

import { decodeBase64Url } from "@std/encoding/base64url";
import { readDer } from "./der.ts";
import { type SignatureForm, verifySignature } from "./public_key.ts";
import { getSigningParameters, type PrivateKeyAlgorithm } from "./signing_algorithm.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Lengths in bytes (RFC 7518 §3.4, RFC 8037 §3.1). */
const lengths: Partial<Record<PrivateKeyAlgorithm, number>> = {
  ...{ ES256: 64, ES384: 96, ES512: 132, EdDSA: 64, Ed25519: 64 },
};

/**
 * Converts an ECDSA signature from DER, as AWS KMS, Google Cloud KMS and OpenSSL return it, to the bytes of a JWS
 * (RFC 7518 §3.4).
 *
 * @example
 * ```ts
 * import { convertDerSignature } from "@m2m/authenticator/client-auth/private-key-jwt";
 *
 * const ofOpenSsl = new Uint8Array([0x30, 6, 2, 1, 5, 2, 1, 7]);
 * console.log(convertDerSignature(ofOpenSsl, "ES256").length); // 64
 * ```
 *
 * @param signature The signature: a sequence of two integers (RFC 3279 §2.2.3).
 * @param alg The algorithm.
 * @returns Both integers, each in as many bytes as the curve has.
 * @throws {TypeError} If the signature isn't one in DER, or is too long for the algorithm.
 */
export function convertDerSignature(signature: Uint8Array, alg: "ES256" | "ES384" | "ES512"): Uint8Array<ArrayBuffer> {
  const half = (lengths[alg] ?? 0) / 2;
  const integers = readIntegers(signature.slice());
  if (integers === undefined || half === 0 || integers.some(({ length }) => length > half)) {
    throw new TypeError(`The signature must be one of ${alg} in DER.`);
  }
  const raw = new Uint8Array(2 * half);
  integers.forEach((integer, index) => raw.set(integer, (index + 1) * half - integer.length));
  return raw;
}

/** Reads the two integers, without zeros in front; `undefined` for anything else. */
function readIntegers(der: Bytes): Bytes[] | undefined {
  try {
    const [sequence, ...rest] = readDer(der);
    const integers = [...readDer(sequence!.content)];
    if (sequence!.tag !== 0x30 || rest.length > 0 || integers.length !== 2) return undefined;
    if (integers.some(({ tag }) => tag !== 0x02)) return undefined;
    return integers.map(({ content }) => content.slice(content.findIndex((byte) => byte !== 0)));
  } catch {
    return undefined;
  }
}

/** Finds what a signature's form shows: the rest of a sentence, or nothing. */
export function findSignatureFault(alg: PrivateKeyAlgorithm, signature: Bytes, jwk?: JsonWebKey): string | undefined {
  const { length } = signature;
  // The blob of an SSH agent begins with its algorithm's name (RFC 4253 §6.6).
  const [, ssh] = /^\0\0\0.(ssh-\w+|rsa-sha2-\d+|ecdsa-sha2-\w+)/s.exec(
    signature[0] === 0 ? String.fromCharCode(...signature.slice(0, 40)) : "",
  ) ?? [];
  if (ssh !== undefined) {
    const raw = ssh.startsWith("ecdsa")
      ? "its two integers, each in as many bytes as the curve has (RFC 5656 §3.1.2)"
      : "what follows that name and a length of 4 bytes";
    const flag = ssh === "ssh-rsa" ? ", and set the agent's flag for SHA-2, as this one is by SHA-1" : "";
    return `an SSH signature (${ssh}): pass ${raw}${flag}.`;
  }
  const isRsa = /^[RP]S/.test(alg);
  const size = isRsa ? jwk && decodeBase64Url(jwk.n!).length : lengths[alg]!;
  if (size === undefined ? length >= 256 : length === size) return undefined;
  if (/^ES/.test(alg) && readIntegers(signature)) {
    return `a DER signature of ${length} bytes where ${alg} has ${size} raw ones. Convert it by convertDerSignature.`;
  }
  return `${length} bytes where a signature of ${alg} has ${size ?? "256 or more"}.`;
}

const hashes = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"];

/** Explains why a signature isn't verified, by the ways in which it might have been made: the rest of a sentence. */
export async function explainSignature(
  alg: PrivateKeyAlgorithm,
  jwk: JsonWebKey,
  signature: Bytes,
  data: Bytes,
): Promise<string> {
  const own = getSigningParameters(alg);
  const verifies = (form: SignatureForm, of = data) => verifySignature(alg, jwk, signature, of, form);
  if (own.name === "RSA-PSS") {
    // The longest salt is the default of OpenSSL and of `node:crypto` (RFC 8017 §9.1.1); others in common use.
    for (const saltLength of [signature.length - own.saltLength - 2, 0, 20, 28, 32, 48, 64]) {
      if (saltLength !== own.saltLength && await verifies({ ...own, saltLength })) {
        return `a signature with a salt of ${saltLength} bytes where ${alg} has ${own.saltLength} (RFC 7518 §3.5). ` +
          "Set the salt's length to that of the hash.";
      }
    }
  }
  const digest = await crypto.subtle.digest(hashes.includes(own.hash) ? own.hash : "SHA-512", data);
  if (await verifies(own, new Uint8Array(digest))) {
    return `a signature of the data's hash, hashed again. Pass ${alg}'s data as it is, or name the hash as a digest.`;
  }
  const names = own.name.startsWith("RSA") ? ["RSASSA-PKCS1-v1_5", "RSA-PSS"] : [own.name];
  for (const name of names) {
    for (const hash of hashes) {
      const saltLength = hash === "SHA-1" ? 20 : Number(hash.slice(4)) / 8;
      if (await verifies({ ...own, name, hash, saltLength })) {
        const agent = name.startsWith("RSASSA") && hash === "SHA-1" ? " An SSH agent needs its flag for SHA-2." : "";
        return `a signature by ${name} with ${hash}, which isn't ${alg}. Use ${own.name} with ${own.hash}.${agent}`;
      }
    }
  }
  return "a signature that publicKey doesn't verify. Check that it is this key's, and that data is signed as it is.";
}
