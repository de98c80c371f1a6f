/**
 * An authenticator whose token endpoint is a stub.
 *
 * @module
 */

import {
  type ClientConfig,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  type Fetch,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import type { TokenEndpointStub } from "./servers/token_endpoint_stub.ts";

/** Makes it, by other options and settings where they are given. */
export function authenticatorAt(
  stub: TokenEndpointStub,
  options: Partial<ClientCredentialsAuthenticatorOptions> = {},
  config: Partial<ClientConfig> = {},
): ClientCredentialsAuthenticator {
  return new ClientCredentialsAuthenticator({
    endpoint: "https://api.test",
    clientId: "id",
    ...!options.clientAuth && { clientSecret: "s3cret" },
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url, ...config }),
    fetch: stub.fetch,
    ...options,
  });
}

/** A fetch that reaches the stub, and an API that answers by the headers it gets. */
export function besideApi(stub: TokenEndpointStub, api: (headers: Headers) => Response): Fetch {
  return async (input, init) =>
    String(input) === stub.url ? await stub.fetch(input, init) : api(new Headers(init?.headers));
}
