/**
 * The client credentials grant: a client that acts for itself.
 *
 * @module
 */

import { checkClient } from "./arguments.ts";
import { Authenticator } from "./authenticator.ts";
import { checkGrantOptions, fromGrant, type GrantOptions } from "./grant_options.ts";
import { clientCredentialsGrant } from "./token_endpoint/grant.ts";

/**
 * Options of a {@linkcode ClientCredentialsAuthenticator}. `endpoint`, `clientId`, `configStore`, and `clientSecret` or
 * `clientAuth` are required. They are documented by what they are about:
 *
 * - the client and its settings, {@linkcode GrantOptions}: `clientId`, `clientSecret`, `basicEncoding`, `clientAuth`,
 *   `configStore`, `beforeTokenRequest`, `tokenType`, `cooldown`, `allowInsecureRequests`
 * - what a token is requested for, {@linkcode TokenRequestOptions}: `scopes`, `audience`, `resource`,
 *   `authorizationDetails`, `parameters`
 * - the API and the transport, {@linkcode AuthenticatorOptions}: `endpoint`, `allowedOrigins`, `isRejected`,
 *   `maxReplayBody`, `dpop`, `revocation`, `fetch`, `httpProxyUrl`, `verify`, `clientCertificate`
 * - the token's lifetime, {@linkcode RefreshingOptions}: `headerKey`, `authorization`, `defaultLifetime`, `retry`,
 *   `timeout`, `waitUntil`, `onEvent`, `clock`
 */
export interface ClientCredentialsAuthenticatorOptions extends GrantOptions {}

/**
 * Gets access tokens by the client credentials grant (RFC 6749 §4.4) and keeps them fresh (flytekit's
 * `ClientCredentialsAuthenticator`). Its methods are those of {@linkcode Authenticator}: `fetch`, `getCredentials`,
 * `authorize`, `refreshCredentials`, `with` and `close`.
 *
 * @example
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
 * @example A secret that changes
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 *
 * const vault = { read: () => Promise.resolve("my-secret") };
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: () => vault.read(),
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const headers = await authenticator.authorize(new Headers());
 * console.log(headers.has("authorization")); // true
 * ```
 */
export class ClientCredentialsAuthenticator extends Authenticator {
  /**
   * Checks the options; asks neither the store nor the server.
   *
   * @param options The options.
   * @throws {TypeError} If an option is missing or can't be used, or not on this runtime.
   * @throws {RangeError} If a duration or another number is out of range.
   */
  constructor(options: ClientCredentialsAuthenticatorOptions) {
    checkClient(options);
    super(checkGrantOptions(options), fromClientCredentials);
  }
}

const fromClientCredentials = fromGrant(clientCredentialsGrant);
