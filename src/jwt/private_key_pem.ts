/**
 * A private key as PEM text (RFC 7468 §10), or as the bytes that such a text holds.
 *
 * @module
 */

import { decodeBase64 } from "@std/encoding/base64";
import { type DerKey, findLabel, readPkcs8, toPkcs8 } from "./private_key_der.ts";

const convert = "convert it with `openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem`.";

/** Unsupported texts, and what to do: the first match counts. */
const unusable: readonly (readonly [pattern: RegExp, state: string])[] = [
  [
    /^Proc-Type: 4,ENCRYPTED/m,
    "is encrypted by OpenSSL's old way: convert it with " +
    "`openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out pkcs8.pem`, and pass its passphrase.",
  ],
  [
    /-----BEGIN ENCRYPTED PRIVATE KEY-----/,
    "is encrypted: pass its passphrase, or decrypt it with " +
    "`openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem`, and store the result as a secret.",
  ],
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
  [/-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/, "is cut off: its last line must be the one with END."],
  [
    /^\s*(file:|[.~]{0,2}[\\/]|[a-z]:[\\/])[^\n]*$|^[^\n]*\.(pem|key|der|p8|pk8|p12|pfx|jwks?|json|txt|crt|cer)\s*$/i,
    "is neither PEM nor JSON, but the path of a file: pass what the file holds, as bytes or text.",
  ],
  [/\uFFFD/, "is neither PEM nor JSON, but bytes that were read as text: read the file without an encoding."],
];

/** Line ends, which are often written as \\n in environment variables, or as \\\\n. */
const lineEnds = /\\+[rn]|\s/g;

/** Decodes a text, or bytes: to a copy of the DER in them, or an object. */
export function decodeKey(given: unknown): unknown {
  if (typeof given === "string" || given instanceof URL) return decodeText(String(given));
  if (ArrayBuffer.isView(given)) {
    return decodeBytes(new Uint8Array(given.buffer, given.byteOffset, given.byteLength).slice());
  }
  const isBuffer = Object.prototype.toString.call(given) === "[object ArrayBuffer]";
  return isBuffer ? decodeBytes(new Uint8Array(given as ArrayBuffer).slice()) : given;
}

function decodeText(text: string): unknown {
  if (text.trimStart().startsWith("{")) return parseJson(text.trim());
  const bytes = decodeBareBase64(text);
  return bytes ? decodeBytes(bytes) : decodePem(text);
}

function decodeBytes(bytes: Uint8Array<ArrayBuffer>): unknown {
  return bytes[0] === 0x30 ? bytes : decodeText(new TextDecoder().decode(bytes));
}

/** The parser's own error would quote the text. */
function parseJson(text: string): object {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError("The private key begins like a JWK, but isn't JSON.");
  }
}

/** The private keys that can be read. */
const blocks = /-----BEGIN ((?:RSA |EC |ENCRYPTED )?PRIVATE KEY)-----([^-]+)-----END \1-----/;

/** Decodes the private key in a text; other text around it is ignored. Errors don't show it. */
function decodePem(text: string): Uint8Array<ArrayBuffer> {
  const block = blocks.exec(text)?.[2];
  return block === undefined ? throwUnusable(text) : decode(() => decodeBase64(block.replace(lineEnds, "")));
}

/** Decodes a text that is base64 of PEM, JSON or whole DER; `undefined` for any other. */
function decodeBareBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const bytes = decodeBase64(text.replace(lineEnds, "").replaceAll("-", "+").replaceAll("_", "/"));
    if (!/^(\s*\{|-----BEGIN )/.test(new TextDecoder().decode(bytes))) findLabel(bytes);
    return bytes;
  } catch {
    return undefined;
  }
}

/** Whether {@linkcode decodeKey} found DER. */
export function isDer(decoded: unknown): decoded is Uint8Array<ArrayBuffer> {
  return decoded instanceof Uint8Array;
}

/** Whether bytes are an encrypted key. */
export function isEncrypted(der: Uint8Array<ArrayBuffer>): boolean {
  return decode(() => findLabel(der)) === "ENCRYPTED PRIVATE KEY";
}

/** Reads the private key in DER. Errors don't show it. */
export function readDerKey(der: Uint8Array<ArrayBuffer>): DerKey {
  const label = decode(() => findLabel(der));
  const isKey = /^((RSA|EC) )?PRIVATE KEY$/.test(label ?? "");
  const key = isKey ? decode(() => readPkcs8(toPkcs8(der, label))) : undefined;
  if (key !== undefined) return key;
  if (!isKey) return throwUnusable(`-----BEGIN ${label}-----`, " -inform DER -in key.der ");
  throw new TypeError(
    "The private key has an unsupported type: use RSA of two primes, EC on P-256, P-384 or P-521, or Ed25519.",
  );
}

/** Replaces the reader's error, which may show the key. */
function decode<T>(work: () => T): T {
  try {
    return work();
  } catch {
    throw new TypeError(`The private key is damaged, or lacks its curve. Copy it whole, or ${convert}`);
  }
}

function throwUnusable(text: string, input = " -in key.pem "): never {
  const state = unusable.find(([pattern]) => pattern.test(text))?.[1].replace(" -in key.pem ", input) ??
    "is neither PEM nor JSON, nor DER: pass the text that begins with -----BEGIN PRIVATE KEY-----.";
  throw new TypeError(`The private key ${state}`);
}
