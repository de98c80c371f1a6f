/**
 * `fetch` with an OAuth 2.0 access token, for services, scripts and edge functions: the client credentials grant
 * (RFC 6749 §4.4), on every JavaScript runtime that has `fetch`.
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
 * - {@linkcode ClientConfigStore} gives its settings; {@linkcode StaticClientConfigStore} holds them.
 * - {@linkcode clientSecretBasic}, {@linkcode clientSecretPost} and {@linkcode none} authenticate the client.
 * - {@linkcode AuthenticationError} says why no token was issued; {@linkcode AuthenticationErrorCode} lists its codes.
 * - {@linkcode AuthenticatorEvent} lists the events of `onEvent`.
 * - {@linkcode getToken} sends a single token request.
 * - {@linkcode clientCredentials}, {@linkcode refreshing} and {@linkcode authenticatedFetch} are the pieces that an
 *   authenticator is made of; {@linkcode Authenticator} is the class to extend for a {@linkcode TokenSource} of your own.
 *
 * It needs `fetch`, URLs and text encoding; on Deno, `--allow-net` for the two hosts and no other permission.
 *
 * ## Coming from flytekit
 *
 * | flytekit | here |
 * |---|---|
 * | `endpoint`, `client_id`, `client_secret`, `cfg_store` | `endpoint`, `clientId`, `clientSecret`, `configStore` |
 * | `header_key`, `scopes`, `audience` | `headerKey`, `scopes`, `audience` |
 * | `http_proxy_url`, `verify`, `session` | `httpProxyUrl`, `verify`, `fetch` |
 * | `refresh_credentials()`, `_creds` | `refreshCredentials()`, `credentials` |
 * | `get_token`, `get_basic_authorization_header` | `getToken`, `getBasicAuthorizationHeader` |
 *
 * What differs:
 *
 * - Id and secret are both form-encoded for Basic (RFC 6749 §2.3.1); `basicEncoding: "raw"` encodes neither.
 * - The caller's `headerKey` wins over the store's. `scopes: []` sends none.
 * - A CA given as `verify` is trusted besides the runtime's own.
 * - The store is asked when a token is needed, and again for each token, not in the constructor.
 * - Tokens are refreshed before they expire; `expires_in` may be missing, a string or nonsense.
 * - Redirects of the token request are refused, and there is a timeout.
 * - The server's answer is no part of an error; its `error` and a sanitized `error_description` are.
 *
 * @module
 */

export { Authenticator } from "./src/authenticator.ts";
export type {
  AuthenticatorOptions,
  CallOptions,
  Explanation,
  RefreshOptions,
  WithOptions,
} from "./src/authenticator_options.ts";
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
export type { ExplainedError, TokenExplanation } from "./src/refresh/explain.ts";
export type { TokenListener } from "./src/refresh/token_listeners.ts";
export type { CallerHeader } from "./src/api_call/headers.ts";
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
export type {
  ClientAuth,
  ClientSecret,
  SecretAttempt,
  SecretFunction,
  TokenRequest,
} from "./src/client_auth/client_auth.ts";
export type { ExplainRefusal, Refusal, RefusalResponse } from "./src/jwt/clock_difference.ts";
export { clientSecretBasic } from "./src/client_auth/client_secret_basic.ts";
export { clientSecretPost } from "./src/client_auth/client_secret_post.ts";
export { none } from "./src/client_auth/none.ts";
export type { ProofOfPossession } from "./src/dpop/proof_of_possession.ts";
export type { AuthorizationDetail, FormParameters, TokenRequestOptions } from "./src/token_endpoint/parameters.ts";
export type {
  SharedCredentials,
  ShareToken,
  SharingContext,
  TokenIdentity,
  TokenSharing,
} from "./src/token_endpoint/token_sharing.ts";
export type { RevocationContext, TokenRevocation } from "./src/token_endpoint/token_revocation.ts";
export {
  type ApiProofs,
  authenticatedFetch,
  type AuthenticatedFetchOptions,
} from "./src/api_call/authenticated_fetch.ts";
export { clientCredentials, type ClientCredentialsOptions } from "./src/token_endpoint/client_credentials.ts";
export type { IssuedToken } from "./src/refresh/issued_token.ts";
export { getToken, type GetTokenOptions } from "./src/token_endpoint/get_token.ts";
export { GrantType } from "./src/token_endpoint/grant_type.ts";
export type {
  AuthenticatorDescription,
  AuthenticatorEvent,
  AuthenticatorEventListener,
  ClockCorrectedEvent,
  EndpointPathIgnoredEvent,
  OmissionReason,
  RefreshReason,
  RequestReplayedEvent,
  TokenAwaitedEvent,
  TokenIssuedEvent,
  TokenLeaseAwaitedEvent,
  TokenOmittedEvent,
  TokenRejectedEvent,
  TokenRequestedEvent,
  TokenRequestFailedEvent,
  TokenReusedEvent,
  TokenSharedEvent,
  TokenStoreBypassedEvent,
  TokenStoreFailure,
  TokenStoreHitEvent,
  TokenStoreMissEvent,
  WaitOutcome,
} from "./src/events.ts";
