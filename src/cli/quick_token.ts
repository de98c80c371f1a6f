/**
 * The short way of `m2m token`: a command line that was run before, with the same variables and files, prints the same
 * token from the cache.
 *
 * Arguments and settings aren't parsed then, and most modules aren't loaded: that takes several times as long.
 *
 * @module
 */

import { parseRecord } from "../token_store/token_record.ts";
import type { TokenStore } from "../token_store/token_store.ts";
import { hashName, isFresh, openTokenCache, signal } from "./cache/token_cache.ts";
import { printToken, type TokenForm } from "./commands/print_token.ts";
import { listEnvironment, locateProfiles, readFile } from "./host.ts";

/** What a command line led to: the key of its token, and what was printed. */
interface Outcome extends TokenForm {
  readonly key: string;
}

/** How long a command line is remembered, in milliseconds. */
const memory = 30 * 24 * 3_600_000;
/** What none of these command lines has. */
const longWay = /^(--no-cache|--refresh|--help|-h)$/;

/** Prints the token of a command line that is remembered; whether there was a fresh one. */
export async function printQuickToken(args: readonly string[]): Promise<boolean> {
  if (args[0] !== "token" || args.some((each) => longWay.test(each))) return false;
  const name = await nameCommandLine(args);
  if (name === undefined) return false;
  try {
    const { store } = await openTokenCache();
    const known = await store.get(name, { signal });
    if (!known) return false;
    const { key, ...form }: Outcome = JSON.parse(known.value);
    const now = Date.now();
    const stored = await store.get(key, { signal });
    const found = stored && parseRecord(stored, now);
    if (!found || !isFresh(found)) return false;
    await printToken(found.credentials, form);
    return true;
  } catch {
    // The long way says what is wrong.
    return false;
  }
}

/** Remembers what a command line led to. */
export async function rememberCommandLine(args: readonly string[], store: TokenStore, outcome: Outcome): Promise<void> {
  const name = await nameCommandLine(args);
  if (name !== undefined) await store.set(name, JSON.stringify(outcome), { lifetime: memory, signal }).catch(() => {});
}

/** Makes a hash of all that the settings of a command line may come from; `undefined` where Deno may not look. */
async function nameCommandLine(args: readonly string[]): Promise<string | undefined> {
  try {
    const variables = listEnvironment().filter(([name]) => name.startsWith("M2M_")).sort();
    const files = [".env", locateProfiles()].map(readFile);
    return await hashName(["m2m-command-line-1", args, variables, files]);
  } catch {
    return undefined;
  }
}
