/**
 * Tokens that processes share through a store: one token request a lifetime, however many they are.
 *
 * Each store is an export of its own, and takes the client, binding or connection that the program has already:
 *
 * | store: `./token-store/…` | shared by | lease | what is read | a value ends |
 * |---|---|---|---|---|
 * | `redis` (Redis, Valkey, Upstash) | all that reach it | yes | what was written last, on the primary | at once, by Redis's clock |
 * | `sql`: PostgreSQL | all that reach it | yes | what was written last | at once, by the database's clock |
 * | `sql`: SQLite | one machine | yes | what was written last | at once, by the machine's clock |
 * | `etcd` | all that reach it | yes | what was written last | by the record; removed some seconds later |
 * | `durable-object` | Cloudflare Workers | yes | what was written last | at once, by the object's clock |
 * | `deno-kv` | Deno Deploy, a server of Deno KV, or one machine | yes | what was written last | by the record; removed an hour later |
 * | `file` | one user on one machine | yes | what was written last | at once, by the machine's clock |
 * | `indexed-db` | one origin in one browser profile | yes | what was written last | at once, by the machine's clock |
 * | `cloudflare-kv` | Cloudflare Workers | no | what is 30 seconds old, or older | by the record; kept for a minute at least |
 * | `web-cache` | one browser profile, machine or data centre | no | what was written last, or nothing | by the writer's clock |
 *
 * With a lease, processes that start together make one token request; without one, each may make its own. A lease ends by
 * itself after `leaseTime` where its process ends: the next one then requests the token.
 *
 * @module
 */

import { checkDuration, checkNumber, checkString, throwInvalid } from "../arguments.ts";
import { systemClock } from "../clock.ts";
import type { SharingContext, TokenSharing } from "../token_endpoint/token_sharing.ts";
import type { IssuedCredentials, TokenSource } from "../token_source.ts";
import { openShare } from "./share.ts";
import { StoreAccess } from "./store_access.ts";
import { checkStore } from "./check_store.ts";
import type { TokenStore } from "./token_store.ts";

export type { FormParameters } from "../token_endpoint/parameters.ts";
export type {
  SharedCredentials,
  ShareToken,
  SharingContext,
  TokenIdentity,
  TokenSharing,
} from "../token_endpoint/token_sharing.ts";
export type * from "./token_store.ts";

/** Options of {@linkcode sharedTokens}. */
export interface SharedTokensOptions {
  /**
   * Tells apart what the key doesn't: what `beforeTokenRequest` changes, whom an assertion, a subject token or an actor
   * token stands for, and the client certificate that tokens are bound to; required with these. Where clients come from
   * others, one partition for each: a stored token is given without a look at the secret. Default: empty.
   */
  partition?: string | undefined;
  /** How long one operation of the store may take, in milliseconds. After that the token is requested without it.
   * 1 to 2,147,483,647. Default: 250. */
  timeout?: number | undefined;
  /**
   * How long other processes wait for one that ended while it requested a token, in milliseconds: 2,000 to 60,000. A
   * request that takes longer keeps its lease. Who has waited 1.8 times as long requests a token of its own: keep it well
   * below the authenticator's `timeout`. Default: 5,000.
   */
  leaseTime?: number | undefined;
}

/**
 * Shares tokens with other processes through a store, for the option `tokenStore`.
 *
 * A token is read from the store when one is needed, else requested by the process that gets the lease, and written. The
 * others wait for it, or use the token they have while it lives. A call with a live token never asks the store. A store
 * that fails, or takes longer than `timeout`, is left alone for 1 to 30 seconds: tokens are then requested without it.
 *
 * A token that the API rejects is deleted, if the store still has that very one: one refresh serves all. No failure is
 * written. With a lease, a process that was paused while it requested a token doesn't replace a newer one.
 *
 * The key is a hash of the issuer (or token endpoint), client, grant, scopes, resources, audience, all other parameters,
 * `tokenType`, DPoP key and `partition`. With DPoP, processes need one stored key: each new key has tokens of its own.
 *
 * The value holds the token in clear text. A reader of the store has the token, and a writer chooses the one
 * that is sent: put `sealed` of `./token-store/sealed` around a store that isn't the program's alone. Then others can still
 * delete records, put back ones that haven't expired for long, and hold leases, which costs token requests.
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { denoKvTokenStore } from "@m2m/authenticator/token-store/deno-kv";
 *
 * using kv = await Deno.openKv(":memory:");
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *   tokenStore: sharedTokens(denoKvTokenStore(kv)),
 * });
 * await authenticator.ready();
 * console.log(authenticator.credentials?.tokenType); // Bearer
 * ```
 *
 * @param store The store.
 * @param options A partition, and times.
 * @returns A value for `tokenStore`. Many authenticators may share one.
 * @throws {TypeError} If the store or an option can't be used.
 * @throws {RangeError} If a time is out of range.
 */
