/**
 * A token store on Redis, by the client that an application has already, or by Redis's REST form.
 *
 * @module
 */

import { checkFunction, checkUrl, throwInvalid } from "../arguments.ts";
import { type Fetch, globalFetch } from "../http/fetch.ts";
import { parseJsonObject } from "../http/json.ts";
import { isExposed } from "../http/loopback.ts";
import { makeRedisStore, type RedisTokenStoreOptions, type RunScript } from "./redis_scripts.ts";
import type { LeasingTokenStore } from "./token_store.ts";

export type { Fetch } from "../http/fetch.ts";
export type { RedisTokenStoreOptions } from "./redis_scripts.ts";
export type * from "./token_store.ts";

/** The part of Bun's `RedisClient` that is used; the one to write for any other client. */
export interface RedisSender {
  /**
   * Sends a command.
   *
   * @param command Its name.
   * @param args Its arguments.
   * @returns The reply.
   */
  send(command: string, args: string[]): Promise<unknown>;
}

/** The part of a node-redis client (4 and newer) that is used: a client, pool, cluster or sentinel. */
export interface NodeRedisClient {
  /** Tells it apart. */
  readonly evalSha: unknown;
  /**
   * Runs a script.
   *
   * @param script The script.
   * @param options Its keys and arguments.
   * @returns The reply.
   */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>;
}

/** The part of an ioredis client that is used: a client or cluster. iovalkey's are the same. */
export interface IoRedisClient {
  /** Tells it apart. */
  readonly defineCommand: unknown;
  /**
   * Runs a script.
   *
   * @param script The script.
   * @param keyCount The number of its keys.
   * @param keysAndArgs Its keys, then its arguments.
   * @returns The reply.
   */
  eval(script: string, keyCount: number, ...keysAndArgs: string[]): Promise<unknown>;
}

/** The part of a client of Deno's `@db/redis`, or of `@upstash/redis`, that is used. */
export interface DenoRedisClient {
  /**
   * Runs a script.
   *
   * @param script The script.
   * @param keys Its keys.
   * @param args Its arguments.
   * @returns The reply.
   */
  eval(script: string, keys: string[], args: string[]): Promise<unknown>;
}

/** A client of Redis, told by its shape: the first of these that it has. */
export type RedisClient = RedisSender | NodeRedisClient | IoRedisClient | DenoRedisClient;

/**
 * Keeps tokens in Redis, with leases.
 *
 * Each operation is one script, run by `EVAL` on the primary. The two keys of a token are in one slot of a cluster. Times
 * are Redis's own, so clocks that differ do no harm; what has ended is gone at once. After a failover the last write may be
 * lost, which costs one more token request. Where access is limited, Redis must allow
 * `~m2m:token:* +eval +get +set +del +pttl +pexpire`.
 *
 * The client stays the caller's, who connects and closes it. Listen to its `error` events: without a listener, node-redis
 * ends the process when the connection breaks. A client that waits for a lost server is no hindrance: `sharedTokens` gives
 * it 250 ms.
 *
 * @example With node-redis (ioredis: `new Redis(url)`, Bun: `new RedisClient(url)`, Deno: `connect()` of `@db/redis`)
 * ```ts ignore
 * // Not run: it needs a Redis server.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { redisTokenStore } from "@m2m/authenticator/token-store/redis";
 * import { createClient } from "redis";
 *
 * const client = createClient({ url: "redis://127.0.0.1:6379" });
 * client.on("error", console.error);
 * await client.connect();
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *   tokenStore: sharedTokens(redisTokenStore(client)),
 * });
 * ```
 *
 * @param client A client of node-redis 4 or newer, ioredis, iovalkey, Bun, `@db/redis` or `@upstash/redis`; or an object
 * with `send(command, args)`.
 * @param options The prefix of all keys.
 * @returns The store.
 * @throws {TypeError} If the client has none of these shapes, or the prefix can't be used.
 */
