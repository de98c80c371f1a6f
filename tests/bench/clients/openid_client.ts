/** A certified client without a cache. @module */

import * as client from "npm:openid-client@6.8.9";
import { clientId, clientSecret, handMade, handMadeCache, type Library, tokenClient } from "./client.ts";

export const openidClient: Library = {
  package: "npm:openid-client@6.8.9",
  imports: "{ allowInsecureRequests, clientCredentialsGrant, Configuration, customFetch }",
  note: handMade,
  make(setting) {
    const server = { issuer: setting.api, token_endpoint: setting.tokenEndpoint };
    const configuration = new client.Configuration(server, clientId, clientSecret);
    client.allowInsecureRequests(configuration);
    if (setting.fetch) configuration[client.customFetch] = setting.fetch as client.CustomFetch;
    return tokenClient(setting, handMadeCache(() => client.clientCredentialsGrant(configuration)));
  },
};
