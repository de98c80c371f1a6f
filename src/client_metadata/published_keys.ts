/**
 * The public keys that a client publishes (RFC 7517 §5). Only members that are public by their name are copied.
 *
 * @module
 */

import { decodeBase64 } from "@std/encoding/base64";
import { findAlgorithm, getKeyParameters, type PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";

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
 * Holds a key to publish: a JWK or PEM text, public or private, or a `CryptoKey`, public or extractable; any of these
 * with `kid` and `alg` beside it, as `key` or as `publicKey`. So the keys given to `privateKeyJwt` and `rotatingKeys` will
 * do, and signers and key pairs that have a `publicKey`. What is private in them isn't published.
 */
export type PublishedKey =
  | string
  | PublishableJwk
  | CryptoKey
  | {
    /** The key, unless there is a `publicKey`. */
    readonly key?: string | PublishableJwk | CryptoKey | undefined;
    /** The public key. Where there is one, it alone is read. */
    readonly publicKey?: string | PublishableJwk | CryptoKey | undefined;
    /** The key's identifier. Default: that of the JWK, else none. */
    readonly kid?: string | undefined;
    /** The key's algorithm. Default: that of the JWK, else none. */
    readonly alg?: string | undefined;
  };

/** Holds keys to publish: an array, whose elements may be functions that look a key up, or a JWK set. */
export type PublishedKeys =
  | readonly (PublishedKey | (() => PublishedKey | Promise<PublishedKey>))[]
  | { readonly keys: readonly PublishableJwk[] };

const required: Readonly<Record<string, readonly string[]>> = {
  RSA: ["n", "e"],
  EC: ["crv", "x", "y"],
  OKP: ["crv", "x"],
};
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
  const read = checkPublishedKeys(given).map(async (key) =>
    await readKey(typeof key === "function" ? await key() : key)()
  );
  const keys = await Promise.all(read);
  const kids = new Set(keys.map(({ kid }) => kid));
  if (keys.length > 1 && (kids.size < keys.length || kids.has(undefined))) {
    throw new TypeError("Each of several keys must have a kid of its own: servers find the key by it.");
  }
  return { keys };
}

function readKey(given: unknown): () => Promise<PublishedJwk> {
  const { kid, alg, ...held } = Object(given) as Record<string, unknown>;
  const key = held["publicKey"] ?? held["key"] ?? given;
  const isNamed = key !== given;
  const name = (jwk: Record<string, unknown>) =>
    pick(isNamed ? { ...jwk, ...kid !== undefined && { kid }, ...alg !== undefined && { alg } } : jwk);
  if (isCryptoKey(key)) {
    if (key.type === "secret") throw new TypeError("A key to publish must not be a shared secret.");
    if (!key.extractable) {
      throw new TypeError("A key to publish must be extractable: pass its public key, as publicKey beside it.");
    }
    return async () => name({ ...await crypto.subtle.exportKey("jwk", key), alg: findAlgorithm(key)?.alg });
  }
  if (typeof key === "string" && !key.trimStart().startsWith("{")) {
    const pem = readPem(key);
    return async () => name({ ...await pem(), alg: undefined });
  }
  const jwk = typeof key === "string" ? parseJson(key) : Object(key) as Record<string, unknown>;
  const picked = name(jwk);
  return () => Promise.resolve(picked);
}

/** Copies the public members of a JWK. */
function pick(jwk: Record<string, unknown>): PublishedJwk {
  const { kty = "", use = "sig", alg, kid } = jwk;
  if (kty === "oct") throw new TypeError("A key to publish must not be a shared secret.");
  const wanted = Object.hasOwn(required, String(kty)) ? required[String(kty)]! : undefined;
  if (!wanted?.every((name) => typeof jwk[name] === "string")) {
    throw new TypeError(
      "A key to publish must be a JWK of type RSA, EC or OKP, PEM text, or a CryptoKey (of a pair: its publicKey).",
    );
  }
  if (kid !== undefined && typeof kid !== "string") throw new TypeError("kid must be a string.");
  // Runtimes name it differently (RFC 9864), and servers that know the other name alone would refuse the key.
  const usual = kty === "OKP" ? undefined : alg;
  const all: Record<string, unknown> = { ...jwk, use, alg: usual };
  const isText = (value: unknown) => typeof value === "string";
  const isPublic = (name: string) => isText(all[name]) || name === "x5c" && [all[name] ?? ""].flat().every(isText);
  const known = ["kty", ...wanted, ...others].filter((name) => all[name] !== undefined && isPublic(name));
  return Object.fromEntries(known.map((name) => [name, all[name]])) as unknown as PublishedJwk;
}

/** The kinds of keys, to be tried: an import fails with all but its own. */
const kinds: readonly PrivateKeyAlgorithm[] = ["ES256", "ES384", "ES512", "EdDSA", "RS256"];

/** Reads PEM text; the public key is made from a private one. */
function readPem(text: string): () => Promise<JsonWebKey> {
  const [, label, body = ""] =
    /-----BEGIN (PUBLIC|PRIVATE) KEY-----([^-]+)-----END (?:PUBLIC|PRIVATE) KEY-----/.exec(text) ?? [];
  const fail = (): never => {
    throw new TypeError(
      "A key to publish must be PEM of a public key, or of a private one in PKCS#8: " +
        "make the former with `openssl pkey -in key.pem -pubout`.",
    );
  };
  let der: Uint8Array<ArrayBuffer>;
  try {
    der = label ? decodeBase64(body.replace(/\\+[rn]|\s/g, "")) : fail();
  } catch {
    return fail();
  }
  const [format, usage] = label === "PUBLIC" ? ["spki", "verify"] as const : ["pkcs8", "sign"] as const;
  return async () => {
    for (const kind of kinds) {
      try {
        const key = await crypto.subtle.importKey(format, der, getKeyParameters(kind), true, [usage]);
        return await crypto.subtle.exportKey("jwk", key);
      } catch {
        // It is of another kind.
      }
    }
    return fail();
  };
}

function parseJson(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    throw new TypeError("A key to publish begins like a JWK, but isn't JSON.");
  }
}

/** Accepts keys of other realms, by the name; older workerd doesn't have that name. */
function isCryptoKey(given: unknown): given is CryptoKey {
  return typeof CryptoKey === "function" && given instanceof CryptoKey ||
    Object.prototype.toString.call(given) === "[object CryptoKey]";
}
