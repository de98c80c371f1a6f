/**
 * The public keys that a client publishes (RFC 7517 §5). Only members that are public by their name are copied.
 *
 * @module
 */

import { decodeBase64 } from "@std/encoding/base64";
import { findLabel } from "../jwt/private_key_der.ts";
import { pickJwk, type PrivateJwk } from "../jwt/private_key_jwk.ts";
import { decodeKey, isDer, readDerKey } from "../jwt/private_key_pem.ts";
import { parameters } from "../jwt/public_key.ts";
import { findAlgorithm, getKeyParameters, type PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
import { isCryptoKey } from "../jwt/signing_key.ts";

/** Holds a public key for a JWK set, with its identifier. */
export interface PublishedJwk {
  /** The key's type: `"RSA"`, `"EC"` or `"OKP"`. */
  readonly kty: string;
  /** The key's identifier. */
  readonly kid?: string | undefined;
  /** Further members, all public. */
  readonly [member: string]: unknown;
}

/** Holds a JWK that may be public or private (RFC 7517). */
export type PublishableJwk = Readonly<JsonWebKey> & {
  /** The key's identifier (RFC 7517 §4.5). */
  readonly kid?: string | undefined;
};

/**
 * Holds a key in a form that can be published: PEM text, a JWK, a JWK set or a service account's key file (as an object or
 * as JSON text), the bytes of these or of DER, such a text in base64, or a `CryptoKey`, public or extractable. A public key
 * in PEM or DER must be SPKI; an encrypted private key can't be read.
 */
export type PublishableKey =
  | string
  | PublishableJwk
  | {
    /** The keys of a JWK set: the private one with the `kid` beside the set, else the only private one. */
    readonly keys: readonly PublishableJwk[];
  }
  | {
    /** The key of a service account, as PEM text. */
    readonly private_key: string;
    /** The key's identifier. */
    readonly private_key_id?: string | undefined;
  }
  | CryptoKey
  | ArrayBuffer
  | ArrayBufferView;

/**
 * Holds a key to publish, alone or with `kid` and `alg` beside it, as `key` or as `publicKey`. So the keys given to
 * `privateKeyJwt` and `rotatingKeys` will do, except those that are encrypted, a `CryptoKey` that isn't extractable, and a
 * signer without a `publicKey`: pass the public key of these. What is private in them isn't published.
 */
export type PublishedKey =
  | PublishableKey
  | {
    /** The key, unless there is a `publicKey`. */
    readonly key?: PublishableKey | { readonly publicKey?: PublishableKey | undefined } | undefined;
    /** The public key. Where there is one, it alone is read. */
    readonly publicKey?: PublishableKey | undefined;
    /** The key's identifier. Default: that of the key, else none. */
    readonly kid?: string | undefined;
    /** The key's algorithm. Default: that of the key, else none. */
    readonly alg?: string | undefined;
  };

/** Holds keys to publish: an array, whose elements may be functions that look a key up, or a JWK set. */
export type PublishedKeys =
  | readonly (PublishedKey | (() => PublishedKey | Promise<PublishedKey>))[]
  | { readonly keys: readonly PublishableJwk[] };

/** Public members besides the key itself (RFC 7517 §4). */
const others = ["kid", "use", "alg", "x5c", "x5t#S256"];

/** Checks the form of keys that are known from the start. Throws a `TypeError` that doesn't show them. */
export function checkPublishedKeys(given: unknown): readonly unknown[] {
  const keys = Array.isArray(given) ? given : (Object(given) as { keys?: unknown }).keys;
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new TypeError("keys must be an array with at least one key, or a JWK set.");
  }
  for (const key of keys) if (typeof key !== "function") readKey(key);
  return keys;
}

/** Reads keys as a JWK set that has nothing private in it. */
export async function readPublishedKeys(given: unknown): Promise<{ readonly keys: readonly PublishedJwk[] }> {
  const keys = await Promise.all(checkPublishedKeys(given).map((key) => readKey(key)()));
  const kids = new Set(keys.map(({ kid }) => kid));
  if (keys.length > 1 && (kids.size < keys.length || kids.has(undefined))) {
    throw new TypeError("Each of several keys must have a kid of its own: servers find the key by it.");
  }
  return { keys };
}

/** What is said beside a key. */
interface Named {
  readonly kid?: unknown;
  readonly alg?: unknown;
}

