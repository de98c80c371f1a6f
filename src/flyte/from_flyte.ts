/**
 * Settings that a Flyte platform gives its clients, and its API keys.
 *
 * With an API key, which names the platform:
 *
 * ```ts
 * import { authenticatorFromFlyteApiKey } from "@m2m/authenticator/config-store/flyte";
 *
 * const key = btoa("flyte.example.com:my-client:my-secret:None"); // Yours is in FLYTE_API_KEY, say.
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

/** Settings of {@linkcode authenticatorFromFlyteApiKey}: what is given here counts in place of what the key says. */
export interface AuthenticatorFromFlyteApiKeyOptions extends Partial<ClientCredentialsAuthenticatorOptions> {
  /** Whether the platform is spoken to without TLS, by `http:`. Default: `false`. */
  insecure?: boolean | undefined;
}

/**
 * An authenticator for the platform that an API key names, with the key's client id and secret. The rest the platform
 * says itself, as by {@linkcode FlyteClientConfigStore}.
 *
 * @example
 * ```ts
 * import { authenticatorFromFlyteApiKey } from "@m2m/authenticator/config-store/flyte";
 *
 * const key = btoa("flyte.example.com:my-client:my-secret:None");
 * const authenticator = authenticatorFromFlyteApiKey(key, { scopes: ["all"] });
 * const headers = await authenticator.authorize(new Headers());
 * console.log(headers.has("flyte-authorization")); // true: so the platform wants it
 * ```
 *
 * @param key The key, as `parseFlyteApiKey` takes it.
 * @param options What else is to be known; as for the constructor of `ClientCredentialsAuthenticator`.
 * @returns The authenticator.
 * @throws {TypeError} If the key is none (it isn't shown), or an option can't be what it should be.
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
