/**
 * Reads the settings that a Flyte platform publishes for its clients, and its API keys.
 *
 * With an API key, which names the platform:
 *
 * ```ts
 * import { authenticatorFromFlyteApiKey } from "@m2m/authenticator/config-store/flyte";
 *
 * const key = btoa("flyte.example.com:my-client:my-secret:None"); // Such as FLYTE_API_KEY.
 * const authenticator = authenticatorFromFlyteApiKey(key);
 * const response = await authenticator.fetch("/api/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * With a client id and secret:
 *
 * ```ts
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
 *
 * const configStore = new FlyteClientConfigStore("dns:///flyte.example.com");
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: configStore.endpoint,
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore,
 * });
 * const response = await authenticator.fetch("/api/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * @module
 */

import { ClientCredentialsAuthenticator, type ClientCredentialsAuthenticatorOptions } from "../client_credentials.ts";
import {
  type AuthMethodOptions,
  FlyteClientConfigStore,
  type FlyteOptions,
  type LookupOptions,
} from "./flyte_store.ts";
import { type FlyteApiKey, parseFlyteApiKey } from "./api_key.ts";

export {
  type AuthMethodOptions,
  type FlyteApiKey,
  FlyteClientConfigStore,
  type FlyteOptions,
  type LookupOptions,
  parseFlyteApiKey,
};

/** Options of {@linkcode authenticatorFromFlyteApiKey}. They take precedence over the key. */
export interface AuthenticatorFromFlyteApiKeyOptions extends Partial<ClientCredentialsAuthenticatorOptions> {
  /**
   * Whether to call the platform by `http:`, without TLS.
   *
   * @default {false}
   */
  insecure?: boolean | undefined;
}

/**
 * Makes an authenticator from an API key.
 *
 * The key has the platform, the client id and the secret; {@linkcode FlyteClientConfigStore} reads the rest.
 *
 * @example
 * ```ts
 * import { authenticatorFromFlyteApiKey } from "@m2m/authenticator/config-store/flyte";
 *
 * const key = btoa("flyte.example.com:my-client:my-secret:None");
 * const authenticator = authenticatorFromFlyteApiKey(key, { scopes: ["all"] });
 * const headers = await authenticator.authorize(new Headers());
 * console.log(headers.has("flyte-authorization")); // true: the platform's own header
 * ```
 *
 * @param key The key, as `parseFlyteApiKey` takes it.
 * @param options As for the constructor of `ClientCredentialsAuthenticator`.
 * @returns The authenticator.
 * @throws {TypeError} If the key, which isn't shown, or an option can't be used.
 * @throws {RangeError} If an option is out of range.
 */
export function authenticatorFromFlyteApiKey(
  key: string,
  options: AuthenticatorFromFlyteApiKeyOptions = {},
): ClientCredentialsAuthenticator {
  const { insecure, ...given } = options;
  const { endpoint, clientId, clientSecret } = parseFlyteApiKey(key);
  const { timeout, allowInsecureRequests, waitUntil, clock } = given;
  const platform = new FlyteClientConfigStore(given.endpoint ?? endpoint, {
    insecure,
    timeout,
    allowInsecureRequests,
    waitUntil,
    clock,
  });
  return new ClientCredentialsAuthenticator({
    ...given,
    endpoint: given.endpoint ?? platform.endpoint,
    clientId: given.clientId ?? clientId,
    ...given.clientAuth === undefined && { clientSecret: given.clientSecret ?? clientSecret },
    configStore: given.configStore ?? platform,
  });
}
