/**
 * Token exchange: a token that is at hand for another one.
 *
 * @module
 */

import type { CallOptions } from "../authenticator_options.ts";
import { AuthenticationError } from "../errors.ts";
import { Authenticator } from "../authenticator.ts";
import { fromGrant } from "../grant_options.ts";
import type { Fetch } from "../http/fetch.ts";
import { requestByGrant } from "../token_endpoint/client_credentials.ts";
import type { TokenSource } from "../token_source.ts";
import {
  checkNamelessGrantOptions,
  type NamelessGrantOptions,
  namelessSourceOptions,
  type NamelessTokenSourceOptions,
} from "./grant_options.ts";

export type { NamelessGrantOptions, NamelessTokenSourceOptions } from "./grant_options.ts";
import {
  type ExchangedTokens,
  lookUp,
  notApplicable,
  ownParameters,
  tokenExchangeGrant,
} from "./token_exchange_grant.ts";

export { type ExchangedTokens, type GivenToken, TokenType } from "./token_exchange_grant.ts";

/** Options of a {@linkcode TokenExchangeAuthenticator}. */
export interface TokenExchangeAuthenticatorOptions extends NamelessGrantOptions, ExchangedTokens {}

/**
 * Gets tokens for tokens (RFC 8693) and keeps them fresh: a service that calls the next one on behalf of its caller, a
 * workload that has a token of its platform, a narrower token for a less trusted service. Errors show none of the tokens.
 *
 * What a token is good for is what its `token_type` says; `issued_token_type` isn't looked at. Where `requestedTokenType`
 * asks for something other than an access token, `N_A` is taken for a type (RFC 8693 §2.2.1): such a token is had by
 * `getCredentials()`, to be passed on, and `fetch` and `authorize` refuse to send it.
 *
 * @example A service on behalf of its caller
 * ```ts ignore
 * // Not run: it needs a caller.
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
 *
 * const configStore = new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" });
 * Deno.serve(async (request) => {
 *   // One for each request asks for a token for each request.
 *   const authenticator = new TokenExchangeAuthenticator({
 *     endpoint: "https://api.example.com",
 *     clientId: "my-client",
 *     clientSecret: "my-secret",
 *     configStore,
 *     subjectToken: request.headers.get("authorization")!.replace(/^Bearer +/i, ""),
 *     audience: "https://api.example.com",
 *   });
 *   return await authenticator.fetch("/v1/projects");
 * });
 * ```
 *
 * @example One authenticator for each subject, whose token serves many requests
 * ```ts
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
 *
 * const configStore = new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" });
 * // The last thousand, each with its newest token: a service that runs for long must forget some.
 * const subjects = new Map<string, { token: string; authenticator: TokenExchangeAuthenticator }>();
 *
 * // `subject` is the `iss` and `sub` of a token that was verified: whoever makes one up gets somebody else's access.
 * function onBehalfOf(subject: string, token: string): TokenExchangeAuthenticator {
 *   const authenticator = subjects.get(subject)?.authenticator ?? new TokenExchangeAuthenticator({
 *     endpoint: "https://api.example.com",
 *     clientId: "my-client",
 *     clientSecret: "my-secret",
 *     configStore,
 *     subjectToken: () => subjects.get(subject)?.token ?? token,
 *     audience: "https://api.example.com",
 *   });
 *   subjects.delete(subject);
 *   subjects.set(subject, { token, authenticator });
 *   if (subjects.size > 1_000) subjects.delete(subjects.keys().next().value!);
 *   return authenticator;
 * }
 *
 * const first = onBehalfOf("ada", "eyJhbGciOiJFUzI1NiJ9.e30.b25l");
 * console.log(onBehalfOf("ada", "eyJhbGciOiJFUzI1NiJ9.e30.dHdv") === first); // true
 * ```
 *
 * @example What this very client has got, for something narrower
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { TokenExchangeAuthenticator, TokenType } from "@m2m/authenticator/grant/token-exchange";
 *
 * const settings = {
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * };
 * const wide = new ClientCredentialsAuthenticator(settings);
 * const narrow = new TokenExchangeAuthenticator({
 *   ...settings,
 *   subjectToken: async () => (await wide.getCredentials()).accessToken,
 *   subjectTokenType: TokenType.ACCESS_TOKEN,
 *   scopes: ["api:read"],
 * });
 * console.log(narrow.credentials); // undefined: no token has been requested yet
 * ```
 */
