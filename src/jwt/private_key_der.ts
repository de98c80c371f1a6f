/**
 * A private key as PKCS#8 (RFC 5208), in DER.
 *
 * @module
 */

import { type DerValue, readDer, toHex, writeDer } from "./der.ts";
import type { KeyKind, PrivateKeyAlgorithm } from "./signing_algorithm.ts";

/** A PKCS#8 key, read. */
export interface DerKey {
  readonly kind: KeyKind;
  /** The algorithm, if the key is for one only. */
  readonly alg: PrivateKeyAlgorithm | undefined;
  /** The key, as Web Crypto takes it for `"pkcs8"`. */
  readonly der: Uint8Array<ArrayBuffer>;
}

/** By AlgorithmIdentifier (RFC 5208 §5) in hexadecimal. */
const kinds: Readonly<Record<string, KeyKind>> = {
  "06072a8648ce3d020106082a8648ce3d030107": "P-256",
  "06072a8648ce3d020106052b81040022": "P-384",
  "06072a8648ce3d020106052b81040023": "P-521",
  "06032b6570": "Ed25519",
};
/** RSA keys (RFC 4055 §1.2, §3): with any parameters, or with none. */
const rsa = /^06092a864886f70d0101(01|0a)/;
const version = [0x02, 0x01, 0x00];
const ecPublicKey = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const rsaEncryption = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/** The hash that an RSA-PSS key is restricted to: SHA-256, SHA-384 or SHA-512 (RFC 4055 §2.1). */
const pssHash = /60864801650304020([123])/;
const pssAlgorithms = ["PS256", "PS384", "PS512"] as const;

/** What isn't PKCS#8 in the clear, by the tags in its outermost sequence: the label that it has as PEM (RFC 7468). */
const labels: readonly (readonly [tags: RegExp, label: string])[] = [
  [/^0230/, "PKCS12"],
  [/^0202(02)+/, "RSA PRIVATE KEY"],
  [/^0204/, "EC PRIVATE KEY"],
  [/^3004/, "ENCRYPTED PRIVATE KEY"],
  [/^(3003|0202)$/, "PUBLIC KEY"],
  [/^303003$/, "CERTIFICATE"],
];

/** Finds the label that DER has as PEM: `PRIVATE KEY`, another, or none. Throws a `RangeError` if it is cut off. */
export function findLabel(der: Uint8Array<ArrayBuffer>): string | undefined {
  const tags = toHex(readSequence(der).map(({ tag }) => tag));
  return /^023004/.test(tags) ? "PRIVATE KEY" : labels.find(([pattern]) => pattern.test(tags))?.[1];
}

/** Writes PKCS#1 (RFC 8017 §A.1.2) or SEC1 (RFC 5915 §3) as PKCS#8; others stay as they are. */
export function toPkcs8(der: Uint8Array<ArrayBuffer>, label: string | undefined): Uint8Array<ArrayBuffer> {
  if (label === "RSA PRIVATE KEY") {
    return writeDer(0x30, version, writeDer(0x30, rsaEncryption), writeDer(0x04, der));
  }
  if (label !== "EC PRIVATE KEY") return der;
  const [one, secret, ...optional] = readSequence(der);
  // The curve moves to the front: some runtimes refuse it inside.
  const curve = optional.find(({ tag }) => tag === 0xa0)!;
  const publicKey = optional.filter(({ tag }) => tag === 0xa1);
  const key = writeDer(0x30, ...[one!, secret!, ...publicKey].map(({ whole }) => whole));
  return writeDer(0x30, version, writeDer(0x30, ecPublicKey, curve.content), writeDer(0x04, key));
}

/**
 * Reads PKCS#8, and writes it again as every runtime imports it: without attributes and the public key (RFC 5958), which
 * most refuse, and RSA-PSS as RSA, the only type that Web Crypto knows. `undefined` if the key's type is unsupported.
 */
export function readPkcs8(der: Uint8Array<ArrayBuffer>): DerKey | undefined {
  const [, algorithm, key] = readSequence(der);
  const identifier = toHex(algorithm!.content);
  const isRsa = rsa.exec(identifier);
  const isPss = isRsa?.[1] === "0a";
  const kind = isPss ? "RSA-PSS" : isRsa ? "RSA" : kinds[identifier];
  // One of more than two primes has another version.
  if (kind === undefined || isRsa && readSequence(key!.content)[0]?.content[0] !== 0) return undefined;
  const hash = isPss ? pssHash.exec(identifier)?.[1] : undefined;
  return {
    kind,
    alg: pssAlgorithms[Number(hash) - 1],
    der: writeDer(
      0x30,
      version,
      isRsa ? writeDer(0x30, rsaEncryption) : algorithm!.whole,
      key!.whole,
    ),
  };
}

function readSequence(der: Uint8Array<ArrayBuffer>): DerValue[] {
  const [outer, ...more] = readDer(der);
  if (outer?.tag !== 0x30 || more.length > 0) throw new RangeError("no sequence");
  return [...readDer(outer.content)];
}
