/**
 * The cache of tokens between runs: private files, sealed.
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";
import { fileTokenStore } from "../../token_store/file.ts";
import { PrivateFolder } from "../../token_store/private_folder.ts";
import { sealed } from "../../token_store/sealed.ts";
import type { StoredToken } from "../../token_store/token_record.ts";
import type { TokenStore } from "../../token_store/token_store.ts";
import { getPlatform, locateCache, readEnvironment } from "../host.ts";

/** The cache, if there can be one. */
export interface TokenCache {
  /** Where tokens are kept; without a cache nothing is kept. */
  readonly store: TokenStore;
  /** What is worth saying, once: how the key is kept, or why there is no cache. */
  readonly note?: string;
  /** Whether the key is in a private file, and what is beside it no safer than that. */
  readonly isKeyInFile?: boolean;
}

/** The name of the key, among those of tokens, which are hashes. */
const keyName = "sealing-key";
/** Files are removed after their time; this one stays. In milliseconds. */
const farEnd = Date.UTC(2200, 0);
/** Stores take a signal; nothing aborts this one. */
export const { signal } = new AbortController();

/** Keeps nothing. */
const noStore: TokenStore = {
  get: () => Promise.resolve(undefined),
  set: () => Promise.resolve(false),
  delete: () => Promise.resolve(),
};

let opened: Promise<TokenCache> | undefined;

/**
 * Opens the cache; from the second call on, the same one. A folder or a key that can't be used is no failure: nothing is
 * cached then, and a note says why.
 *
 * The key is in a private file, if there is one; else in the system's keyring, where there is one; else such a file is made.
 */
export function openTokenCache(): Promise<TokenCache> {
  return opened ??= open();
}

/** How long before its end a token is refreshed: a fifth of its lifetime, 5 minutes at most. In milliseconds. */
export function chooseMargin(lifetime: number): number {
  return Math.min(lifetime / 5, 300_000);
}

/** Whether a token can be used without a refresh. */
export function isFresh({ credentials: { expiresAt = 0 }, age }: StoredToken): boolean {
  const remaining = expiresAt - Date.now();
  return remaining > chooseMargin(remaining + age);
}

async function open(): Promise<TokenCache> {
  try {
    const folder = locateCache();
    if (folder === undefined) return { store: noStore, note: "Tokens aren't cached: there is no home folder." };
    const { key, ...about } = await findKey(folder);
    return { store: sealed(fileTokenStore(folder), { id: "1", key }), ...about };
  } catch (error) {
    const { message } = Object(error);
    return { store: noStore, note: `Tokens aren't cached. ${message ?? error}` };
  }
}

async function findKey(path: string): Promise<Omit<TokenCache, "store"> & { readonly key: string }> {
  const folder = new PrivateFolder(path);
  const version = await folder.read(keyName, signal);
  if (version.number > 0) return { key: parseKey(version.state, path), isKeyInFile: true };
  const made = encodeBase64(crypto.getRandomValues(new Uint8Array(32)));
  let reason = "this system has no keyring that it knows";
  if (hasKeyring()) {
    const { readOrStoreSecret } = await import("./keyring.ts");
    const kept = await readOrStoreSecret(made);
    if (kept.secret !== undefined) return { key: kept.secret };
    reason = kept.reason;
  }
  if (!await folder.replace(keyName, version, { state: made, end: farEnd, signal })) {
    // Another process was faster.
    return { key: parseKey((await folder.read(keyName, signal)).state, path), isKeyInFile: true };
  }
  const isKeyInFile = true;
  return {
    key: made,
    isKeyInFile,
    note: `Cached tokens are sealed by a key in a private file, in ${path}: ${reason}.`,
  };
}

function parseKey(state: unknown, path: string): string {
  if (typeof state === "string") return state;
  throw new Error(`Cannot read the key in ${path}: the file is damaged. Remove the folder.`);
}

/** Whether there may be a keyring: a look at the surroundings, which starts no program. */
function hasKeyring(): boolean {
  const platform = getPlatform();
  return platform === "darwin" || platform === "linux" && !!readEnvironment("DBUS_SESSION_BUS_ADDRESS");
}