export class TokenExchangeAuthenticator extends Authenticator {
  /** Whether the new token can be sent, being an access token. */
  readonly #isAccessToken: boolean;
  #checkedFetch: Fetch | undefined;

  /**
   * Checks the options; asks neither the store nor the server, nor for a token.
   *
   * @param options The options.
   * @throws {TypeError} If an option is missing or can't be used, or not on this runtime.
   * @throws {RangeError} If a duration or another number is out of range.
   */
  constructor(options: TokenExchangeAuthenticatorOptions) {
    const { actorToken } = options;
    const hidden = {
      ...options,
      subjectToken: lookUp("subjectToken", options.subjectToken),
      ...actorToken !== undefined && { actorToken: lookUp("actorToken", actorToken) },
    };
    const grant = tokenExchangeGrant(hidden);
    super(checkNamelessGrantOptions(hidden, ownParameters), fromGrant(grant));
    this.#isAccessToken = grant.moreTokenTypes === undefined;
  }

  /** As {@linkcode Authenticator.fetch}; doesn't send what isn't an access token. */
  override get fetch(): Fetch {
    if (this.#isAccessToken) return super.fetch;
    const fetch = super.fetch;
    return this.#checkedFetch ??= async (input, init) => {
      await this.#checkAccessToken({ signal: init?.signal ?? (input instanceof Request ? input.signal : undefined) });
      return await fetch(input, init);
    };
  }

  /**
   * As {@linkcode Authenticator.authorize}; doesn't send what isn't an access token.
   *
   * @param headers The headers to add to.
   * @param options A signal for this caller's wait.
   * @returns The same headers.
   * @throws {AuthenticationError} If there is no token to be had, or it is no access token.
   * @throws The signal's reason, once it is aborted.
   */
  override async authorize(headers: Headers, options?: CallOptions): Promise<Headers> {
    if (!this.#isAccessToken) await this.#checkAccessToken(options);
    return await super.authorize(headers, options);
  }

  async #checkAccessToken(options: { signal?: AbortSignal | null | undefined } = {}): Promise<void> {
    const { tokenType } = await this.getCredentials({ signal: options.signal ?? undefined });
    if (tokenType !== notApplicable) return;
    throw new AuthenticationError(
      "unsupported_token_type",
      "Cannot send the token: it is no access token (RFC 8693 §2.2.1). Hand it on by getCredentials(), or leave " +
        "requestedTokenType out.",
    );
  }
}

/** Options of {@linkcode tokenExchange}. */
export interface TokenExchangeOptions extends NamelessTokenSourceOptions, ExchangedTokens {}

/**
 * Makes a token source of the token exchange grant (RFC 8693), to be kept fresh by `refreshing`.
 *
 * @example
 * ```ts
 * import { refreshing } from "@m2m/authenticator";
 * import { tokenExchange } from "@m2m/authenticator/grant/token-exchange";
 *
 * const tokens = refreshing(tokenExchange({
 *   tokenEndpoint: "https://auth.example.com/oauth/token",
 *   subjectToken: () => "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl",
 * }));
 * console.log(tokens.last); // undefined: no token has been requested yet
 * ```
 *
 * @param options The token endpoint, the subject's token, and what is requested.
 * @returns A token source.
 * @throws {TypeError} If an option can't be used.
 */
export function tokenExchange(options: TokenExchangeOptions): TokenSource {
  return requestByGrant(tokenExchangeGrant(options), namelessSourceOptions(options));
}
