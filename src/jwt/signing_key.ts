/**
 * A private key in any of its forms, read for signing.
 *
 * @module
 */

import { type PrivateJwk, readJwk } from "./private_key_jwk.ts";
import type { DerKey } from "./private_key_der.ts";
import { decodeBareBase64, readDerKey, readPem } from "./private_key_pem.ts";
import {
  checkAlgorithm,
  chooseAlgorithm,
  findAlgorithm,
  getKeyParameters,
  type KeyKind,
  type PrivateKeyAlgorithm,
} from "./signing_algorithm.ts";

/** Holds a service account's key, as Google's key files do: the rest of such a file isn't read. */
export interface ServiceAccountKey {
  /** The key, as PEM text. */
  readonly private_key: string;
  /**
   * The key's identifier.
   *
   * @default {none}
   */
  readonly private_key_id?: string | undefined;
}

/**
 * Holds a private key: PEM text (unencrypted PKCS#8; other text around it is ignored), a JSON Web Key or a service
 * account's key file as an object or as JSON text, the bytes of these or of DER, such a text in base64, or a `CryptoKey`,
 * extractable or not.
 */
export type PrivateKey = string | PrivateJwk | ServiceAccountKey | CryptoKey | ArrayBuffer | ArrayBufferView;

/** Holds a private key with its identifier, for keys that rotate. */
export interface IdentifiedKey {
  /** The key. */
  readonly key: PrivateKey;
  /**
   * The key's `kid`.
   *
   * @default {the option's, else the key's own}
   */
  readonly kid?: string | undefined;
  /**
   * The key's algorithm.
   *
   * @default {the option's, else the key's}
   */
  readonly alg?: PrivateKeyAlgorithm | undefined;
}

/** A key ready to sign, and its header parameters. */
export interface SigningKey {
  readonly alg: PrivateKeyAlgorithm;
  readonly kid: string | undefined;
  /** Identifies the key without showing it. */
  thumbprint(): Promise<string>;
  /** Imports the key. Rejects with a `TypeError` that doesn't show it. */
  open(): Promise<CryptoKey>;
}

interface Known {
  readonly kind: KeyKind;
  readonly alg?: PrivateKeyAlgorithm | undefined;
  /** The algorithm unless another one is requested. */
  readonly usualAlg?: PrivateKeyAlgorithm | undefined;
  readonly kid?: unknown;
  thumbprint(): Promise<string>;
  open(alg: PrivateKeyAlgorithm): Promise<CryptoKey>;
}

/** Reads a key without importing it. Throws a `TypeError` that doesn't show it. */
export function readSigningKey(
  given: unknown,
  options: { readonly alg?: PrivateKeyAlgorithm | undefined; readonly kid?: string | undefined },
): SigningKey {
  const identified = isIdentified(given) ? given : { key: given };
  const requested = identified.alg ?? options.alg;
  checkAlgorithm(requested);
  const known = readKey(identified.key);
  const alg = chooseAlgorithm(known.kind, requested ?? known.usualAlg, known.alg);
  const kid = identified.kid ?? options.kid ?? known.kid;
  if (kid !== undefined && typeof kid !== "string") throw new TypeError("kid must be a string.");
  return {
    alg,
    kid,
    // A CryptoKey's own kid identifies it better than the object does.
    thumbprint: async () =>
      JSON.stringify([
        alg,
        kid,
        identified.kid !== undefined && isCryptoKey(identified.key) || await known.thumbprint(),
      ]),
    async open() {
      const key = await known.open(alg);
      const { modulusLength }: KeyAlgorithm & { modulusLength?: number } = key.algorithm;
      if (modulusLength !== undefined && modulusLength < 2048) {
        throw new TypeError(`The RSA key has ${modulusLength} bits. Use one of 2048 or more (RFC 7518 §3.3).`);
      }
      return key;
    },
  };
}

function isIdentified(given: unknown): given is { key: unknown } & Omit<IdentifiedKey, "key"> {
  return typeof given === "object" && given !== null && "key" in given;
}

