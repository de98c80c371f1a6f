/**
 * Credentials that are kept fresh, and a `fetch` that carries them.
 *
 * @module
 */

import { authenticatedFetch } from "./api_call/authenticated_fetch.ts";
import {
  type AuthenticatorOptions,
  type CallOptions,
  type CheckedOptions,
  checkOptions,
  chooseTransport,
  type RefreshOptions,
  type WithOptions,
} from "./authenticator_options.ts";
import type { Credentials } from "./credentials.ts";
import { findOrMake, mergeOptions, newShared, serializeOptions, type Shared } from "./derived.ts";
import type { Fetch } from "./http/fetch.ts";
import { refreshing } from "./refresh/refreshing.ts";
import type { Tokens } from "./refresh/tokens.ts";
import type { MakeTokenSource } from "./token_source.ts";
import type { Transport } from "./transport/transport.ts";

/**
 * Keeps credentials fresh, and gives a `fetch` that carries them (flytekit's `Authenticator`). For the client credentials
 * grant there is {@linkcode ClientCredentialsAuthenticator}; extend this one for a token source of your own. Its
 * constructor takes one object of options and passes all of it on: {@linkcode Authenticator.with} calls it with others.
 *
 * @example A token source of one's own
 * ```ts
 * import { Authenticator, type AuthenticatorOptions, getToken } from "@m2m/authenticator";
 *
 * class OwnAuthenticator extends Authenticator {
 *   constructor(options: AuthenticatorOptions) {
 *     super(options, ({ fetch }) => async ({ signal }) => {
 *       const credentials = await getToken("https://auth.example.com/oauth/token", {
 *         clientId: "my-client",
 *         clientSecret: "my-secret",
 *         audience: "https://api.example.com",
 *         fetch,
 *         signal,
 *       });
 *       return { credentials };
 *     });
 *   }
 * }
 *
 * const authenticator = new OwnAuthenticator({ endpoint: "https://api.example.com" });
 * const headers = await authenticator.authorize(new Headers());
 * console.log(headers.has("authorization")); // true
 * ```
 */
export abstract class Authenticator {
  readonly #options: CheckedOptions;
  readonly #makeSource: MakeTokenSource;
  readonly #transport: Transport | undefined;
  // Made when first needed: thousands of idle authenticators, one for each tenant, stay cheap.
  #madeTokens: Tokens | undefined;
  #madeFetch: Fetch | undefined;
  #madeShared: Shared<this> | undefined;
  #closing: Promise<void> | undefined;

  /**
   * Checks the options; sends nothing.
   *
   * @param options The options.
   * @param makeSource Makes the token source from the checked options, when the first token is needed.
   * @throws {TypeError} If an option can't be used, or not on this runtime.
   * @throws {RangeError} If a duration or another number is out of range.
   */
  constructor(options: AuthenticatorOptions, makeSource: MakeTokenSource) {
    this.#transport = chooseTransport(options);
    this.#options = checkOptions(options, this.#transport?.fetch);
    this.#makeSource = makeSource;
  }

  /** The last credentials issued, without I/O; they may have expired. `undefined` before the first. */
  get credentials(): Credentials | undefined {
    return this.#madeTokens?.last?.credentials;
  }

  /**
   * Gives credentials to use now: the known ones for as long as they live, at once, else new ones. Near the end of their
   * lifetime (its last fifth to quarter, by chance, and 5 to 6¼ minutes at most) they are refreshed in the background;
   * failures leave the known ones in use.
   *
   * @param options A signal for this caller's wait.
   * @returns Credentials that had not expired when the promise settled; `expiresAt` says when they do.
   * @throws {AuthenticationError} If there are none to be had; `code` says why.
   * @throws The signal's reason, once it is aborted.
   */
  getCredentials(options?: CallOptions): Promise<Credentials> {
    const signal = options?.signal;
    const token = signal?.aborted ? undefined : this.#madeTokens?.fresh();
    return token === undefined ? this.#getCredentials(signal) : token.settled;
  }

  async #getCredentials(signal: AbortSignal | undefined): Promise<Credentials> {
    return (await this.#tokens.get(signal)).credentials;
  }

  /**
   * Gets new credentials, whatever is left of the known ones (flytekit's `refresh_credentials`). Callers at the same
   * time share one request. During a back-off they get its error at once, and a request that was refused permanently is
   * not repeated during its cool-down.
   *
   * For clients that aren't `fetch`: name the credentials that the API rejected, and callers who come late with the same
   * ones get what is known by then. Refreshes for rejected credentials are limited: beyond that it throws, and the code
   * is `refresh_limited`.
   *
   * @param options The rejected credentials, and a signal for this caller's wait.
   * @returns The new credentials.
   * @throws {AuthenticationError} If there are none to be had; the known ones stay in use for as long as they live.
   * @throws The signal's reason, once it is aborted.
   */
  async refreshCredentials({ refused, signal }: RefreshOptions = {}): Promise<Credentials> {
    const tokens = this.#tokens;
    const next = refused === undefined ? tokens.refresh(signal) : tokens.refreshRejected(refused, signal);
    return (await next).credentials;
  }

