/**
 * Credentials, and a `fetch` that carries them: what every grant has in common.
 *
 * @module
 */

import { authenticatedFetch } from "./api_call/authenticated_fetch.ts";
import { checkDuration, checkFunction, checkHeaderKey, checkUrl, refuse } from "./arguments.ts";
import type { Clock } from "./clock.ts";
import type { Credentials } from "./credentials.ts";
import type { ProofOfPossession } from "./dpop/proof_of_possession.ts";
import type { AuthenticatorEventListener } from "./events.ts";
import { type Fetch, globalFetch } from "./http/fetch.ts";
import { refreshing } from "./refresh/refreshing.ts";
import { newHealth } from "./refresh/state.ts";
import type { RetryOptions, SharedHealth, Tokens } from "./refresh/tokens.ts";
import type { IssuedCredentials, TokenSourceRequest } from "./token_source.ts";
import { hostTransport, type WayOut } from "./transport/host.ts";
import type { ClientCertificate, TransportOptions } from "./transport/transport.ts";

/** Settings that every {@linkcode Authenticator} takes. */
export interface AuthenticatorOptions {
  /**
   * The API that is called, as an absolute URL. Its origin gets the token, and no other but `allowedOrigins`. Inputs of
   * `fetch` resolve against it as links do: end it in a slash for a path to count, and start the inputs without one.
   */
  endpoint: string | URL;
  /** Name of the header that carries the token. Default: what the config store says, else `authorization`. */
  headerKey?: string | undefined;
  /** What sends all requests, in the shape of `fetch`. Default: the global `fetch`. */
  fetch?: Fetch | undefined;
  /**
   * An HTTP proxy for all requests, as in `http://user:password@proxy.example.com:3128`. For Deno, Bun, and Node with
   * undici installed, as are the next two; elsewhere hand in a `fetch` that does it. Default: what the runtime does by
   * itself.
   */
  httpProxyUrl?: string | undefined;
  /**
   * How servers' certificates are verified: `false` for not at all, or authorities to trust besides the runtime's own,
   * as PEM text or as the path of a PEM file. Default: `true`, by the runtime's own authorities.
   */
  verify?: boolean | string | undefined;
  /** The certificate to show to servers that ask for one (mutual TLS, RFC 8705). Default: none. */
  clientCertificate?: ClientCertificate | undefined;
  /** How long a token is taken to live whose server doesn't say, in milliseconds. Default: 300,000. */
  defaultLifetime?: number | undefined;
  /**
   * For platforms that stop work once a response is sent: keeps them at a renewal behind it. On Cloudflare the
   * `waitUntil` of `cloudflare:workers`, which always means the request at hand; not a request's own `ctx.waitUntil`,
   * which the authenticator would outlive. Default: none; where it is needed, one caller waits for the renewal instead.
   */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** How attempts to get a token are repeated. Default: 5 attempts within 30 seconds. */
  retry?: RetryOptions | undefined;
  /** How long one attempt to get a token may take, in milliseconds. Default: 10,000. */
  timeout?: number | undefined;
  /**
   * Tells whether the API rejects the token by this response; to read its body, read that of a clone. Default: a 401 does,
   * and a 403 whose challenge says `invalid_token` (RFC 6750 §3.1).
   */
  isRejected?: ((response: Response) => boolean | Promise<boolean>) | undefined;
  /** How much of a `Request`'s body is kept for a replay, in bytes; a call with more isn't replayed. Default: 1,048,576. */
  maxReplayBody?: number | undefined;
  /**
   * Origins besides the endpoint's that may have the token as well, as in `https://files.example.com`.
   * Default: none.
   */
  allowedOrigins?: readonly (string | URL)[] | undefined;
  /** Binds tokens to a key, so that a stolen one is of no use (RFC 9449): made by `dpop` of `./dpop`. Default: none. */
  dpop?: ProofOfPossession | undefined;
  /** Is told what happens, as it happens. What it throws changes nothing. Default: nobody is told. */
  onEvent?: AuthenticatorEventListener | undefined;
  /** Where the time comes from. Default: the machine's clocks. */
  clock?: Clock | undefined;
}

/** What a single call may say. */
export interface CallOptions {
  /** Ends this caller's wait, with its own reason; others who wait for the same token aren't disturbed. */
  signal?: AbortSignal | undefined;
}

/** What a call for new credentials may say. */
export interface RefreshOptions extends CallOptions {
  /** Credentials that the API refused. Default: none; new ones are asked for in any case. */
  refused?: Credentials | undefined;
}