function readKey(given: unknown): Known {
  if (typeof given === "string" || given instanceof URL) return readText(String(given));
  if (isCryptoKey(given)) return readCryptoKey(given);
  if (ArrayBuffer.isView(given)) {
    return readBytes(new Uint8Array(given.buffer, given.byteOffset, given.byteLength).slice());
  }
  if (Object.prototype.toString.call(given) === "[object ArrayBuffer]") {
    return readBytes(new Uint8Array(given as ArrayBuffer));
  }
  if (typeof given === "object" && given !== null && ["private_key", "kty", "keys"].some((name) => name in given)) {
    return readObject(given);
  }
  throw new TypeError(
    "The private key must be PEM text (PKCS#8), a JWK, bytes of either or of DER, or a CryptoKey " +
      "(of a CryptoKeyPair: its privateKey).",
  );
}

function readText(text: string): Known {
  if (text.trimStart().startsWith("{")) return readObject(parseJson(text.trim()));
  const bytes = decodeBareBase64(text);
  return bytes ? readBytes(bytes) : knowDer(readPem(text));
}

function readBytes(bytes: Uint8Array<ArrayBuffer>): Known {
  return bytes[0] === 0x30 ? knowDer(readDerKey(() => bytes)) : readText(new TextDecoder().decode(bytes));
}

function readObject(given: object): Known {
  if (!("private_key" in given)) return readJwkKey(given as PrivateJwk);
  const { private_key: key, private_key_id: kid, type }: Record<string, unknown> = { ...given };
  const known = readText(String(key));
  // Google's servers take no other algorithm.
  return {
    ...known,
    kid: kid ?? undefined,
    ...type === "service_account" && known.kind === "RSA" && { usualAlg: "RS256" },
  };
}

function knowDer({ der, ...known }: DerKey): Known {
  return { ...known, thumbprint: () => hash(der), open: (alg) => importKey("pkcs8", der, alg) };
}

function readJwkKey(given: PrivateJwk): Known {
  const { jwk, ...known } = readJwk(given);
  return {
    ...known,
    thumbprint: () => hash(new TextEncoder().encode(JSON.stringify(jwk))),
    open: (alg) => importKey("jwk", jwk, alg),
  };
}

function readCryptoKey(key: CryptoKey): Known {
  if (key.type !== "private") {
    throw new TypeError(
      `The CryptoKey is a ${key.type} key: pass a private key${
        key.type === "secret" ? ", or use clientSecretJwt" : ""
      }.`,
    );
  }
  if (!key.usages.includes("sign")) throw new TypeError('The CryptoKey can\'t sign: make it with the usage "sign".');
  const known = findAlgorithm(key);
  if (known === undefined) {
    throw new TypeError("The CryptoKey is for an algorithm that isn't supported.");
  }
  return { ...known, thumbprint: () => Promise.resolve(numberKey(key)), open: () => Promise.resolve(key) };
}

async function hash(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).join();
}

const numbers = new WeakMap<CryptoKey, string>();
let count = 0;

/** Numbers a key: a non-extractable one can only be told from others by its object. */
function numberKey(key: CryptoKey): string {
  const number = numbers.get(key) ?? String(++count);
  numbers.set(key, number);
  return number;
}

/** Accepts keys of other realms, by the name; older workerd doesn't have that name. */
function isCryptoKey(given: unknown): given is CryptoKey {
  return typeof CryptoKey === "function" && given instanceof CryptoKey ||
    Object.prototype.toString.call(given) === "[object CryptoKey]";
}

/** The parser's own error would quote the text. */
function parseJson(text: string): object {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError("The private key begins like a JWK, but isn't JSON.");
  }
}

/** Replaces the runtime's error, which may show the key. */
async function importKey(
  format: "pkcs8" | "jwk",
  key: Uint8Array<ArrayBuffer> | JsonWebKey,
  alg: PrivateKeyAlgorithm,
): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey(format as "jwk", key as JsonWebKey, getKeyParameters(alg), false, ["sign"]);
  } catch {
    throw new TypeError("The private key is damaged, or this runtime doesn't know its algorithm.");
  }
}