  /**
   * Puts the token on headers, for clients that aren't `fetch`. A header the caller has set is left as it is. With `dpop`,
   * the proof is to be added as well: by its `proof`, for the very request.
   *
   * @param headers The headers to add to.
   * @param options A signal for this caller's wait.
   * @returns The same headers.
   * @throws {AuthenticationError} If there is no token to be had.
   * @throws The signal's reason, once it is aborted.
   */
  async authorize(headers: Headers, options?: CallOptions): Promise<Headers> {
    const { headerKey, headers: own } = await this.#tokens.get(options?.signal);
    if (!headers.has(headerKey)) headers.set(headerKey, own[headerKey]!);
    return headers;
  }

  /**
   * `fetch`, with the token on it; bound, so that it can be passed to whatever takes a `fetch`.
   *
   * - A relative input resolves against `endpoint`. Requests to another origin, by call or by redirect, go without
   *   the token.
   * - When the API rejects the token (by 401, by a 403 that says `invalid_token`, or as `isRejected` decides), it is
   *   refreshed and the request replayed, with its body. The caller gets the API's own response if the body can't be
   *   sent again (a stream in `init`), if the new token is rejected as well, or if the refresh fails.
   * - A request on which the caller has set the header goes as it is.
   *
   * @throws {AuthenticationError} If there is no token to be had.
   * @throws What the underlying `fetch` throws; the signal's reason, once it is aborted.
   */
  get fetch(): Fetch {
    return this.#madeFetch ??= authenticatedFetch(this.#tokens, this.#options);
  }

  /**
   * Gives an authenticator that requests something else, and otherwise is like this one: with its client authentication,
   * store, transport, and what is known of the token endpoint. Each has a token of its own. The same changes (scopes and
   * resources in any order) give the same authenticator: closing it closes it for all who have it, and the next is a new
   * one. The 10,000 used last are kept. `parameters` are changed one by one; an empty one isn't sent. An authenticator
   * derived from a closed one is closed.
   *
   * @example One client, two APIs
   * ```ts
   * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
   *
   * const authenticator = new ClientCredentialsAuthenticator({
   *   endpoint: "https://api.example.com",
   *   clientId: "my-client",
   *   clientSecret: "my-secret",
   *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
   * });
   * const readOnly = authenticator.with({ audience: "https://api.example.com", scopes: ["api:read"] });
   * const response = await readOnly.fetch("/v1/projects");
   * console.log(response.status, await response.json());
   * ```
   *
   * @param changes The options that differ.
   * @returns The authenticator. Its `close` ends its own token requests; that of the first one ends those of all that
   * are kept.
   * @throws {TypeError} If an option can't be used, or can't be changed.
   */
  with(changes: WithOptions): this {
    const shared = this.#shared;
    if (shared.derived.size === 0) shared.derived.set(serializeOptions(this.#options), this);
    const Same = this.constructor as new (options: CheckedOptions, makeSource: MakeTokenSource) => this;
    const options = mergeOptions(this.#options, changes);
    const key = serializeOptions(options);
    const make = () => {
      const derived = new Same(options, this.#makeSource);
      if (serializeOptions(derived.#options) !== key) {
        throw new TypeError("with needs a constructor that passes all of its options on.");
      }
      derived.#madeShared = shared;
      return derived;
    };
    if (!this.#closing && !shared.root.#closing) return findOrMake(shared, key, make);
    const closed = make();
    closed.close().catch(() => {});
    return closed;
  }

  /**
   * Ends what is under way, permanently: callers who wait for a token get an `AbortError`, and so do later ones. Closing
   * the first authenticator closes those derived from it that are kept; closing a derived one closes no other. With `revocation`, the tokens are revoked then. A script ends by
   * itself without it; what `httpProxyUrl`, `verify` and `clientCertificate` need is freed by it.
   *
   * @returns A promise that settles when the last token request has ended (on workerd, when it was aborted).
   * @throws {AuthenticationError} If a token couldn't be revoked; all else is done.
   */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    const { root, derived } = this.#shared;
    const all = root === this ? new Set([this, ...derived.values()]) : [this];
    // Later ones like it are open.
    const key = serializeOptions(this.#options);
    if (derived.get(key) === this) derived.delete(key);
    const tokens = [...all].map((each) => each.#tokens);
    const reason = new DOMException("The authenticator was closed.", "AbortError");
    try {
      await Promise.all(tokens.map((each) => each.close(reason)));
      await this.#options.revocation?.revoke(tokens.flatMap((each) => each.forget() ?? []), this.#options);
    } finally {
      await this.#transport?.close();
    }
  }

  /**
   * As {@linkcode Authenticator.close}, for `await using`.
   *
   * @returns A promise that settles when the last token request has ended.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #shared(): Shared<this> {
    return this.#madeShared ??= newShared(this);
  }

  get #tokens(): Tokens {
    if (this.#madeTokens) return this.#madeTokens;
    const options = { ...this.#options, shared: this.#shared };
    return this.#madeTokens = refreshing(this.#makeSource(options), options);
  }
}
