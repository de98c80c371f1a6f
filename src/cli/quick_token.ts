/**
 * The short way of `m2m token`: a command line that was run before, with the same variables and files, prints the same
 * token from the cache.
 *
 * Arguments and settings aren't parsed then, and most modules aren't loaded: that takes several times as long.
 *
 * @module
 */

import { parseRecord, type StoredToken } from "../token_store/token_record.ts";
import type { TokenStore } from "../token_store/token_store.ts";
import { openTokenCache } from "./cache/token_cache.ts";
import { printToken, type TokenForm } from "./commands/print_token.ts";
import { listEnvironment, readEnvironment, readFile } from "./host.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** What a command line led to: the key of its token, and what was printed. */
interface Outcome extends TokenForm {
  readonly key: string;
}

/** How long a command line is remembered, in milliseconds. */
const memory = 30 * 24 * 3_600_000;
/** What none of these command lines has. */
const longWay = /^(--no-cache|--refresh|--help|-h)$/;
/** For a signal that nothing aborts. */
const { signal } = new AbortController();

/** Prints the token of a command line that is remembered; whether there was a fresh one. */
export async function printQuickToken(args: readonly string[], terminal: Terminal): Promise<boolean> {
  if (args[0] !== "token" || args.some((each) => longWay.test(each))) return false;
  const name = await nameCommandLine(args);
  if (name === undefined) return false;
  try {
    const { store } = await openCacheOnce(terminal);
    const known = await store.get(name, { signal });
    if (!known) return false;
    const { key, ...form }: Outcome = JSON.parse(known.value);
    const now = Date.now();
    const stored = await store.get(key, { signal });
    const found = stored && parseRecord(stored, now);
    if (!found || !isFresh(found)) return false;
    await printToken(terminal, found.credentials, form);
    return true;
  } catch {
    // The long way says what is wrong.
    return false;
  }
}

let opened: ReturnType<typeof openTokenCache> | undefined;

/** Opens the cache; the second time, it is the same. */
export function openCacheOnce(terminal: Terminal): ReturnType<typeof openTokenCache> {
  return opened ??= openTokenCache({ terminal });
}

/** Remembers what a command line led to. */
export async function rememberCommandLine(args: readonly string[], store: TokenStore, outcome: Outcome): Promise<void> {
  const name = await nameCommandLine(args);
  if (name !== undefined) await store.set(name, JSON.stringify(outcome), { lifetime: memory, signal }).catch(() => {});
}

/** Whether a token is used without a look at its end: not in the last fifth of its lifetime, of 5 minutes at most. */
export function isFresh({ credentials: { expiresAt = 0 }, age }: StoredToken): boolean {
  const remaining = expiresAt - Date.now();
  return remaining > Math.min((remaining + age) / 5, 300_000);
}

/** Makes a hash of all that the settings of a command line may come from; `undefined` where Deno may not look. */
async function nameCommandLine(args: readonly string[]): Promise<string | undefined> {
  try {
    const variables = listEnvironment().filter(([name]) => name.startsWith("M2M_")).sort();
    const files = [".env", locateProfiles(readEnvironment)].map(readFile);
    const text = JSON.stringify(["m2m-command-line-1", args, variables, files]);
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  } catch {
    return undefined;
  }
}

/** Where profiles are. */
export function locateProfiles(read: (name: string) => string | undefined): string {
  const windows = read("APPDATA");
  const home = windows ? `${windows}\\` : read("XDG_CONFIG_HOME") || `${read("HOME") ?? "."}/.config`;
  return `${home}/m2m/profiles.json`;
}
