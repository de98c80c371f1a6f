/**
 * Credentials for node-redis whose password is the access token, as Azure Cache for Redis and Memorystore take it.
 *
 * @module
 */

import { checkFunction, throwInvalid } from "../arguments.ts";
import type { Authenticator } from "../authenticator.ts";
import type { Credentials } from "../credentials.ts";
import { callQuietly } from "../events.ts";
import { readClaims } from "../jwt/read_jwt.ts";
import { requireBearer } from "./bound_tokens.ts";

/** A user and a password, as node-redis takes them. */
export interface RedisUser {
  /** The user of Redis. */
  username: string;
  /** The access token. */
  password: string;
}

/** What node-redis subscribes with for each connection. */
export interface RedisCredentialsListener {
  /**
   * Authenticates the open connection again.
   *
   * @param user The user, with the new token.
   */
  onNext(user: RedisUser): void;
  /**
   * Isn't called: refreshes are tried again.
   *
   * @param error Why there are no more credentials.
   */
  onError(error: Error): void;
}

/** What node-redis takes as `credentialsProvider`. */
export interface RedisCredentialsProvider {
  /** The kind of provider: it sends new credentials to open connections. */
  readonly type: "streaming-credentials-provider";
  /**
   * Gives credentials for a connection, and later ones while it is open.
   *
   * @param listener Takes the later ones.
   * @returns The first ones, and what ends the subscription.
   */
  subscribe(listener: RedisCredentialsListener): Promise<[RedisUser, { dispose(): void }]>;
  /**
   * Refreshes a token that Redis refused, as the error says. node-redis calls it for open connections; for new ones make it
   * a listener of the client's `error` event. Errors about anything else go to `onError` alone.
   *
   * @param error What the client says.
   */
  readonly onReAuthenticationError: (error: Error) => void;
}

/** Options of {@linkcode redisCredentials}. */
export interface RedisCredentialsOptions {
  /**
   * The user of Redis: a name, or a function of the credentials. Default: the claim `oid` of a token that is a JWT (Azure
   * Cache for Redis), else its `sub`.
   */
  username?: string | ((credentials: Credentials) => string) | undefined;
  /**
   * Receives the errors that the provider is told of: of refused re-authentications, for which the client emits no `error`
   * event, and of the client if it is listened to as in the example. What it throws changes nothing. Default: none.
   */
  onError?: ((error: Error) => unknown) | undefined;
}

/** A connection's listener, and the token that it had last. */
interface Subscriber {
  readonly listener: RedisCredentialsListener;
  password: string;
}

type Subscriptions = Map<{ deref(): object | undefined }, Subscriber>;

/**
 * Makes the credentials provider of a node-redis client, pool or cluster (5 and newer).
 *
 * Each connection starts with a live token, and is authenticated again with each new one, before the token expires: no
 * connection ends, and no command is lost. A token that Redis refuses is refreshed. The provider needs no end: when the last
 * client is closed, it stops asking for tokens.
 *
 * With RESP2 node-redis can't authenticate a connection again while it has subscriptions; use RESP3 (`RESP: 3`).
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a Redis server.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { redisCredentials } from "@m2m/authenticator/adapters/redis";
 * import { createClient } from "redis";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://my-cache.redis.cache.windows.net",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({
 *     tokenEndpoint: "https://login.microsoftonline.com/my-tenant/oauth2/v2.0/token",
 *     scopes: ["https://redis.azure.com/.default"],
 *   }),
 * });
 * const credentialsProvider = redisCredentials(authenticator, { onError: console.error });
 * const client = createClient({ url: "rediss://my-cache.redis.cache.windows.net:6380", RESP: 3, credentialsProvider });
 * client.on("error", credentialsProvider.onReAuthenticationError);
 * await client.connect();
 * ```
 *
 * @example ioredis, which reads its options for each connection
 * ```ts ignore
 * // Not run: it needs a Redis server.
 * import type { Authenticator } from "@m2m/authenticator";
 * import { Redis } from "ioredis";
 *
 * async function connect(authenticator: Authenticator, username: string): Promise<Redis> {
 *   const redis = new Redis({ username, password: (await authenticator.getCredentials()).accessToken });
 *   const stop = authenticator.onToken(({ accessToken }) => redis.auth(username, redis.options.password = accessToken));
 *   return redis.once("end", stop);
 * }
 * ```
 *
 * @param authenticator The authenticator whose tokens are the passwords.
 * @param options The user of Redis, and a listener for errors.
 * @returns The provider: one for all connections of a client, a pool or a cluster.
 * @throws {TypeError} If an option can't be used.
 */
