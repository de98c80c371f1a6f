/**
 * A private file with a live token, for programs that run longer than a token lives.
 *
 * @module
 */

import { lstatSync, readFileSync, rmSync } from "node:fs";
import { chmod, rename, rm, writeFile } from "node:fs/promises";
import process from "node:process";
import type { Credentials } from "../../credentials.ts";
import { isDenied } from "../../http/network_errors.ts";
import type { CachedToken } from "../cache/cached_token.ts";
import { chooseMargin } from "../cache/token_cache.ts";
import { openAuthenticator } from "../client/open_authenticator.ts";
import type { Invocation } from "../invocation.ts";
import type { ReadSettings } from "../settings/read_settings.ts";
import { UsageError } from "../usage_error.ts";

/** What keeps the file fresh. */
export interface TokenFileOptions {
  readonly credentials: Credentials;
  readonly read: ReadSettings;
  readonly invocation: Invocation;
  readonly cached: CachedToken | undefined;
}

/** Timers that are longer than a day drift, or fire at once. In milliseconds. */
const longestPause = 3_600_000;
const pauseAfterFailure = 5_000;

/** Writes the file, and again before the token expires. Closing it removes the file. */
export async function keepTokenFile(
  path: string,
  { credentials, read, invocation, cached }: TokenFileOptions,
): Promise<{ close(): Promise<void> }> {
  checkFree(path);
  await replaceFile(path, credentials.accessToken);
  // A program that is killed leaves the file; one that ends by itself in any way doesn't.
  const remove = () => rmSync(path, { force: true });
  process.once("exit", remove);
  const authenticator = await openAuthenticator(read, invocation, { cached });
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;

  function plan(next: number): void {
    if (!isClosed) timer = setTimeout(refresh, Math.min(Math.max(next - Date.now(), 0), longestPause), next);
  }
  async function refresh(next: number): Promise<void> {
    if (Date.now() < next) return plan(next);
    try {
      const fresh = await authenticator.refreshCredentials();
      if (isClosed) return;
      await replaceFile(path, fresh.accessToken);
      plan(chooseMoment(fresh));
    } catch (error) {
      // While the program runs, its output is its own.
      if (invocation.values["verbose"]) invocation.terminal.writeError(`m2m: ${Object(error).message}\n`);
      plan(Date.now() + Math.max(Object(error).retryAfter ?? 0, pauseAfterFailure));
    }
  }
  plan(chooseMoment(credentials));
  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      process.off("exit", remove);
      await authenticator.close();
      await rm(path, { force: true });
    },
  };
}

/** Another run may have left a token there; what else is there isn't replaced, and removed in the end. */
function checkFree(path: string): void {
  let isFree = true;
  try {
    const stats = lstatSync(path);
    isFree = stats.isFile() && (stats.size === 0 || stats.size < 65_536 && /^[!-~]+$/.test(readFileSync(path, "utf8")));
  } catch (error) {
    // What can't be written is found out below.
    if (isDenied(error)) throw error;
  }
  if (!isFree) throw new UsageError("--token-file names something else than a token. Choose a file of its own.");
}

function chooseMoment({ expiresAt = Date.now() + 300_000 }: Credentials): number {
  return expiresAt - chooseMargin(expiresAt - Date.now());
}

/** Readers find the old token or the new one, never half of one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}`;
  try {
    await writeFile(temporary, text, { flag: "wx", mode: 0o600 });
    await chmod(temporary, 0o600);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    if (isDenied(error)) throw error;
    throw new UsageError(`The token file can't be written (${Object(error).code}). Check --token-file.`);
  }
}
