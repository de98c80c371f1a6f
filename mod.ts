/**
 * Machine-to-machine OAuth 2.0 (the client credentials grant, RFC 6749 §4.4) for every JavaScript runtime that has
 * `fetch`: give it an API, a client id and secret, and get a `fetch` that carries a token, refreshed before it expires.
 *
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({
 *     tokenEndpoint: "https://auth.example.com/oauth/token",
 *     scopes: ["api:read"],
 *     audience: "https://api.example.com",
 *   }),
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * - {@linkcode ClientCredentialsAuthenticator} is what most programs need.
 * - {@linkcode ClientConfigStore} is where its settings come from; {@linkcode StaticClientConfigStore} holds them.
 * - {@linkcode clientSecretBasic}, {@linkcode clientSecretPost} and {@linkcode none} are how a client proves itself.
 * - {@linkcode AuthenticationError} says why there is no token, by a stable `code`.
 * - {@linkcode getToken} is a single token request; {@linkcode Authenticator} is what token sources of your own extend.
 *
 * It needs `fetch`, URLs and text encoding; on Deno, `--allow-net` for the two hosts and no other permission.
 *
 * @module
 */

export { Authenticator } from "./src/authenticator.ts";
export type { AuthenticatorOptions, CallOptions, RefreshOptions, WithOptions } from "./src/authenticator_options.ts";
export type { GrantOptions } from "./src/grant_options.ts";
export type {
  IssuedCredentials,
  IssuingServer,
  MakeTokenSource,
  TokenSource,
  TokenSourceContext,
  TokenSourceRequest,
} from "./src/token_source.ts";
export { refreshing } from "./src/refresh/refreshing.ts";
export type { RefreshingOptions, RejectedCall, RetryOptions, Tokens } from "./src/refresh/tokens.ts";
export type { Clock } from "./src/clock.ts";
export type { Fetch } from "./src/http/fetch.ts";
export type { ClientCertificate } from "./src/transport/transport.ts";
export {
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
} from "./src/client_credentials.ts";
export { Credentials, type CredentialsInit } from "./src/credentials.ts";
export { AuthenticationError, type AuthenticationErrorCode, type AuthenticationErrorOptions } from "./src/errors.ts";
export {
  type ClientConfig,
  type ClientConfigRequest,
  ClientConfigStore,
} from "./src/config_store/client_config_store.ts";
export { StaticClientConfigStore } from "./src/config_store/static.ts";
export {
  type BasicAuthorizationOptions,
  type BasicEncoding,
  getBasicAuthorizationHeader,
} from "./src/client_auth/basic_authorization.ts";
export type { ClientAuth, ClientSecret, SecretAttempt, TokenRequest } from "./src/client_auth/client_auth.ts";
export { clientSecretBasic } from "./src/client_auth/client_secret_basic.ts";
export { clientSecretPost } from "./src/client_auth/client_secret_post.ts";
export { none } from "./src/client_auth/none.ts";
export type { ProofOfPossession } from "./src/dpop/proof_of_possession.ts";
export type { AuthorizationDetail, TokenRequestOptions } from "./src/token_endpoint/parameters.ts";
export type { RevocationContext, TokenRevocation } from "./src/token_endpoint/token_revocation.ts";
export {
  type ApiProofs,
  authenticatedFetch,
  type AuthenticatedFetchOptions,
} from "./src/api_call/authenticated_fetch.ts";
export { clientCredentials, type ClientCredentialsOptions } from "./src/token_endpoint/client_credentials.ts";
export type { IssuedToken } from "./src/refresh/issued_token.ts";
export type { Moment } from "./src/clock.ts";
export { getToken, type GetTokenOptions } from "./src/token_endpoint/get_token.ts";
export { GrantType } from "./src/token_endpoint/grant_type.ts";
export type {
  AuthenticatorEvent,
  AuthenticatorEventListener,
  RefreshReason,
  RequestReplayedEvent,
  TokenIssuedEvent,
  TokenRejectedEvent,
  TokenRequestedEvent,
  TokenRequestFailedEvent,
  TokenReusedEvent,
} from "./src/events.ts";
