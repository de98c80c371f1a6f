/**
 * A private key as PEM text (RFC 7468 §10), or as the bytes that such a text holds.
 *
 * @module
 */

import { decodeBase64 } from "@std/encoding/base64";
import { type DerKey, findLabel, readPkcs8 } from "./private_key_der.ts";

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
  [
    /-----BEGIN PKCS12-----/,
    "is PKCS#12: convert it with `openssl pkcs12 -in key.p12 -nocerts -nodes -out key.pem`.",
  ],
  [/-----BEGIN ([A-Z]+ )?PUBLIC KEY-----/, "is a public key: pass the private key that belongs to it."],
  [/-----BEGIN ([A-Z0-9]+ )?CERTIFICATE-----/, "is a certificate: pass the private key that belongs to it."],
  [/-----BEGIN PRIVATE KEY-----/, "is cut off: its last line must be -----END PRIVATE KEY-----."],
  [
    /^\s*(file:|[.~]{0,2}[\\/]|[a-z]:[\\/])[^\n]*$|^[^\n]*\.(pem|key|der|p8|pk8|p12|pfx|jwks?|json|txt|crt|cer)\s*$/i,
    "is neither PEM nor JSON, but the path of a file: pass what the file holds, as bytes or text.",
  ],
  [/\uFFFD/, "is neither PEM nor JSON, but bytes that were read as text: read the file without an encoding."],
];

/** Line ends, which are often written as \\n in environment variables, or as \\\\n. */
const lineEnds = /\\+[rn]|\s/g;

/** Reads the private key in a text; other text around it is ignored. Errors don't show it. */
export function readPem(text: string): DerKey {
  const block = /-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----/.exec(text)?.[1];
  return block === undefined ? throwUnusable(text) : readDerKey(() => decodeBase64(block.replace(lineEnds, "")));
}

/** Decodes a text that is base64 of PEM, JSON or whole DER; `undefined` for any other. */
export function decodeBareBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = decodeBase64(text.replace(lineEnds, "").replaceAll("-", "+").replaceAll("_", "/"));
    if (!/^(\s*\{|-----BEGIN )/.test(new TextDecoder().decode(bytes))) findLabel(bytes);
    return bytes;
  } catch {
    return undefined;
  }
}

/** Reads the private key in bytes. Errors don't show it. */
export function readDerKey(decode: () => Uint8Array<ArrayBuffer>): DerKey {
  let label: string | undefined;
  let key: DerKey | undefined;
  try {
    const der = decode();
    label = findLabel(der);
    key = label === "PRIVATE KEY" ? readPkcs8(der) : undefined;
  } catch {
    throw new TypeError("The private key is damaged: it isn't PKCS#8. Copy it again, with its first and last line.");
  }
  if (key !== undefined) return key;
  if (label !== "PRIVATE KEY") return throwUnusable(`-----BEGIN ${label}-----`, " -inform DER -in key.der ");
  throw new TypeError("The private key has an unsupported type: use RSA, EC on P-256, P-384 or P-521, or Ed25519.");
}

function throwUnusable(text: string, input = " -in key.pem "): never {
  const state = unusable.find(([pattern]) => pattern.test(text))?.[1].replace(" -in key.pem ", input) ??
    "is neither PEM nor JSON, nor DER: pass the text that begins with -----BEGIN PRIVATE KEY-----.";
  throw new TypeError(`The private key ${state}`);
}
