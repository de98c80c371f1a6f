/**
 * A private key as PEM text (RFC 7468 §10).
 *
 * @module
 */

import { decodeBase64 } from "@std/encoding/base64";
import type { KeyKind } from "./signing_algorithm.ts";

/** A PKCS#8 key, read from PEM text. */
export interface PemKey {
  readonly kind: KeyKind;
  /** The key, as Web Crypto takes it for `"pkcs8"`. */
  readonly der: Uint8Array<ArrayBuffer>;
}

const toPkcs8 = "convert it with `openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem`.";

/** Unsupported texts, and what to do: the first match counts. */
const unusable: readonly (readonly [pattern: RegExp, state: string])[] = [
  [
    /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m,
    "is encrypted: decrypt it with `openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem`, " +
    "and store the result as a secret.",
  ],
  [/-----BEGIN RSA PRIVATE KEY-----/, `is PKCS#1, not PKCS#8: ${toPkcs8}`],
  [/-----BEGIN EC PRIVATE KEY-----/, `is SEC1, not PKCS#8: ${toPkcs8}`],
  [
    /-----BEGIN OPENSSH PRIVATE KEY-----/,
    "is in OpenSSH's format: convert a copy with `ssh-keygen -p -m PKCS8 -f key`, or make a new key " +
    "(Ed25519 can't be converted).",
  ],
  [/-----BEGIN ([A-Z]+ )?PUBLIC KEY-----/, "is a public key: pass the private key that belongs to it."],
  [/-----BEGIN ([A-Z0-9]+ )?CERTIFICATE-----/, "is a certificate: pass the private key that belongs to it."],
  [/-----BEGIN PRIVATE KEY-----/, "is cut off: its last line must be -----END PRIVATE KEY-----."],
];

/** By AlgorithmIdentifier (RFC 5208 §5) in hexadecimal, without the outermost header. */
const kinds: Readonly<Record<string, KeyKind>> = {
  "06092a864886f70d010101": "RSA",
  "06072a8648ce3d020106082a8648ce3d030107": "P-256",
  "06072a8648ce3d020106052b81040022": "P-384",
  "06072a8648ce3d020106052b81040023": "P-521",
  "06032b6570": "Ed25519",
};

/** The parameters of an RSA key, which some writers leave out. */
const optionalNull = /0500$/;

/** Reads the private key in a text; other text around it is ignored. Errors don't show it. */
export function readPem(text: string): PemKey {
  const block = /-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----/.exec(text)?.[1];
  if (block === undefined) {
    const state = unusable.find(([pattern]) => pattern.test(text))?.[1];
    throw new TypeError(
      `The private key ${
        state ?? "is neither PEM nor JSON: pass the text that begins with -----BEGIN PRIVATE KEY-----."
      }`,
    );
  }
  let der: Uint8Array<ArrayBuffer>;
  let algorithm: string;
  try {
    // In environment variables line ends are often written as \n.
    der = decodeBase64(block.replace(/\\[rn]|\s/g, ""));
    algorithm = readAlgorithmIdentifier(der);
  } catch {
    throw new TypeError("The private key is damaged: it isn't PKCS#8. Copy it again, with its first and last line.");
  }
  const kind = kinds[algorithm.replace(optionalNull, "")];
  if (kind === undefined) {
    throw new TypeError(
      "The private key has an unsupported type: use RSA (not RSA-PSS), EC on P-256, P-384 or P-521, or Ed25519.",
    );
  }
  return { kind, der };
}

/** Reads the algorithm: PKCS#8 is a sequence of a version, the algorithm as a sequence, and the key. */
function readAlgorithmIdentifier(der: Uint8Array): string {
  const outer = readDerValue(der, 0, 0x30);
  const version = readDerValue(der, outer.start, 0x02);
  const algorithm = readDerValue(der, version.end, 0x30);
  const bytes = [...der.subarray(algorithm.start, algorithm.end)];
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Finds the content of the DER value at `at`. */
function readDerValue(der: Uint8Array, at: number, tag: number): { start: number; end: number } {
  const first = der[at + 1];
  if (der[at] !== tag || first === undefined) throw new RangeError("unexpected value");
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  const start = at + 2 + lengthBytes;
  let length = lengthBytes === 0 ? first : 0;
  for (const byte of der.subarray(at + 2, start)) length = length * 256 + byte;
  if (start + length > der.length) throw new RangeError("cut off");
  return { start, end: start + length };
}
