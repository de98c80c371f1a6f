/**
 * The token of the settings, cached between runs.
 *
 * @module
 */

import { parseRecord, type StoredToken } from "../../token_store/token_record.ts";
import type { TokenStore } from "../../token_store/token_store.ts";
import type { Invocation } from "../invocation.ts";
import { hashName } from "../quick_token.ts";
import { readText } from "../settings/read_settings.ts";
import type { Settings } from "../settings/settings.ts";
import { forgetCommands } from "./remembered_commands.ts";
import { openTokenCache, signal } from "./token_cache.ts";

/** The place of one token in the cache. */
export interface CachedToken {
  /** Tells this token from others. */
  readonly key: string;
  /** Whether command lines that print it may be remembered. */
  readonly isMemorable: boolean;
  /** A store that keeps this token alone, whatever key it is asked for. */
  readonly store: TokenStore;
  /** Reads the token, if there is a live one. */
  read(): Promise<StoredToken | undefined>;
}

/** Opens the cache, unless there is none for these settings. */
export async function openCachedToken(
  settings: Settings,
  { terminal, values }: Invocation,
): Promise<CachedToken | undefined> {
  // A token that is bound to a key of this run is of no use to the next one.
  if (settings.noCache || settings.dpop && settings.dpopKeyFile === undefined) return undefined;
  const { store, note, isKeyInFile = false } = await openTokenCache();
  if (note && (terminal.isErrorTerminal || values["verbose"])) terminal.writeError(`${note}\n`);
  const key = await makeKey(settings);
  return {
    key,
    isMemorable: isKeyInFile,
    store: pinKey(store, key),
    async read() {
      const now = Date.now();
      const stored = await store.get(key, { signal }).catch(() => undefined);
      return stored && parseRecord(stored, now);
    },
  };
}

/**
 * What makes a token another one. No secret: a new one leaves a live token in use. The proxy is: it may see the token of
 * calls by http:.
 */
async function makeKey(settings: Settings): Promise<string> {
  const { clientSecret: _, clientSecretStdin: __, timeout: ___, ...others } = settings;
  const { subjectTokenFile, actorTokenFile, dpopKeyFile, scopes, ...rest } = others;
  // These files stand for what is in them: another subject's token, or another key.
  const files = [subjectTokenFile, actorTokenFile, dpopKeyFile].map((path) => path && readText(path, path));
  const sorted = Object.entries(rest).sort(([a], [b]) => a < b ? -1 : 1);
  return await hashName(["m2m-command-1", scopes && [...new Set(scopes)].sort(), files, sorted]);
}

/**
 * The authenticator's own key needs the server's metadata, which a cached token shouldn't have to wait for. When a token
 * changes, the command lines that have printed one are forgotten.
 */
function pinKey({ lease, ...store }: TokenStore, key: string): TokenStore {
  const change = async <Result>(changing: Result | Promise<Result>) => {
    try {
      return await changing;
    } finally {
      forgetCommands();
    }
  };
  return {
    get: (_, options) => store.get(key, options),
    set: (_, value, options) => change(store.set(key, value, options)),
    delete: (_, value, options) => change(store.delete(key, value, options)),
    ...lease && {
      lease: {
        acquire: (_, owner, options) => lease.acquire(key, owner, options),
        extend: (_, owner, options) => lease.extend(key, owner, options),
        release: (_, owner, options) => lease.release(key, owner, options),
      },
    },
  };
}
