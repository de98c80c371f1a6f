/**
 * The source of a signing key: given, or looked up for every attempt.
 *
 * @module
 */

import type { SigningMaterial } from "./compact_jws.ts";
import { toHex } from "./der.ts";
import { readEncryptedKey } from "./encrypted_key.ts";
import { decodeKey, isDer, isEncrypted } from "./private_key_pem.ts";
import { checkAlgorithm, type PrivateKeyAlgorithm } from "./signing_algorithm.ts";
import { type IdentifiedKey, identifyKey, type PrivateKey, readSigningKey, type SigningKey } from "./signing_key.ts";

/** Tells a function that looks up a key about the last attempt. */
export interface KeyAttempt {
  /** Whether the server may have refused something else than the key. Default: `false`. */
  readonly isUncertain?: boolean | undefined;
  /**
   * Checks whether the server has just refused a key: if another is returned, the request is sent again.
   *
   * @param key The key.
   * @returns Whether it is the one refused.
   */
  isRefused(key: PrivateKey | IdentifiedKey): Promise<boolean>;
}

/** Looks up a private key for every attempt. */
export interface KeyFunction {
  /** Returns the key. The attempt is missing unless a key was refused. */
  (attempt?: KeyAttempt): PrivateKey | IdentifiedKey | Promise<PrivateKey | IdentifiedKey>;
  /**
   * Gives the keys that are known from the start, to be checked then. A function: a property would be printed.
   *
   * @returns The keys.
   */
  keys?(): readonly (PrivateKey | IdentifiedKey)[];
  /**
   * Called when the server has accepted a key.
   *
   * @param key The key, as it was returned.
   */
  accepted?(key: PrivateKey | IdentifiedKey): void;
}

/** Options of a signing key. All but `passphrase` are defaults for keys that don't say it themselves. */
export interface KeyOptions {
  readonly alg?: PrivateKeyAlgorithm | undefined;
  readonly kid?: string | undefined;
  readonly passphrase?: string | undefined;
}

/** A key ready to sign for one request. */
export interface LoadedKey {
  readonly alg: PrivateKeyAlgorithm;
  readonly kid: string | undefined;
  readonly key: SigningMaterial;
  /** Identifies the key without showing it. */
  readonly thumbprint: string;
}

/** What a token request knows of a key. */
interface Asking {
  readonly signal: AbortSignal;
  readonly refused?: string | undefined;
  readonly isUncertain?: boolean | undefined;
}

/** Gets keys, each imported once. */
export interface KeyLoader {
  /** Looks the key up. Rejects with the function's error. */
  lookUp(asking?: Asking): Promise<unknown>;
  /** Makes it ready. Rejects with a `TypeError` that doesn't show it. */
  load(given: unknown, asking: Asking): Promise<LoadedKey>;
}

/** Checks a key that is given, for a mistake should show when the program starts. Throws a `TypeError`. */
export function makeKeyLoader(source: PrivateKey | IdentifiedKey | KeyFunction, given: KeyOptions): KeyLoader {
  const { alg, kid, passphrase } = given;
  const options = { alg, kid };
  checkAlgorithm(alg);
  if (passphrase !== undefined && (typeof passphrase !== "string" || passphrase === "")) {
    throw new TypeError("passphrase must be a string that is not empty.");
  }
  const read = makeReader(options, passphrase);
  const isFunction = typeof source === "function";
  const fixed = isFunction ? undefined : read(source);
  for (const key of isFunction && source.keys?.() || []) read(key);
  // The one before is in use again when a new one is refused.
  let last: SigningKey[] = [];
  const find = async (given: unknown): Promise<SigningKey> => {
    if (fixed) return await fixed();
    const key = await read(given)();
    if (!key.needsImport) return key;
    const thumbprint = await key.thumbprint();
    for (const each of last) if (await each.thumbprint() === thumbprint) return each;
    last = [key, ...last].slice(0, 2);
    return key;
  };
  return {
    async lookUp(asking) {
      if (!isFunction) return undefined;
      const { refused, isUncertain } = asking ?? {};
      const isRefused = async (key: unknown) => await (await find(key)).thumbprint() === refused;
      return await source(refused === undefined ? undefined : { isUncertain, isRefused });
    },
    async load(given, { signal }) {
      const key = await find(given);
      return { alg: key.alg, kid: key.kid, key: await key.open(signal), thumbprint: await key.thumbprint() };
    },
  };
}

/** Makes a function that reads keys; it decrypts the last one once. */
function makeReader(
  options: KeyOptions,
  passphrase: string | undefined,
): (given: unknown) => () => Promise<SigningKey> {
  let last: { readonly from: string; readonly key: SigningKey } | undefined;
  return (given) => {
    const identified = identifyKey(given);
    const der = passphrase === undefined ? undefined : decodeKey(identified.key);
    if (!isDer(der) || !isEncrypted(der)) {
      const key = readSigningKey(given, options);
      return () => Promise.resolve(key);
    }
    const decrypt = readEncryptedKey(der);
    const from = [toHex(der), identified.alg, identified.kid].join();
    return async () => {
      if (last?.from === from) return last.key;
      const key = readSigningKey({ ...identified, key: await decrypt(passphrase!) }, options);
      last = { from, key };
      return key;
    };
  };
}