export function redisTokenStore(
  client: RedisClient,
  options: RedisTokenStoreOptions = {},
): LeasingTokenStore {
  return makeRedisStore(runOn(client), options);
}

/**
 * All but the first have an `eval`, each with other arguments, so the order matters: Bun's client has an `eval` too, and
 * node-redis before 4 an `eval` and a `sendCommand` that know callbacks alone, beside an `EVAL`. The arguments of one shape
 * are an error to a client of another.
 */
function runOn(client: RedisClient): RunScript {
  const has = (name: string) => typeof Object(client)[name] === "function";
  if (has("send")) {
    const { send } = client as RedisSender;
    return ({ script, keys, args }) => send.call(client, "EVAL", [script, String(keys.length), ...keys, ...args]);
  }
  if (has("evalSha")) {
    const redis = client as NodeRedisClient & { withAbortSignal?(signal: AbortSignal): NodeRedisClient };
    // From 5 on: what hasn't been sent yet never will be.
    return ({ script, keys, args, signal }) =>
      (redis.withAbortSignal?.(signal) ?? redis).eval(script, { keys, arguments: args });
  }
  if (has("defineCommand")) {
    const redis = client as IoRedisClient;
    return ({ script, keys, args }) => redis.eval(script, keys.length, ...keys, ...args);
  }
  if (has("eval") && !has("EVAL")) {
    const redis = client as DenoRedisClient;
    return ({ script, keys, args }) => redis.eval(script, keys, args);
  }
  return throwInvalid(
    "client",
    "a client of node-redis (4 or newer), ioredis, Bun, @db/redis or @upstash/redis, or an object with send(command, args)",
    client,
  );
}

/** Options of {@linkcode redisRestTokenStore}. */
export interface RedisRestTokenStoreOptions extends RedisTokenStoreOptions {
  /** The URL of the REST server, with its path if it has one: `https://….upstash.io`. */
  url: string | URL;
  /** The bearer token of the REST server. One for reading alone isn't enough. */
  token: string;
  /** Sends the requests. Default: the global `fetch`. */
  fetch?: Fetch | undefined;
}

/**
 * Keeps tokens in Redis by its REST form, as Upstash serves it, with leases.
 *
 * For runtimes without sockets, and functions that don't live long enough for a connection. Each operation is one request:
 * a `POST` of the command as a JSON array. All else is as for {@linkcode redisTokenStore}, which also takes the client of
 * `@upstash/redis`.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a Redis server.
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { redisRestTokenStore } from "@m2m/authenticator/token-store/redis";
 *
 * const store = redisRestTokenStore({ url: "https://my-database.upstash.io", token: "my-rest-token" });
 * const tokenStore = sharedTokens(store, { timeout: 1_000 });
 * ```
 *
 * @param options Where the server is, and the token for it.
 * @returns The store.
 * @throws {TypeError} If an option can't be used.
 */
export function redisRestTokenStore(
  options: RedisRestTokenStoreOptions,
): LeasingTokenStore {
  const { url, token, fetch = globalFetch } = options;
  const place = checkUrl("url", url);
  if (isExposed(place)) throw new TypeError('url must be "https:", or "http:" on this machine: it gets tokens.');
  if (typeof token !== "string" || !/^[!-~]+$/.test(token)) {
    throw new TypeError("token must be the bearer token of the REST server: visible ASCII characters.");
  }
  checkFunction("fetch", fetch);
  return makeRedisStore(async ({ script, keys, args, signal }) => {
    const response = await fetch(place.href, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(["EVAL", script, keys.length, ...keys, ...args]),
      // Another server must get neither this token nor those in the command.
      redirect: "manual",
      signal,
    });
    const { result, error } = parseJsonObject(await response.text()) ?? {};
    if (response.ok && result !== undefined) return result;
    throw new Error(/^[A-Z]{2}/.test(String(error)) ? String(error) : `HTTP ${response.status}`);
  }, options);
}
