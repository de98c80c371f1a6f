/**
 * Tokens in the Cache API of browsers, Deno and Cloudflare Workers.
 *
 * @module
 */

import { checkUrl, throwInvalid } from "../arguments.ts";
import { parseJsonObject } from "../http/json.ts";
import type { StoreOptions, TokenStore } from "./token_store.ts";

export type * from "./token_store.ts";

/** What the store uses of a `Cache`. */
export interface WebCache {
  /** Reads a response. */
  match(url: string): Promise<Response | undefined>;
  /** Writes a response. */
  put(url: string, response: Response): Promise<void>;
  /** Deletes a response. */
  delete(url: string): Promise<boolean>;
}

/** Options of {@linkcode webCacheTokenStore}. */
export interface WebCacheTokenStoreOptions {
  /**
   * What the URLs of values begin with. Cloudflare advises the Worker's own host name, which saves DNS look-ups: never
   * with `caches.default`, which may answer requests from outside. Default: `https://m2m-token.invalid/`, a host that no
   * such request can name (RFC 2606 §2).
   */
  readonly prefix?: string | URL | undefined;
}

/** By how much clocks may differ, in milliseconds. */
const blur = 1_000;

/**
 * Stores tokens in a cache: of the browser, of this machine (Deno), of the data centre (Cloudflare).
 *
 * It has no lease: instances that start at the same moment may each request a token. In a browser
 * `./token-store/indexed-db` has one. A value ends by the clock of the instance that wrote it. A cache may drop
 * any value at any time.
 *
 * On Cloudflare each data centre has a cache of its own. `./token-store/durable-object` is one for all, with leases.
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { webCacheTokenStore } from "@m2m/authenticator/token-store/web-cache";
 *
 * // On Cloudflare: () => caches.default
 * const store = webCacheTokenStore(() => caches.open("my-tokens"));
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *   tokenStore: sharedTokens(store),
 * });
 * await authenticator.ready();
 * console.log(authenticator.credentials?.tokenType); // Bearer
 * await caches.delete("my-tokens");
 * ```
 *
 * @param cache A cache, or a function that opens it for each operation: then one that was deleted is made again.
 * @param options What URLs begin with.
 * @returns The store.
 * @throws {TypeError} If the cache or the prefix can't be used.
 */
export function webCacheTokenStore(
  cache: WebCache | (() => WebCache | Promise<WebCache>),
  options: WebCacheTokenStoreOptions = {},
): TokenStore {
  const prefix = checkUrl("prefix", options.prefix ?? "https://m2m-token.invalid/");
  if (typeof cache !== "function" && typeof cache?.put !== "function") {
    throwInvalid("cache", 'a Cache, or a function that opens one, such as () => caches.open("my-tokens")', cache);
  }
  const open = async ({ signal }: StoreOptions) => {
    const opened = typeof cache === "function" ? await cache() : cache;
    signal.throwIfAborted();
    return opened;
  };
  const makeUrl = (key: string) => prefix.href + encodeURIComponent(key);
  return {
    get: async (key, options) => {
      const value = await read(await open(options), makeUrl(key));
      return value === undefined ? undefined : { value };
    },
    set: async (key, value, { lifetime, ...options }) => {
      const start = Date.now();
      const record = { value, start, end: start + lifetime };
      // Cloudflare keeps no response without it, and none of 0 seconds.
      const headers = { "cache-control": `max-age=${Math.ceil(lifetime / 1000)}`, "content-type": "application/json" };
      await (await open(options)).put(makeUrl(key), new Response(JSON.stringify(record), { headers }));
      return true;
    },
    delete: async (key, value, options) => {
      const opened = await open(options);
      // Not in one step: a value that is written in between goes as well, and is requested again.
      if (await read(opened, makeUrl(key)) === value) await opened.delete(makeUrl(key));
    },
  };
}

/** Reads a value that lives: some caches give responses that have ended. */
async function read(cache: WebCache, url: string): Promise<string | undefined> {
  const response = await cache.match(url);
  const { value, start, end } = parseJsonObject(await response?.text() ?? "") ?? {};
  const now = Date.now();
  // One from the future was written before the clock was set back.
  const isLive = (start as number) <= now + blur && now < (end as number);
  return isLive && typeof value === "string" ? value : undefined;
}
