/** Ours. @module */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "../../../mod.ts";
import config from "../../../deno.json" with { type: "json" };
import { clientId, clientSecret, type Library } from "./client.ts";

export const authenticator: Library = {
  package: `${config.name}@${config.version}`,
  imports: "*",
  make({ tokenEndpoint, api: endpoint, fetch }) {
    const configStore = new StaticClientConfigStore({ tokenEndpoint });
    const kept = new ClientCredentialsAuthenticator({ endpoint, clientId, clientSecret, configStore, fetch });
    return {
      kept,
      getToken: () => kept.getCredentials(),
      get fetch() {
        return kept.fetch;
      },
    };
  },
};