/**
 * Credentials, and a `fetch` that carries them (flytekit's `Authenticator`). For the client credentials grant there is
 * {@linkcode ClientCredentialsAuthenticator}. Extend this one for a grant of your own, by a single method:
 * {@linkcode Authenticator.requestCredentials}. A refusal for good that it throws is thrown to that call's waiters, and
 * the next caller makes it ask again: sparing the server then is its own business.
 *
 * @example Credentials from wherever you have them
 * ```ts
 * import { Authenticator, getToken, type IssuedCredentials } from "@m2m/authenticator";
 *
 * class OwnAuthenticator extends Authenticator {
 *   protected override async requestCredentials(signal: AbortSignal): Promise<IssuedCredentials> {
 *     const credentials = await getToken("https://auth.example.com/oauth/token", {
 *       clientId: "my-client",
 *       clientSecret: "my-secret",
 *       audience: "https://api.example.com",
 *       fetch: this.transportFetch,
 *       signal,
 *     });
 *     return { credentials };
 *   }
 * }
 *
 * const authenticator = new OwnAuthenticator({ endpoint: "https://api.example.com" });
 * const headers = await authenticator.authorize(new Headers());
 * console.log(headers.has("authorization")); // true
 * ```
 */
export abstract class Authenticator {
  readonly #options: AuthenticatorOptions & { readonly allowedOrigins: readonly string[] | undefined };
  readonly #transport: WayOut;
  // Made when first needed: thousands of idle authenticators, one for each tenant, stay cheap.
  #madeTokens: Tokens | undefined;
  #boundFetch: Fetch | undefined;

