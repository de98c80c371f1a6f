/**
 * The token exchange grant (RFC 8693): an access token for another token.
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
  completeSourceOptions,
  type NamelessGrantOptions,
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
 * Gets tokens by token exchange (RFC 8693) and keeps them fresh.
 *
 * A service calls another on behalf of its caller, a workload uses its platform's token, a token is narrowed for a less
 * trusted service. Errors show none of the tokens.
 *
 * `token_type` decides how a token is used; `issued_token_type` is ignored. If `requestedTokenType` isn't an access token,
 * the server may answer `N_A` (RFC 8693 §2.2.1): `getCredentials()` returns such a token, and `fetch` and `authorize`
 * refuse to send it.
 *
 * @example A service that calls another on behalf of its caller
 * ```ts ignore
 * // Not run: it needs a caller.
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
 *
 * const configStore = new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" });
 * Deno.serve(async (request) => {
 *   // An authenticator for each request means a token request for each.
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
 * @example One authenticator for each subject, with a token for many requests
 * ```ts
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
 *
 * const configStore = new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" });
 * // The last thousand subjects, each with its newest token.
 * const subjects = new Map<string, { token: string; authenticator: TokenExchangeAuthenticator }>();
 *
 * // `subject` is the `iss` and `sub` of a verified token: a forged one would get another subject's access.
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
 * @example A narrower token for the client's own
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
  /** Whether an access token is requested, which may be sent. */
  readonly #isAccessToken: boolean;
  #checkedFetch: Fetch | undefined;

  /**
   * Checks the options. Sends no request, and looks up no token.
   *
   * @param options The options.
   * @throws {TypeError} If an option is missing, or can't be used on this runtime.
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

  /** Calls the API as {@linkcode Authenticator.fetch} does; sends access tokens only. */
  override get fetch(): Fetch {
    if (this.#isAccessToken) return super.fetch;
    const fetch = super.fetch;
    return this.#checkedFetch ??= async (input, init) => {
      await this.#checkAccessToken({ signal: init?.signal ?? (input instanceof Request ? input.signal : undefined) });
      return await fetch(input, init);
    };
  }

  /**
   * Adds the token as {@linkcode Authenticator.authorize} does; access tokens only.
   *
   * @param headers The headers to add to.
   * @param options A signal to stop waiting.
   * @returns The same headers.
   * @throws {AuthenticationError} If no token was issued, or it isn't an access token.
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
      "Cannot send the token: it is no access token (RFC 8693 §2.2.1). Get it by getCredentials(), or omit " +
        "requestedTokenType.",
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
 * @param options The token endpoint, the subject's token, and the request's parameters.
 * @returns A token source.
 * @throws {TypeError} If an option can't be used.
 */
export function tokenExchange(options: TokenExchangeOptions): TokenSource {
  return requestByGrant(tokenExchangeGrant(options), completeSourceOptions(options));
}