/** Reads a key, in the forms of the one reader of private keys and as SPKI. */
function readKey(given: unknown, named: Named = {}): () => Promise<PublishedJwk> {
  const name = (jwk: Named) => pick({ ...jwk, kid: named.kid ?? jwk.kid, alg: named.alg ?? jwk.alg });
  if (isCryptoKey(given)) {
    if (given.type === "secret") throw new TypeError("A key to publish must not be a shared secret.");
    if (!given.extractable) {
      throw new TypeError("A key to publish must be extractable: pass its public key, as publicKey beside it.");
    }
    return async () => name({ ...await crypto.subtle.exportKey("jwk", given), alg: findAlgorithm(given)?.alg });
  }
  const { publicKey, key, kid, alg } = Object(given) as Record<string, unknown>;
  const held = publicKey ?? key;
  if (held !== undefined) return readKey(held, { kid: named.kid ?? kid, alg: named.alg ?? alg });
  const decoded = decode(() => decodeText(given));
  if (isDer(decoded)) {
    const read = decode(() => readDer(decoded));
    return async () => name(await read());
  }
  const object = Object(decoded) as Record<string, unknown>;
  if ("private_key" in object) {
    const { private_key: pem, private_key_id: id } = object;
    return readKey(String(pem), { ...named, kid: named.kid ?? id ?? undefined });
  }
  const picked = name("keys" in object ? pickJwk(object["keys"] as PrivateJwk[], named.kid as string) : object);
  return () => Promise.resolve(picked);
}

/** Copies the public members of a JWK. */
function pick(jwk: Readonly<Record<string, unknown>>): PublishedJwk {
  const { kty = "", use = "sig", alg, kid } = jwk;
  if (kty === "oct") throw new TypeError("A key to publish must not be a shared secret.");
  const wanted = Object.hasOwn(parameters, String(kty)) ? parameters[String(kty)]! : undefined;
  if (!wanted?.every((name) => typeof jwk[name] === "string")) return throwUnreadable();
  if (kid !== undefined && typeof kid !== "string") throw new TypeError("kid must be a string.");
  // Runtimes name it differently (RFC 9864), and servers that know the other name alone would refuse the key.
  const usual = kty === "OKP" ? undefined : alg;
  const all: Record<string, unknown> = { ...jwk, use, alg: usual };
  const isText = (value: unknown) => typeof value === "string";
  const isPublic = (name: string) => isText(all[name]) || name === "x5c" && [all[name] ?? ""].flat().every(isText);
  const known = [...wanted, ...others].filter((name) => all[name] !== undefined && isPublic(name));
  return Object.fromEntries(known.map((name) => [name, all[name]])) as unknown as PublishedJwk;
}

/** The kinds of keys, to be tried: an import fails with all but its own. */
const kinds: readonly PrivateKeyAlgorithm[] = ["ES256", "ES384", "ES512", "EdDSA", "RS256"];

const publicPem = /-----BEGIN PUBLIC KEY-----([^-]+)-----END PUBLIC KEY-----/;

function decodeText(given: unknown): unknown {
  const body = typeof given === "string" ? publicPem.exec(given)?.[1] : undefined;
  return body === undefined ? decodeKey(given) : decodeBase64(body.replace(/\\+[rn]|\s/g, ""));
}

/** Reads DER; the public key is made from a private one. */
function readDer(given: Uint8Array<ArrayBuffer>): () => Promise<JsonWebKey> {
  const isPublic = findLabel(given) === "PUBLIC KEY";
  const { der, alg } = isPublic ? { der: given } : readDerKey(given);
  const [format, usage] = isPublic ? ["spki", "verify"] as const : ["pkcs8", "sign"] as const;
  return async () => {
    for (const kind of kinds) {
      try {
        const key = await crypto.subtle.importKey(format, der, getKeyParameters(kind), true, [usage]);
        const { alg: _, ...jwk } = await crypto.subtle.exportKey("jwk", key);
        return { ...jwk, ...alg && { alg } };
      } catch {
        // It is of another kind.
      }
    }
    return throwUnreadable();
  };
}

/** Replaces the reader's error, which asks for a private key; it doesn't show the key. */
function decode<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    return throwUnreadable(cause);
  }
}

function throwUnreadable(cause?: unknown): never {
  throw new TypeError(
    "A key to publish must be a JWK, PEM, DER or a CryptoKey (of a pair or a signer: its publicKey), and not encrypted: " +
      "make PEM of the public key with `openssl pkey -in key.pem -pubout`.",
    { cause },
  );
}
