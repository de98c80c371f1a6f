/**
 * Access to another domain on a subject's behalf, in one piece: cross-app access (ID-JAG), and identity chaining.
 *
 * The identity provider exchanges the subject's token for an assertion (RFC 8693), and the API's authorization server takes
 * the assertion for an access token (RFC 7523 §2.1). Each knows the client by an identifier and authentication of its own.
 *
 * ```ts
 * import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
 * import { IdentityAssertionAuthenticator } from "@m2m/authenticator/grant/identity-assertion";
 *
 * const session = { idToken: "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl" };
 * const authenticator = new IdentityAssertionAuthenticator({
 *   endpoint: "https://api.chat.example",
 *   clientId: "wiki-at-chat",
 *   clientSecret: "my-secret",
 *   configStore: new DiscoveryClientConfigStore("https://acme.chat.example"),
 *   identityProvider: {
 *     clientId: "wiki",
 *     clientSecret: "my-other-secret",
 *     configStore: new DiscoveryClientConfigStore("https://acme.idp.example"),
 *   },
 *   subjectToken: () => session.idToken,
 *   scopes: ["chat.read"],
 * });
 * console.log(authenticator.credentials); // undefined: no token has been requested yet
 * ```
 *
 * - [Identity Assertion JWT Authorization Grant](https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-assertion-authz-grant/03/),
 *   draft 03
 * - [Identity and Authorization Chaining Across Domains](https://datatracker.ietf.org/doc/draft-ietf-oauth-identity-chaining/)
 *
 * @module
 */

import { Authenticator } from "../authenticator.ts";
import { fromGrant } from "../grant_options.ts";
import { globalFetch } from "../http/fetch.ts";
import { requestByGrant } from "../token_endpoint/client_credentials.ts";
import type { TokenSource } from "../token_source.ts";
import {
  type AssertionExchange,
  checkAssertionExchange,
  exchangeAssertion,
  type LegContext,
} from "./assertion_exchange.ts";
import {
  checkNamelessGrantOptions,
  completeSourceOptions,
  type NamelessGrantOptions,
  type NamelessTokenSourceOptions,
} from "./grant_options.ts";

export type { AssertionExchange, IdentityProvider } from "./assertion_exchange.ts";
export type { NamelessGrantOptions, NamelessTokenSourceOptions } from "./grant_options.ts";
export { type ExchangedTokens, type GivenToken, TokenType } from "./token_exchange_grant.ts";

/** Options of an {@linkcode IdentityAssertionAuthenticator}: all but `identityProvider` are about the API's own server. */
export interface IdentityAssertionAuthenticatorOptions extends NamelessGrantOptions, AssertionExchange {}

/**
 * Gets access tokens by an identity provider's assertion, and keeps them fresh.
 *
 * - The assertion is kept until 10 seconds before its end, and sent for each token meanwhile, to the server that it was made
 *   for, while `subjectToken` returns the same. One that was sent before and is refused (`invalid_grant`) is replaced, once.
 * - `scopes`, `resource` and `authorizationDetails` go to both servers, unless `identityProvider` has its own. Of the scopes
 *   the second server is asked for those that the first one granted.
 * - `identityProvider.audience` is by default the issuer that the API's `configStore` names.
 * - Errors say which leg failed, and hold none of the tokens. A `subjectToken` that expired is the identity provider's
 *   `token_request_rejected`, mostly with the `error` `invalid_grant`: have the function return a live one.
 * - An answer with another `issued_token_type` than that requested is `unsupported_token_type`.
 * - The events are about the second request; within one attempt the first one has four fifths of `timeout`.
 *
 * @example Identity chaining: a service calls an API of another domain on behalf of its caller
 * ```ts
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { IdentityAssertionAuthenticator, TokenType } from "@m2m/authenticator/grant/identity-assertion";
 *
 * const caller = { accessToken: "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl" };
 * const authenticator = new IdentityAssertionAuthenticator({
 *   endpoint: "https://api.b.example",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.b.example/token" }),
 *   identityProvider: {
 *     clientId: "my-service",
 *     clientSecret: "my-secret",
 *     configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.a.example/token" }),
 *     audience: "https://auth.b.example",
 *   },
 *   subjectToken: () => caller.accessToken,
 *   requestedTokenType: TokenType.JWT,
 * });
 * console.log(authenticator.credentials); // undefined: no token has been requested yet
 * ```
 */
export class IdentityAssertionAuthenticator extends Authenticator {
  /**
   * Checks the options. Sends no request, and looks up no token.
   *
   * @param options The options.
   * @throws {TypeError} If an option is missing, or can't be used on this runtime.
   * @throws {RangeError} If a duration or another number is out of range.
   */
  constructor(options: IdentityAssertionAuthenticatorOptions) {
    const checked = checkAssertionExchange(options);
    super(
      checkNamelessGrantOptions(checked, ["assertion"]),
      (context) => exchangeAssertion(checked, context as LegContext, (grant) => fromGrant(grant)(context)),
    );
  }
}

/** Options of {@linkcode identityAssertion}. */
export interface IdentityAssertionOptions extends NamelessTokenSourceOptions, AssertionExchange {}

/**
 * Makes a token source of both requests, to be kept fresh by `refreshing`.
 *
 * @example
 * ```ts
 * import { refreshing, StaticClientConfigStore } from "@m2m/authenticator";
 * import { identityAssertion } from "@m2m/authenticator/grant/identity-assertion";
 *
 * const tokens = refreshing(identityAssertion({
 *   tokenEndpoint: "https://acme.chat.example/token",
 *   issuer: "https://acme.chat.example",
 *   identityProvider: {
 *     clientId: "wiki",
 *     clientSecret: "my-secret",
 *     configStore: new StaticClientConfigStore({ tokenEndpoint: "https://acme.idp.example/token" }),
 *   },
 *   subjectToken: () => "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl",
 * }));
 * console.log(tokens.last); // undefined: no token has been requested yet
 * ```
 *
 * @param options The token endpoint of the API's server, the identity provider, and the subject's token.
 * @returns A token source.
 * @throws {TypeError} If an option can't be used.
 */
export function identityAssertion(options: IdentityAssertionOptions): TokenSource {
  const { fetch = globalFetch, clock } = options;
  return exchangeAssertion(
    checkAssertionExchange(options),
    { fetch, clock },
    (grant) => requestByGrant(grant, completeSourceOptions(options)),
  );
}
