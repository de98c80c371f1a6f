/** A certified client without a cache. @module */

import * as client from "npm:openid-client@6.8.9";
import { clientId, clientSecret, defineLibrary, fetchWith, handMadeCache, keep, type Library } from "./client.ts";

export const openidClient: Library = defineLibrary({
  name: "openid-client",
  version: "6.8.9",
  note: "hand-made cache",
  program: "openid_client.ts",
  create({ tokenEndpoint, fetch }) {
    const server = { issuer: new URL(tokenEndpoint).origin, token_endpoint: tokenEndpoint };
    const configuration = new client.Configuration(server, clientId, clientSecret);
    client.allowInsecureRequests(configuration);
    if (fetch) configuration[client.customFetch] = fetch as client.CustomFetch;
    return handMadeCache(async () => keep(await client.clientCredentialsGrant(configuration)));
  },
  use: (getToken, { api }) => ({ getToken, fetch: fetchWith(api, getToken) }),
});
