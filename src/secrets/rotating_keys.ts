/**
 * Several private keys of one client, for the time of a rotation.
 *
 * @module
 */

import type { KeyAttempt, KeyFunction } from "../jwt/key_source.ts";
import { type IdentifiedKey, identifyKey, type PrivateKey } from "../jwt/signing_key.ts";

export type { ExternalSigner } from "../jwt/external_signer.ts";
export type { KeyAttempt, KeyFunction } from "../jwt/key_source.ts";
export type { PrivateJwk, PrivateJwkSet } from "../jwt/private_key_jwk.ts";
export type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
export type { IdentifiedKey, PrivateKey, ServiceAccountKey } from "../jwt/signing_key.ts";

/** Holds a private key, or a function that looks it up for every attempt. */
export type RotatingKey =
  | PrivateKey
  | IdentifiedKey
  | (() => PrivateKey | IdentifiedKey | Promise<PrivateKey | IdentifiedKey>);

/**
 * Picks one of several private keys, so that no token request fails while keys are rotated. Each key travels with its
 * own `kid`.
 *
 * The key used last signs until the server refuses it; then the next one signs, and is kept if the server accepts it.
 * So a rotation costs one or two refused requests (a key that was accepted before is tried twice), whenever the server
 * learns of the new key: most believe a `jwks_uri` for a
 * minute, or its `max-age`, and look for no unknown `kid` before. Publish the next key first, and take the old one away
 * when the server has had the time to see both.
 *
 * A function isn't called before its key is needed; one that throws is skipped as long as another returns a key. A token
 * request tries one other key (`getToken`, which sends one request, none).
 *
 * @example
 * ```ts
 * import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
 * import { rotatingKeys } from "@m2m/authenticator/client-auth/rotating-keys";
 *
 * const vault = { read: (_name: string) => Promise.resolve("-----BEGIN PRIVATE KEY-----…") };
 * const clientAuth = privateKeyJwt(rotatingKeys([
 *   async () => ({ key: await vault.read("current"), kid: "2026-11", alg: "ES256" }),
 *   async () => ({ key: await vault.read("next"), kid: "2026-12", alg: "ES256" }),
 * ]));
 * console.log(clientAuth.method); // private_key_jwt
 * ```
 *
 * @param keys The keys, or functions that look them up each time: the current one first.
 * @returns A value for `privateKeyJwt`. It rejects with the first function's error if none returns a key.
 * @throws {TypeError} If the array is empty, or two keys have the same `kid`.
 */
export function rotatingKeys(
  keys: readonly RotatingKey[],
): ((attempt?: KeyAttempt) => Promise<PrivateKey | IdentifiedKey>) & Required<Pick<KeyFunction, "accepted" | "keys">> {
  if (!Array.isArray(keys) || keys.length === 0) throw new TypeError("keys must be an array with at least one key.");
  const copied = keys.map((key) => typeof key === "function" ? key : identify(key));
  const known = copied.filter((key) => typeof key !== "function");
  const kids = known.flatMap((given) => given.kid ?? Object(given.key).kid ?? []);
  if (new Set(kids).size < kids.length) throw new TypeError("keys must have different kids: servers find them by it.");
  /** Where each returned key stands. */
  const places = new WeakMap<object, number>();
  let lastUsed = 0;
  const next = async (attempt?: KeyAttempt) => {
    const first = lastUsed;
    const failures: unknown[] = [];
    let refused: IdentifiedKey | undefined;
    for (let turn = 0; turn < copied.length; turn++) {
      const index = (first + turn) % copied.length;
      try {
        const source = copied[index]!;
        const key = typeof source === "function" ? identify(await source()) : source;
        places.set(key, index);
        if (!await attempt?.isRefused(key)) {
          // The one before may be right all the same.
          if (!attempt?.isUncertain) lastUsed = index;
          return key;
        }
        refused = key;
      } catch (error) {
        failures.push(error);
      }
    }
    // The caller doesn't send a request with a refused key again.
    if (refused === undefined) throw failures[0];
    return refused;
  };
  const accepted = (key: PrivateKey | IdentifiedKey) => {
    lastUsed = places.get(key as IdentifiedKey) ?? lastUsed;
  };
  return Object.assign(next, { accepted, keys: () => known });
}

/** Makes an object of the key, by which it is known again. */
function identify(key: PrivateKey | IdentifiedKey): IdentifiedKey {
  return { ...identifyKey(key) } as IdentifiedKey;
}