export function redisCredentials(
  authenticator: Pick<Authenticator, "getCredentials" | "onToken" | "refreshCredentials">,
  options: RedisCredentialsOptions = {},
): RedisCredentialsProvider {
  const { username = readUser, onError } = options;
  if (typeof username !== "function" && !(typeof username === "string" && username)) {
    throwInvalid("username", 'a name, such as "default", or a function of the credentials', username);
  }
  checkFunction("onError", onError);
  // Of a connection that is gone node-redis drops the subscription without disposing of it: it is then collected.
  const subscriptions: Subscriptions = new Map();
  let arriving = 0;
  let used: Credentials | undefined;
  let stop: (() => void) | undefined;

  const name = (credentials: Credentials): RedisUser => ({
    username: typeof username === "string" ? username : username(credentials),
    password: (used = credentials).accessToken,
  });
  function push(credentials: Credentials): void {
    sweep(subscriptions);
    const user = name(credentials);
    for (const subscriber of subscriptions.values()) {
      if (subscriber.password === user.password) continue;
      subscriber.password = user.password;
      subscriber.listener.onNext(user);
    }
    endIfUnused();
  }
  function endIfUnused(): void {
    if (arriving + subscriptions.size > 0) return;
    stop?.();
    stop = undefined;
  }
  async function open(listener: RedisCredentialsListener): Promise<[RedisUser, { dispose(): void }]> {
    const before = used;
    stop ??= authenticator.onToken(push);
    const credentials = requireBearer(await authenticator.getCredentials());
    // One that was issued meanwhile comes by `push` alone, which doesn't know this listener yet.
    const first = name(used === before ? credentials : used ?? credentials);
    const subscription = { dispose: () => {} };
    const reference = makeReference(subscription);
    subscription.dispose = () => {
      subscriptions.delete(reference);
      endIfUnused();
    };
    subscriptions.set(reference, { listener, password: first.password });
    return [first, subscription];
  }

  return {
    type: "streaming-credentials-provider",
    async subscribe(listener) {
      sweep(subscriptions);
      arriving++;
      try {
        return await open(listener);
      } finally {
        arriving--;
        endIfUnused();
      }
    },
    onReAuthenticationError(error) {
      // A connection of before, whose subscription wasn't collected yet.
      if (/client is closed/i.test(error.message)) return;
      const rejected = used;
      if (rejected && refused.test(error.message)) authenticator.refreshCredentials({ rejected }).catch(() => {});
      if (onError) callQuietly(onError, error);
    },
  };
}

/** How Redis says that a user's password isn't right, or that a connection must authenticate. */
const refused = /\b(WRONGPASS|NOAUTH)\b/;

/** Old runtimes of workers have no `WeakRef`: there a subscription lasts as long as its provider. */
function makeReference<T extends object>(value: T): { deref(): T | undefined } {
  return typeof WeakRef === "function" ? new WeakRef(value) : { deref: () => value };
}

function sweep(subscriptions: Subscriptions): void {
  for (const reference of subscriptions.keys()) {
    if (!reference.deref()) subscriptions.delete(reference);
  }
}

function readUser({ accessToken }: Credentials): string {
  const { oid, sub } = readClaims(accessToken);
  const found = [oid, sub].find((claim) => typeof claim === "string" && claim !== "");
  if (found) return String(found);
  throw new TypeError("Cannot name the user of Redis: the token is no JWT with oid or sub. Pass username.");
}
