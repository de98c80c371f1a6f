/**
 * Gets the token of the settings: from the cache, or the server.
 *
 * @module
 */

import type { Credentials } from "../../credentials.ts";
import { type CachedToken, openCachedToken } from "../cache/cached_token.ts";
import { isFresh } from "../cache/token_cache.ts";
import type { Invocation } from "../invocation.ts";
import { type ReadSettings, readSettings } from "../settings/read_settings.ts";
import { nameServer } from "../settings/settings.ts";
import { showProgress } from "../terminal/progress.ts";

/** A token, and what gave it. */
export interface ObtainedToken {
  readonly credentials: Credentials;
  /** The name of the header that carries it. */
  readonly headerKey: string;
  readonly read: ReadSettings;
  readonly cached: CachedToken | undefined;
}

/** Gets a token. The modules that request one are loaded when the cache has none. */
export async function obtainToken(invocation: Invocation): Promise<ObtainedToken> {
  const read = await readSettings(invocation.values);
  const { settings } = read;
  const cached = await openCachedToken(settings, invocation);
  const found = await cached?.read();
  const isForced = invocation.values["refresh"] === true;
  // Elsewhere the server's settings say which header it is.
  const headerKey = settings.headerKey ?? (settings.flytePlatform === undefined ? "authorization" : undefined);
  if (found && !isForced && isFresh(found) && headerKey !== undefined) {
    return { credentials: found.credentials, headerKey, read, cached };
  }
  const { openAuthenticator } = await import("./open_authenticator.ts");
  const authenticator = await openAuthenticator(read, invocation, { cached });
  const progress = showProgress(invocation.terminal, `Requesting a token from ${nameServer(settings)}`);
  try {
    if (isForced) await authenticator.refreshCredentials();
    // Near its end: another one if there is one to be had, else this one while it lives.
    else if (found && !isFresh(found)) await authenticator.refreshCredentials().catch(() => {});
    const [name = "authorization"] = (await authenticator.authorize(new Headers())).keys();
    return { credentials: await authenticator.getCredentials(), headerKey: name, read, cached };
  } finally {
    progress[Symbol.dispose]();
    await authenticator.close();
  }
}