  /**
   * Checks its settings; asks nobody anything.
   *
   * @param options The settings.
   * @throws {TypeError} If a setting can't be what it should be, or this runtime can't do it.
   * @throws {RangeError} If a duration or a number of attempts is out of range.
   */
  constructor(options: AuthenticatorOptions) {
    const { endpoint, defaultLifetime = 300_000, timeout = 10_000, maxReplayBody = 0, retry = {} } = options;
    checkUrl("endpoint", endpoint);
    const allowedOrigins = options.allowedOrigins && checkOrigins(options.allowedOrigins);
    const headerKey = checkHeaderKey(options.headerKey);
    checkDuration("defaultLifetime", defaultLifetime);
    checkDuration("timeout", timeout);
    checkRetry(retry);
    if (!(typeof maxReplayBody === "number" && maxReplayBody >= 0)) {
      throw new RangeError("maxReplayBody must be a number of bytes, 0 or more.");
    }
    for (const name of ["onEvent", "waitUntil", "isRejected"] as const) checkFunction(name, options[name]);
    this.#transport = chooseTransport(options);
    if (options.dpop && !options.dpop.apiFetch) refuse("dpop", "what dpop() returns", options.dpop);
    const { onEvent, waitUntil, clock, dpop, isRejected } = options;
    this.#options = {
      ...{ endpoint: String(endpoint), headerKey, allowedOrigins, defaultLifetime, timeout, retry: { ...retry } },
      ...{ onEvent, waitUntil, clock, dpop, isRejected, maxReplayBody: options.maxReplayBody },
    };
  }

  /**
   * Asks the authorization server, once. Called for one caller at a time, however many wait for the outcome.
   *
   * @param signal Ends when `timeout` is over, or the authenticator is closed.
   * @param request Why it is asked, and for whom.
   * @returns The credentials issued, and the header to carry them where the settings name one.
   */
  protected abstract requestCredentials(signal: AbortSignal, request: TokenSourceRequest): Promise<IssuedCredentials>;

  /** What is known of the token endpoint. Default: nothing, and shared with no other authenticator. */
  protected get sharedHealth(): SharedHealth {
    return { health: newHealth };
  }

  /** What sends requests: the caller's `fetch`, or one by `httpProxyUrl`, `verify` and `clientCertificate`. */
  protected get transportFetch(): Fetch {
    return this.#transport.fetch;
  }

  /**
   * What the header says.
   *
   * @param credentials The credentials to carry.
   * @returns The header's value. Default: the token's type and the token (RFC 6749 §7.1).
   */
  protected authorizationOf({ tokenType, accessToken }: Credentials): string {
    return `${tokenType} ${accessToken}`;
  }

  /** The last credentials known, without asking anybody; they may have expired. `undefined` before the first. */
  get credentials(): Credentials | undefined {
    return this.#madeTokens?.last?.credentials;
  }

  /**
   * Gives credentials to use now: the known ones for as long as they live, at once, else new ones. In the last fifth of
   * their life (5 minutes at most) they are refreshed in the background; failures leave the known ones in use.
   *
   * @param options A signal for this caller's wait.
   * @returns Credentials that had not expired when the promise settled; how long they live on is in `expiresAt`.
   * @throws {AuthenticationError} If there are none to be had; `code` says why.
   * @throws The signal's reason, once it is aborted.
   */
  getCredentials(options?: CallOptions): Promise<Credentials> {
    const signal = options?.signal;
    const token = signal?.aborted ? undefined : this.#madeTokens?.fresh();
    return token === undefined ? this.#nextCredentials(signal) : token.settled;
  }

  async #nextCredentials(signal: AbortSignal | undefined): Promise<Credentials> {
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
  async refreshCredentials(options: RefreshOptions = {}): Promise<Credentials> {
    const { refused, signal } = options;
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
    const token = await this.#tokens.get(options?.signal);
    const { headerKey } = token;
    if (!headers.has(headerKey)) headers.set(headerKey, token.headers[headerKey]!);
    return headers;
  }

  /**
   * `fetch`, with the token on it; bound, so that it can be handed to whatever takes a `fetch`.
   *
   * - A relative input resolves against `endpoint`. Requests to another origin, by call or by redirect, go without
   *   the token.
   * - When the API rejects the token (by 401, by a 403 that says `invalid_token`, or as `isRejected` tells), it is
   *   refreshed and the request replayed, with its body. The caller gets the API's own response if the body can't be
   *   sent again (a stream in `init`), if the new token is rejected as well, or if the refresh fails.
   * - A request on which the caller has set the header goes as it is.
   *
   * @throws {AuthenticationError} If there is no token to be had.
   * @throws What the underlying `fetch` throws; the signal's reason, once it is aborted.
   */
  get fetch(): Fetch {
    return this.#boundFetch ??= authenticatedFetch(this.#tokens, { ...this.#options, fetch: this.#transport.fetch });
  }

  /**
   * Ends what is under way, permanently: callers who wait for a token get an `AbortError`, and so do later ones. A script
   * ends by itself without it; what `httpProxyUrl`, `verify` and `clientCertificate` need is freed by it.
   *
   * @returns A promise that settles when the last token request has ended (on workerd, when it has been told to).
   */
  async close(): Promise<void> {
    await this.#tokens.close(new DOMException("The authenticator was closed.", "AbortError"));
    await this.#transport.close?.();
  }

  /**
   * Drops the known credentials: later callers get others.
   *
   * @returns The credentials, if they had not expired.
   */
  protected forgetCredentials(): Credentials | undefined {
    return this.#madeTokens?.forget();
  }

  /**
   * As {@linkcode Authenticator.close}, for `await using`.
   *
   * @returns A promise that settles when the last token request has ended.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  get #tokens(): Tokens {
    return this.#madeTokens ??= refreshing((request) => this.requestCredentials(request.signal, request), {
      ...this.#options,
      authorization: (credentials) => this.authorizationOf(credentials),
      shared: this.sharedHealth,
    });
  }
}

function checkRetry({ attempts = 1, maxBackoff = 1, deadline = 1 }: RetryOptions): void {
  if (!(typeof attempts === "number" && attempts >= 1)) throw new RangeError("retry.attempts must be 1 or more.");
  checkDuration("retry.maxBackoff", maxBackoff);
  checkDuration("retry.deadline", deadline);
}

const globalTransport: WayOut = { fetch: globalFetch };

function checkOrigins(urls: unknown): string[] {
  if (!Array.isArray(urls)) return refuse("allowedOrigins", 'an array, such as ["https://files.example.com"]', urls);
  return urls.map((url) => checkUrl("allowedOrigins", url).origin);
}

function chooseTransport(options: Pick<AuthenticatorOptions, "fetch" | keyof TransportOptions>): WayOut {
  const { fetch, httpProxyUrl, verify = true, clientCertificate } = options;
  checkFunction("fetch", fetch);
  // As an environment variable gives it, an empty text is none.
  if (!httpProxyUrl && !clientCertificate && (verify === true || verify === "")) {
    return fetch ? { fetch } : globalTransport;
  }
  if (fetch !== undefined) {
    throw new TypeError(
      "httpProxyUrl, verify or clientCertificate can't be combined with fetch: pass a fetch that does it.",
    );
  }
  return hostTransport({ httpProxyUrl, verify, clientCertificate });
}
