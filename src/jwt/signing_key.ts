/**
 * A private key in any of its forms, read for signing.
 *
 * @module
 */

import type { SigningMaterial } from "./compact_jws.ts";
import { checkSigner, type ExternalSigner, isExternalSigner } from "./external_signer.ts";
import { pickJwk, type PrivateJwk, type PrivateJwkSet, readJwk } from "./private_key_jwk.ts";
import { decodeKey, isDer, readDerKey } from "./private_key_pem.ts";
import { completeRsaJwk } from "./rsa_primes.ts";
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
 * Holds a private key: PEM text (PKCS#8, PKCS#1 or SEC1; other text around it is ignored), a JSON Web Key, a set of them
 * or a service account's key file as an object or as JSON text, the bytes of these or of DER, such a text in base64, a
 * `CryptoKey`, extractable or not, or a signer for a key that is elsewhere. Encrypted PKCS#8 needs a `passphrase`.
 */
export type PrivateKey =
  | string
  | PrivateJwk
  | PrivateJwkSet
  | ServiceAccountKey
  | CryptoKey
  | ArrayBuffer
  | ArrayBufferView
  | ExternalSigner;

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
  /** Whether it is imported first. */
  readonly needsImport: boolean;
  /** Identifies the key without showing it. */
  thumbprint(): Promise<string>;
  /** Imports the key, or gives a function that signs for one request. Rejects with a `TypeError` that doesn't show it. */
  open(signal: AbortSignal): Promise<SigningMaterial>;
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
  const identified = identifyKey(given);
  const { key } = identified;
  const requested = identified.alg ?? options.alg;
  checkAlgorithm(requested);
  if (isExternalSigner(key)) {
    const { alg, kid, publicJwk, open } = checkSigner(key, { alg: requested, kid: identified.kid ?? options.kid });
    const thumbprint = async () => JSON.stringify([alg, kid, kid !== undefined || await publicJwk() || numberKey(key)]);
    return { alg, kid, needsImport: false, thumbprint, open: (signal) => Promise.resolve(open(signal)) };
  }
  const known = readKey(key, identified.kid ?? options.kid);
  const alg = chooseAlgorithm(known.kind, requested ?? known.usualAlg, known.alg);
  const kid = identified.kid ?? options.kid ?? known.kid;
  if (kid !== undefined && typeof kid !== "string") throw new TypeError("kid must be a string.");
  let [thumbprint, opened]: [string?, CryptoKey?] = [];
  return {
    alg,
    kid,
    needsImport: !isCryptoKey(key),
    // A CryptoKey's own kid identifies it better than the object does.
    thumbprint: async () =>
      thumbprint ??= JSON.stringify([
        alg,
        kid,
        identified.kid !== undefined && isCryptoKey(key) || await known.thumbprint(),
      ]),
    open: async () => opened ??= checkStrength(await known.open(alg)),
  };
}

function checkStrength(key: CryptoKey): CryptoKey {
  const { modulusLength }: KeyAlgorithm & { modulusLength?: number } = key.algorithm;
  if (modulusLength !== undefined && modulusLength < 2048) {
    throw new TypeError(`The RSA key has ${modulusLength} bits. Use one of 2048 or more (RFC 7518 §3.3).`);
  }
  return key;
}

/** Tells a key from a key with its identifier. */
export function identifyKey(given: unknown): { readonly key: unknown } & Omit<IdentifiedKey, "key"> {
  return typeof given === "object" && given !== null && "key" in given && !isExternalSigner(given)
    ? given
    : { key: given };
}

function readKey(given: unknown, kid: string | undefined): Known {
  const decoded = decodeKey(given);
  if (isDer(decoded)) return knowDer(decoded);
  if (isCryptoKey(decoded)) return readCryptoKey(decoded);
  if (typeof decoded === "object" && decoded !== null) {
    if ("private_key" in decoded) return readServiceAccount(decoded);
    if ("keys" in decoded) {
      return readJwkKey(pickJwk(Array.isArray(decoded) ? decoded : decoded.keys as PrivateJwk[], kid));
    }
    if ("kty" in decoded) return readJwkKey(decoded as PrivateJwk);
  }
  throw new TypeError(
    "The private key must be PEM text, a JWK, bytes of either or of DER, a CryptoKey (of a CryptoKeyPair: its " +
      "privateKey), or a signer with a function sign.",
  );
}

function readServiceAccount(given: object): Known {
  const { private_key: key, private_key_id: kid, type }: Record<string, unknown> = { ...given };
  const known = readKey(String(key), undefined);
  // Google's servers take no other algorithm.
  return {
    ...known,
    kid: kid ?? undefined,
    ...type === "service_account" && known.kind === "RSA" && { usualAlg: "RS256" },
  };
}

function knowDer(bytes: Uint8Array<ArrayBuffer>): Known {
  const { der, ...known } = readDerKey(bytes);
  return { ...known, thumbprint: () => hash(der), open: (alg) => importKey("pkcs8", der, alg) };
}

function readJwkKey(given: PrivateJwk): Known {
  const { jwk, isIncomplete, ...known } = readJwk(given);
  return {
    ...known,
    thumbprint: () => hash(new TextEncoder().encode(JSON.stringify(jwk))),
    open: (alg) => importKey("jwk", isIncomplete ? () => completeRsaJwk(jwk) : jwk, alg),
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

const numbers = new WeakMap<CryptoKey | ExternalSigner, string>();
let count = 0;

/** Numbers a key: a non-extractable one can only be told from others by its object. */
function numberKey(key: CryptoKey | ExternalSigner): string {
  const number = numbers.get(key) ?? String(++count);
  numbers.set(key, number);
  return number;
}

/** Accepts keys of other realms, by the name; older workerd doesn't have that name. */
export function isCryptoKey(given: unknown): given is CryptoKey {
  return typeof CryptoKey === "function" && given instanceof CryptoKey ||
    Object.prototype.toString.call(given) === "[object CryptoKey]";
}

/** Replaces the runtime's error, which may show the key. */
async function importKey(
  format: "pkcs8" | "jwk",
  given: Uint8Array<ArrayBuffer> | JsonWebKey | (() => JsonWebKey),
  alg: PrivateKeyAlgorithm,
): Promise<CryptoKey> {
  const key = typeof given === "function" ? given() : given as JsonWebKey;
  try {
    return await crypto.subtle.importKey(format as "jwk", key, getKeyParameters(alg), false, ["sign"]);
  } catch {
    throw new TypeError("The private key is damaged, or this runtime doesn't know its algorithm.");
  }
}
