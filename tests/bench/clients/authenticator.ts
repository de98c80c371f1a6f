/** Ours. @module */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "../../../mod.ts";
import config from "../../../deno.json" with { type: "json" };
import { clientId, clientSecret, defineLibrary, type Library } from "./client.ts";

export const authenticator: Library = defineLibrary({
  name: config.name,
  version: config.version,
  program: "authenticator.ts",
  create: ({ tokenEndpoint, api, fetch }) =>
    new ClientCredentialsAuthenticator({
      endpoint: api,
      clientId,
      clientSecret,
      configStore: new StaticClientConfigStore({ tokenEndpoint }),
      fetch,
    }),
  use: (authenticator) => ({ getToken: () => authenticator.getCredentials(), fetch: authenticator.fetch }),
});
