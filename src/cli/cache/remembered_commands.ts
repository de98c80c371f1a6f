/**
 * Command lines and what they printed, for the short way of `m2m token`.
 *
 * @module
 */

import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isPrivateFolder, readBytes } from "../host.ts";
import { locateCommand, locateCommands, type Printed, sealPrinted } from "../quick_token.ts";
import type { CachedToken } from "./cached_token.ts";
import { chooseMargin } from "./token_cache.ts";

/** Remembers what a command line printed, while that is the cached token, and fresh. It is no failure if it can't be. */
export async function rememberCommand(
  args: readonly string[],
  cached: CachedToken,
  printed: Omit<Printed, "from" | "until">,
): Promise<void> {
  const { accessToken, tokenType, expiresAt, scope } = printed.credentials;
  const isCached = async () => {
    const stored = await cached.read();
    return stored?.credentials.accessToken === accessToken ? stored : undefined;
  };
  try {
    const place = await locateCommand(args);
    const stored = await isCached();
    if (!place || !stored || expiresAt === undefined) return;
    const from = Date.now();
    const until = expiresAt - chooseMargin(expiresAt - from + stored.age);
    const credentials = { accessToken, tokenType, expiresAt, ...scope !== undefined && { scope } };
    mkdirSync(place.folder, { recursive: true, mode: 0o700 });
    if (!isPrivateFolder(place.folder)) return;
    const key = readOrMakeKey(place.keyFile);
    const sealed = await sealPrinted({ ...printed, credentials, from, until }, place, key);
    const beside = `${place.file}.${crypto.randomUUID()}`;
    writeFileSync(beside, sealed, { flag: "wx", mode: 0o600 });
    renameSync(beside, place.file);
    // Another process may have changed the token, and forgotten all, before it was written.
    if (!await isCached()) forgetCommands();
  } catch {
    // The long way is always there.
  }
}

/** Forgets all that command lines printed. */
export function forgetCommands(): void {
  const folder = locateCommands();
  try {
    for (const name of readdirSync(folder!)) if (name !== "key") rmSync(`${folder}/${name}`, { force: true });
  } catch {
    // There is no such folder.
  }
}

function readOrMakeKey(path: string): Uint8Array<ArrayBuffer> {
  try {
    writeFileSync(path, crypto.getRandomValues(new Uint8Array(32)), { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (Object(error).code !== "EEXIST") throw error;
  }
  return readBytes(path);
}
