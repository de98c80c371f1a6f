/**
 * A token store that holds nothing but ciphertext.
 *
 * @module
 */

import { decodeBase64 } from "@std/encoding/base64";
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { checkStore } from "./check_store.ts";
import type { TokenStore } from "./token_store.ts";

export type * from "./token_store.ts";

/** A key that records are sealed with. */
export interface SealingKey {
  /** Names the key, in clear text beside each record: letters, digits, `-` and `_`. */
  readonly id: string;
  /** An AES-256 key: 32 bytes, their base64 (`openssl rand -base64 32`), or a `CryptoKey` for AES-GCM. */
  readonly key: string | Uint8Array<ArrayBuffer> | CryptoKey;
}

const format = "sealed-1";
const encoder = new TextEncoder();

/**
 * Seals what a store holds: AES-256-GCM, with a random nonce for each record.
 *
 * The record's key is authenticated as well: a record that was moved to another key, changed, or sealed with an unknown
 * key is a miss. The store sees hashed keys, ciphertext, lengths and lifetimes.
 *
 * The first key writes, and all of them read. To rotate: add the new key as the last one everywhere, then move it to the
 * first place, and drop the old one when the tokens of that time have expired.
 *
 * @example
 * ```ts
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { denoKvTokenStore } from "@m2m/authenticator/token-store/deno-kv";
 * import { sealed } from "@m2m/authenticator/token-store/sealed";
 *
 * using kv = await Deno.openKv(":memory:");
 * const current = { id: "2026-11", key: crypto.getRandomValues(new Uint8Array(32)) };
 * const previous = { id: "2026-05", key: crypto.getRandomValues(new Uint8Array(32)) };
 * const tokenStore = sharedTokens(sealed(denoKvTokenStore(kv), [current, previous]));
 * console.log(typeof tokenStore); // object
 * ```
 *
 * @param store The store that gets the ciphertext.
 * @param keys One key, or several: the first one writes.
 * @returns A store with the same leases.
 * @throws {TypeError} If there is no key, one can't be used, or two have the same name.
 */
export function sealed(store: TokenStore, keys: SealingKey | readonly SealingKey[]): TokenStore {
  checkStore(store);
  const ring = [keys ?? []].flat().map((key, index) => new Sealer(key, index === 0 ? "encrypt" : "decrypt"));
  const [writer] = ring;
  if (!writer) throw new TypeError("keys must hold a key, such as { id, key }.");
  if (new Set(ring.map(({ id }) => id)).size < ring.length) throw new TypeError("keys must have different ids.");
  const open = async (key: string, value: string): Promise<string | undefined> => {
    const [, id, nonce, text] = /^sealed-1\.([\w-]+)\.([\w-]{16})\.([\w-]+)$/.exec(value) ?? [];
    return await ring.find((each) => each.id === id)?.open(key, nonce!, text!);
  };
  return {
    async get(key, options) {
      const { value, ...others } = await store.get(key, options) ?? {};
      const opened = value === undefined ? undefined : await open(key, value);
      return opened === undefined ? undefined : { value: opened, ...others };
    },
    async set(key, value, options) {
      return await store.set(key, await writer.seal(key, value), options);
    },
    async delete(key, value, options) {
      // Each seal of the same value is another one.
      const stored = await store.get(key, options);
      if (stored && await open(key, stored.value) === value) await store.delete(key, stored.value, options);
    },
    ...store.lease && { lease: store.lease },
  };
}

/** One key of the ring. */
class Sealer {
  readonly id: string;
  readonly #bytes: Uint8Array<ArrayBuffer> | undefined;
  // Not as a promise: on workerd one request can't wait for another's.
  #key: CryptoKey | undefined;

  constructor(given: SealingKey, use: "encrypt" | "decrypt") {
    const { id, key } = Object(given) as SealingKey;
    if (typeof id !== "string" || !/^[\w-]{1,40}$/.test(id)) {
      // It isn't shown: it may be the key.
      throw new TypeError("A key's id must be 1 to 40 letters, digits, - and _.");
    }
    this.id = id;
    if (key instanceof CryptoKey) {
      const { name, length } = key.algorithm as AesKeyAlgorithm;
      const isUsable = ["decrypt", use].every((each) => key.usages.includes(each as KeyUsage));
      if (name !== "AES-GCM" || length !== 256 || !isUsable) throwUnusable();
      this.#key = key;
    } else {
      this.#bytes = typeof key === "string" ? decode(key) : key instanceof Uint8Array ? key.slice() : undefined;
      if (this.#bytes?.length !== 32) throwUnusable();
    }
  }

  async seal(name: string, value: string): Promise<string> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypto.subtle.encrypt(this.#algorithm(name, iv), await this.#open(), encoder.encode(value));
    return `${format}.${this.id}.${encodeBase64Url(iv)}.${encodeBase64Url(sealed)}`;
  }

  /** What was sealed; `undefined` where anything of it was changed. */
  async open(name: string, nonce: string, text: string): Promise<string | undefined> {
    const key = await this.#open();
    try {
      const algorithm = this.#algorithm(name, decodeBase64Url(nonce));
      return new TextDecoder().decode(await crypto.subtle.decrypt(algorithm, key, decodeBase64Url(text)));
    } catch {
      return undefined;
    }
  }

  #algorithm(name: string, iv: Uint8Array<ArrayBuffer>) {
    return { name: "AES-GCM", iv, additionalData: encoder.encode(`${format}.${this.id}.${name}`) };
  }

  async #open(): Promise<CryptoKey> {
    return this.#key ??= await crypto.subtle.importKey("raw", this.#bytes!, "AES-GCM", false, ["encrypt", "decrypt"]);
  }
}

function decode(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return decodeBase64(text.trim().replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return undefined;
  }
}

function throwUnusable(): never {
  throw new TypeError(
    "A key must be an AES-256 key: 32 bytes, their base64 (openssl rand -base64 32), or a CryptoKey for AES-GCM.",
  );
}
