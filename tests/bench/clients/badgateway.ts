/** A client for several grants, with a wrapper that keeps a token. @module */

import { OAuth2Client, OAuth2Fetch } from "npm:@badgateway/oauth2-client@3.3.1";
import { clientId, clientSecret, type Library } from "./client.ts";

export const badgateway: Library = {
  package: "npm:@badgateway/oauth2-client@3.3.1",
  imports: "{ OAuth2Client, OAuth2Fetch }",
  note: "OAuth2Fetch",
  make({ tokenEndpoint, api, fetch }) {
    const client = new OAuth2Client({ tokenEndpoint, clientId, clientSecret, ...fetch && { fetch } });
    const kept = new OAuth2Fetch({ client, getNewToken: () => client.clientCredentials() });
    return { kept, getToken: () => kept.getAccessToken(), fetch: (path) => kept.fetch(api + path) };
  },
};
