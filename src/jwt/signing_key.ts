/**
 * A private key in whatever form it is held, made ready to sign.
 *
 * @module
 */

import { type PrivateJwk, readJwk } from "./private_key_jwk.ts";
import { readPem } from "./private_key_pem.ts";
import {
  algorithmOf,
  checkAlgorithm,
  chooseAlgorithm,
  type KeyKind,
  parametersOf,
  type PrivateKeyAlgorithm,
} from "./signing_algorithm.ts";

/**
 * A private key: PEM text (PKCS#8, unencrypted; whatever stands around the key is skipped), a JSON Web Key as an
 * object or its JSON text, or a key of Web Crypto's, which needn't be extractable.
 */
export type PrivateKey = string | PrivateJwk | CryptoKey;

/** A private key, and what it is known by: for keys that change, where their identifiers change along with them. */
export interface IdentifiedKey {
  /** The key. */
  readonly key: PrivateKey;
  /** The `kid` of this key. Default: what the options say, else what a JWK says. */
  readonly kid?: string | undefined;
  /** The algorithm of this key. Default: what the options say, else what the key says. */
  readonly alg?: PrivateKeyAlgorithm | undefined;
}

/** What signs, and what the assertion's header says about it. */
export interface SigningKey {
  readonly alg: PrivateKeyAlgorithm;
  readonly kid: string | undefined;
  /** A text that is another for another key, and tells nothing of it. */
  thumbprint(): Promise<string>;
  /** The key itself. Rejects with a `TypeError` that shows nothing of it. */
  open(): Promise<CryptoKey>;
}

interface Known {
  readonly kind: KeyKind;
  readonly alg?: PrivateKeyAlgorithm | undefined;
  readonly kid?: string | undefined;
  thumbprint(): Promise<string>;
  open(alg: PrivateKeyAlgorithm): Promise<CryptoKey>;
}

/** Reads a key as far as that takes no cryptography. Throws a `TypeError` that says what to do, and shows no key. */
export function readSigningKey(
  given: unknown,
  options: { readonly alg?: PrivateKeyAlgorithm | undefined; readonly kid?: string | undefined },
): SigningKey {
  const identified = isIdentified(given) ? given : { key: given };
  const wished = identified.alg ?? options.alg;
  checkAlgorithm(wished);
  const known = readKey(identified.key);
  const alg = chooseAlgorithm(known.kind, wished, known.alg);
  const kid = identified.kid ?? options.kid ?? known.kid;
  if (kid !== undefined && typeof kid !== "string") throw new TypeError("kid must be a string.");
  return {
    alg,
    kid,
    // What came with this very key tells it from others better than which object it is.
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
        throw new TypeError(`The RSA key has ${modulusLength} bits: 2048 are the least (RFC 7518 §3.3).`);
      }
      return key;
    },
  };
}

function isIdentified(given: unknown): given is { key: unknown } & Omit<IdentifiedKey, "key"> {
  return typeof given === "object" && given !== null && "key" in given;
}

function readKey(given: unknown): Known {
  if (typeof given === "string") return given.trimStart().startsWith("{") ? knownJwk(parse(given)) : knownPem(given);
  if (isCryptoKey(given)) return knownCryptoKey(given);
  if (typeof given === "object" && given !== null && ("kty" in given || "keys" in given)) {
    return knownJwk(given as PrivateJwk);
  }
  throw new TypeError(
    "The private key must be PEM text (PKCS#8), a JWK, or a CryptoKey (of a CryptoKeyPair: its privateKey).",
  );
}

function knownPem(text: string): Known {
  const { kind, der } = readPem(text);
  return {
    kind,
    thumbprint: () => digest(der),
    open: (alg) => imported(crypto.subtle.importKey("pkcs8", der, parametersOf(alg), false, ["sign"])),
  };
}

function knownJwk(given: PrivateJwk): Known {
  const { jwk, ...known } = readJwk(given);
  return {
    ...known,
    thumbprint: () => digest(new TextEncoder().encode(JSON.stringify(jwk))),
    open: (alg) => imported(crypto.subtle.importKey("jwk", jwk, parametersOf(alg), false, ["sign"])),
  };
}

function knownCryptoKey(key: CryptoKey): Known {
  if (key.type !== "private") {
    throw new TypeError(
      `The CryptoKey is a ${key.type} key: pass a private key${
        key.type === "secret" ? ", or use clientSecretJwt" : ""
      }.`,
    );
  }
  if (!key.usages.includes("sign")) throw new TypeError('The CryptoKey can\'t sign: make it with the usage "sign".');
  const known = algorithmOf(key);
  if (known === undefined) {
    throw new TypeError("The CryptoKey is for an algorithm that isn't one for client assertions.");
  }
  return { ...known, thumbprint: () => Promise.resolve(numberOf(key)), open: () => Promise.resolve(key) };
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).join();
}

const numbers = new WeakMap<CryptoKey, string>();
let count = 0;

/** Of a key that can't be taken out of Web Crypto all there is to know is whether it is the same. */
function numberOf(key: CryptoKey): string {
  const number = numbers.get(key) ?? String(++count);
  numbers.set(key, number);
  return number;
}

/** By its name too, for a key may come from another realm; by that alone older workerd would know none. */
function isCryptoKey(given: unknown): given is CryptoKey {
  return given instanceof CryptoKey || Object.prototype.toString.call(given) === "[object CryptoKey]";
}

/** The parser's own error would quote the text. */
function parse(text: string): PrivateJwk {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError("The private key begins like a JWK and is no JSON.");
  }
}

/** Runtimes differ in what they say about a bad key, and in how much of it they show. */
async function imported(importing: Promise<CryptoKey>): Promise<CryptoKey> {
  try {
    return await importing;
  } catch {
    throw new TypeError("The private key is damaged, or this runtime doesn't know its algorithm.");
  }
}
