/** Ours, with options. @module */

import {
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { clientId, clientSecret, type Setting } from "./clients/client.ts";

/** Makes an authenticator. */
export function makeMember(
  { tokenEndpoint, api: endpoint, fetch }: Setting,
  options: Partial<ClientCredentialsAuthenticatorOptions>,
): ClientCredentialsAuthenticator {
  const configStore = new StaticClientConfigStore({ tokenEndpoint });
  return new ClientCredentialsAuthenticator({ endpoint, clientId, clientSecret, configStore, fetch, ...options });
}
