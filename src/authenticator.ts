/**
 * Authenticators: a token source, what keeps its token fresh, and a `fetch` that carries it.
 *
 * @module
 */

import { authenticatedFetch } from "./api_call/authenticated_fetch.ts";
import { checkFunction } from "./arguments.ts";
import {
  type AuthenticatorOptions,
  bindListener,
  type CallOptions,
  type CheckedOptions,
  checkOptions,
  chooseTransport,
  explain,
  type Explanation,
  type RefreshOptions,
  type WithOptions,
} from "./authenticator_options.ts";
import type { Credentials } from "./credentials.ts";
import { closeAll, findOrMake, mergeOptions, newShared, serializeOptions, type Shared } from "./derived.ts";
import type { Fetch } from "./http/fetch.ts";
import { printAsJson } from "./printing.ts";
import { refreshing } from "./refresh/refreshing.ts";
import type { TokenListener } from "./refresh/token_listeners.ts";
import type { Tokens } from "./refresh/tokens.ts";
import type { MakeTokenSource } from "./token_source.ts";
import type { Transport } from "./transport/transport.ts";

/**
 * Keeps credentials fresh, and sends requests with them (flytekit's `Authenticator`).
 *
 * Extend it for a token source of your own, as {@linkcode MakeTokenSource} shows. {@linkcode Authenticator.with} calls the
 * constructor with one options object.
 *
 * @example New tokens for a connection that stays open
 * ```ts
 * import type { Authenticator } from "@m2m/authenticator";
 *
 * const keepFresh = (authenticator: Authenticator, connection: { updateSecret(secret: string): void }) =>
 *   authenticator.onToken(({ accessToken }) => connection.updateSecret(accessToken));
 * console.log(typeof keepFresh); // function
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
    // Here, for a static block would keep the class in bundles that don't use it.
    printAsJson(Authenticator.prototype);
    this.#transport = chooseTransport(options);
    this.#options = checkOptions(options, this.#transport?.fetch);
    this.#makeSource = makeSource;
  }

  /** The last credentials issued, which may have expired; `undefined` before the first. No I/O. */
  get credentials(): Credentials | undefined {
    return this.#madeTokens?.last?.credentials;
  }

  /**
   * Returns live credentials: the known ones at once, else new ones. In the last fifth of their lifetime (5 minutes at
   * most; up to a quarter sooner, by chance) they are refreshed in the background; failures leave the known ones in use.
   *
   * @param options A signal for this caller's wait.
   * @returns Credentials that had not expired when the promise settled; `expiresAt` says when they do.
   * @throws {AuthenticationError} If no token is issued; `code` says why.
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
   * Gets a token before traffic comes: from the token store, if it has a live one, else by a token request.
   *
   * @param options A signal for this caller's wait.
   * @throws {AuthenticationError} If no token is issued; `code` says why.
   * @throws The signal's reason, once it is aborted.
   */
  async ready(options?: CallOptions): Promise<void> {
    await this.getCredentials(options);
  }

  /**
   * Requests new credentials, whatever is left of the known ones (flytekit's `refresh_credentials`). Concurrent callers
   * share one request. During a back-off they get its error at once, and a permanent failure is not repeated during its
   * cool-down.
   *
   * For clients that aren't `fetch`: pass the credentials that the API rejected as `rejected`; later callers with the same
   * ones get the new ones without a request. These refreshes are limited; beyond the limit the code is `refresh_limited`.
   *
   * @param options The rejected credentials, and a signal for this caller's wait.
   * @returns The new credentials.
   * @throws {AuthenticationError} If no token is issued; the known one stays in use while it lives.
   * @throws The signal's reason, once it is aborted.
   */
  async refreshCredentials(options: RefreshOptions = {}): Promise<Credentials> {
    const { rejected, signal } = options;
    const next = rejected ? this.#tokens.refreshRejected(rejected, signal) : this.#tokens.refresh(signal);
    return (await next).credentials;
  }

  /**
   * Calls a listener with each new token, to be put on connections that stay open. The token is kept fresh meanwhile, by a
   * timer that keeps no process alive; the first one is requested at once. Failed refreshes are repeated.
   *
   * @param listener Takes the credentials issued from now on. What it throws changes nothing.
   * @returns What ends it, as `close` does.
   */
  onToken(listener: TokenListener): () => void {
    checkFunction("listener", listener ?? null);
    return this.#tokens.listen(listener);
  }

  /**
   * Adds the token to headers, for clients that aren't `fetch`. A header that is set already stays, unless `callerHeader` is
   * `replace`. With `dpop`, add the request's proof as well, by `dpop`'s `proof`.
   *
   * @param headers The headers to add to.
   * @param options A signal for this caller's wait.
   * @returns The same headers.
   * @throws {AuthenticationError} If no token is issued.
   * @throws The signal's reason, once it is aborted.
   */
  async authorize(headers: Headers, options?: CallOptions): Promise<Headers> {
    const { headerKey, headers: own } = await this.#tokens.get(options?.signal);
    if (this.#options.callerHeader === "replace" || !headers.has(headerKey)) headers.set(headerKey, own[headerKey]!);
    return headers;
  }

  /**
   * Sends requests with the token, as `fetch` does. It is bound: pass it to an SDK that takes a `fetch`.
   *
   * - A relative input resolves against `endpoint` as a link does: `projects` goes on with the path of `…/v1/`, `/projects`
   *   replaces it. Requests to another origin, by call or by redirect, carry no token.
   * - When the API rejects the token (by 401, by a 403 that says `invalid_token`, or as `isRejected` decides), it is
   *   refreshed and the request replayed with its body. The caller gets the API's response if the body can't be sent
   *   again (a stream in `init`), if the new token is rejected as well, or if the refresh fails.
   * - A request whose header the caller has set is sent unchanged, unless `callerHeader` is `replace`.
   *
   * @throws {AuthenticationError} If no token is issued.
   * @throws What the underlying `fetch` throws; the signal's reason, once it is aborted.
   */
  get fetch(): Fetch {
    return this.#madeFetch ??= authenticatedFetch(this.#tokens, bindListener(this.#options));
  }

  /**
   * Derives an authenticator with other scopes, audience, resource, … and a token of its own, as in
   * `authenticator.with({ audience: "https://api.example.com", scopes: ["api:read"] })`. Client authentication, store,
   * transport and the token endpoint's health are shared.
   *
   * The same changes (scopes and resources in any order) return the same authenticator until it is closed, and no change
   * returns this one; the 10,000 used last are kept. `parameters` change one by one, and empty ones aren't sent.
   *
   * @param changes The options that differ.
   * @returns The authenticator: closed if this one is. Its `close` closes it alone; that of the first one closes all.
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
   * Closes it, permanently: waiting and later callers get an `AbortError`. The first authenticator closes those derived
   * from it, too. Tokens are revoked if `revocation` is set, and a transport's connections are closed.
   *
   * @returns A promise that settles when the last token request has ended (on workerd, when it was aborted).
   * @throws {AuthenticationError} If a token couldn't be revoked; all else is done.
   */
  close(): Promise<void> {
    const parts = { options: this.#options, transport: this.#transport, getTokens: (each: this) => each.#tokens };
    return this.#closing ??= closeAll(this.#shared, { closed: this, ...parts });
  }

  /** Closes it as {@linkcode Authenticator.close} does, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Explains the state, without secrets, for health probes: settings, the token and its remaining lifetime, the next
   * refresh, the last error. No I/O.
   *
   * @returns A plain object; durations in milliseconds.
   */
  explain(): Explanation {
    return explain(this.#options, this.#madeTokens?.explain(), !!this.#closing);
  }

  /**
   * Shortens {@linkcode Authenticator.explain} for printers: of the last error it gives the code.
   * @returns A plain object without secrets.
   */
  toJSON(): Record<string, unknown> {
    const { isRefreshing: _, isRejected: __, lastError, ...others } = this.explain();
    return { ...others, ...lastError && { lastError: lastError.code ?? lastError.name } };
  }

  get #shared(): Shared<this> {
    return this.#madeShared ??= newShared(this);
  }

  get #tokens(): Tokens {
    if (this.#madeTokens) return this.#madeTokens;
    const options = { ...bindListener(this.#options), shared: this.#shared };
    return this.#madeTokens = refreshing(this.#makeSource(options), options);
  }
}
