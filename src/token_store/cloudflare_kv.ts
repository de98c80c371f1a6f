/**
 * Tokens that Cloudflare Workers share through Workers KV.
 *
 * KV has no leases, and its reads are cached at each location. So it saves most token requests, not all: use a Durable
 * Object (`./token-store/durable-object`) where there must be one request for all.
 *
 * @module
 */

import { checkNumber, checkString, throwInvalid } from "../arguments.ts";
import type { TokenStore } from "./token_store.ts";

export type * from "./token_store.ts";

/** A KV namespace, as a Worker gets it in its `env`: what is used of it. */
export interface KvNamespace {
  /** Reads a text. */
  get(key: string, options: { type: "text"; cacheTtl: number }): Promise<string | null>;
  /** Writes a text. */
  put(key: string, value: string, options: { expirationTtl: number }): Promise<void>;
  /** Deletes a text. */
  delete(key: string): Promise<void>;
}

/** Options of {@linkcode cloudflareKvTokenStore}. */
export interface CloudflareKvTokenStoreOptions {
  /** What keys begin with. Default: `m2m:token:`. */
  readonly prefix?: string | undefined;
  /**
   * For how many seconds a location may answer from its cache: 30 at least. That long it may miss a token that was
   * written elsewhere, or give one that was rejected. A longer time makes rare reads quicker. Default: 30; KV's own is 60.
   */
  readonly cacheTtl?: number | undefined;
}

/** The shortest time that KV keeps a value, in seconds. It refuses shorter ones. */
const shortestTtl = 60;

/**
 * Keeps tokens in a Workers KV namespace.
 *
 * There are no leases: Workers that start together may each request a token, and the one written last is shared. A
 * location that has found no token, or an old one, may do so again until `cacheTtl` is over. A token that the API rejects
 * may be given again that long; each isolate remembers those that were rejected, and requests another one. `delete`
 * compares with a read, which may be as old.
 *
 * KV keeps a value for a minute at least: the record itself says when a token ends. It takes one write a second to a key,
 * and refuses more: then a token is used, but not shared.
 *
 * A read that isn't cached goes to a central store, and may take longer than the 250 ms that `sharedTokens` waits: set its
 * `timeout` to the time that a token request takes.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a binding. In wrangler.jsonc: "kv_namespaces": [{ "binding": "TOKENS", "id": "…" }]
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { cloudflareKvTokenStore, type KvNamespace } from "@m2m/authenticator/token-store/cloudflare-kv";
 *
 * let authenticator: ClientCredentialsAuthenticator | undefined;
 * export default {
 *   fetch(_request: Request, env: { TOKENS: KvNamespace; CLIENT_SECRET: string }): Promise<Response> {
 *     authenticator ??= new ClientCredentialsAuthenticator({
 *       endpoint: "https://api.example.com",
 *       clientId: "my-client",
 *       clientSecret: env.CLIENT_SECRET,
 *       configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *       tokenStore: sharedTokens(cloudflareKvTokenStore(env.TOKENS), { timeout: 500 }),
 *     });
 *     return authenticator.fetch("/v1/projects");
 *   },
 * };
 * ```
 *
 * @param namespace The KV namespace: `env.` and the binding's name.
 * @param options A prefix of keys, and how long reads are cached.
 * @returns A store without leases.
 * @throws {TypeError} If the namespace or an option can't be used.
 * @throws {RangeError} If `cacheTtl` is below 30.
 */
export function cloudflareKvTokenStore(
  namespace: KvNamespace,
  options: CloudflareKvTokenStoreOptions = {},
): TokenStore {
  const { prefix = "m2m:token:", cacheTtl = 30 } = options;
  if (typeof namespace?.put !== "function") throwInvalid("namespace", "a KV namespace, such as env.TOKENS", namespace);
  checkString("prefix", prefix);
  checkNumber("cacheTtl", cacheTtl, 30);
  const get = (key: string) => namespace.get(prefix + key, { type: "text", cacheTtl });
  return {
    async get(key) {
      const value = await get(key);
      return value === null ? undefined : { value };
    },
    async set(key, value, { lifetime }) {
      const expirationTtl = Math.max(Math.ceil(lifetime / 1_000), shortestTtl);
      await namespace.put(prefix + key, value, { expirationTtl });
      return true;
    },
    async delete(key, value) {
      if (await get(key) === value) await namespace.delete(prefix + key);
    },
  };
}
