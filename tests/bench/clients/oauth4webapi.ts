/** The building blocks below openid-client. @module */

import * as oauth from "npm:oauth4webapi@3.8.8";
import { clientId, clientSecret, defineLibrary, fetchWith, handMadeCache, keep, type Library } from "./client.ts";

export const oauth4webapi: Library = defineLibrary({
  name: "oauth4webapi",
  version: "3.8.8",
  note: "hand-made cache",
  program: "oauth4webapi.ts",
  create({ tokenEndpoint, fetch }) {
    const server = { issuer: new URL(tokenEndpoint).origin, token_endpoint: tokenEndpoint };
    const client = { client_id: clientId };
    const authentication = oauth.ClientSecretBasic(clientSecret);
    const options = { [oauth.allowInsecureRequests]: true, ...fetch && { [oauth.customFetch]: fetch } };
    return handMadeCache(async () => {
      const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, {}, options);
      return keep(await oauth.processClientCredentialsResponse(server, client, response));
    });
  },
  use: (getToken, { api }) => ({ getToken, fetch: fetchWith(api, getToken) }),
});