export function sharedTokens(store: TokenStore, options: SharedTokensOptions = {}): TokenSharing {
  const { partition = "", timeout = 250, leaseTime = 5_000 } = options;
  checkStore(store);
  checkString("partition", partition);
  checkDuration("timeout", timeout);
  checkNumber("leaseTime", leaseTime, 2_000, 60_000);
  const access = new StoreAccess(store, timeout);
  return {
    check: (options) => checkShareable(options, partition),
    open: (context) => openShare(access, { partition, leaseTime }, context),
  };
}

/** Options of {@linkcode sharedSource}. Clock, default lifetime and listener are those of `refreshing`. */
export interface SharedSourceOptions extends Partial<SharingContext> {
  /** What {@linkcode sharedTokens} returns. */
  readonly sharing: TokenSharing;
  /** Names the token: everything that makes it another one. */
  readonly name: string;
}

/**
 * Shares the tokens of a token source, as {@linkcode sharedTokens} does those of an authenticator.
 *
 * The `headerKey` of the source isn't shared: name it to `refreshing`.
 *
 * @example
 * ```ts
 * import { Credentials, refreshing } from "@m2m/authenticator";
 * import { sharedSource, sharedTokens } from "@m2m/authenticator/token-store";
 * import { denoKvTokenStore } from "@m2m/authenticator/token-store/deno-kv";
 *
 * using kv = await Deno.openKv(":memory:");
 * const source = () => {
 *   const credentials = new Credentials({ accessToken: "from-a-vault", expiresAt: Date.now() + 60_000 });
 *   return Promise.resolve({ credentials });
 * };
 * const tokens = refreshing(sharedSource(source, {
 *   name: "vault: projects",
 *   sharing: sharedTokens(denoKvTokenStore(kv)),
 * }));
 * console.log((await tokens.get()).credentials.tokenType); // Bearer
 * ```
 *
 * @param source The token source.
 * @param options What shares them, by which name.
 * @returns A token source, to be kept fresh by `refreshing`.
 * @throws {TypeError} If the name is empty.
 */
export function sharedSource(source: TokenSource, options: SharedSourceOptions): TokenSource {
  const { sharing, name, clock = systemClock } = options;
  if (!checkString("name", name)) throwInvalid("name", "a string, not empty", name);
  const share = sharing.open({ ...options, clock });
  const identity = { issuer: name, tokenEndpoint: "", clientId: "", grantType: "", form: {} };
  return async (request) => {
    let others: Omit<IssuedCredentials, "credentials"> = {};
    const { credentials, forRejection } = await share(identity, request, async () => {
      const { credentials, ...more } = await source(request);
      others = more;
      return credentials;
    });
    return { ...others, credentials, forRejection };
  };
}

/** Checks that an authenticator's tokens can be shared. */
function checkShareable(options: object, partition: string): void {
  const { revocation, beforeTokenRequest, assertion, subjectToken, dpop, ...others } = options as Record<
    string,
    unknown
  >;
  if (revocation) {
    throw new TypeError("tokenStore can't be combined with revocation: other processes use the same token.");
  }
  if (dpop && typeof Object(dpop).thumbprint !== "function") {
    throw new TypeError("tokenStore needs a dpop with a thumbprint: tokens are bound to its key.");
  }
  const clientCertificate = others["clientCertificate"] || /tls/.test(Object(others["clientAuth"]).method);
  const apart = { beforeTokenRequest, assertion, subjectToken, clientCertificate };
  const unknown = Object.entries(apart).find(([, value]) => value);
  if (unknown && !partition) {
    throw new TypeError(
      `tokenStore needs sharedTokens(store, { partition }): a text that tells apart the tokens by ${unknown[0]}.`,
    );
  }
}
