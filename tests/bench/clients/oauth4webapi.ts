/** The building blocks below openid-client. @module */

import * as oauth from "npm:oauth4webapi@3.8.8";
import { clientId, clientSecret, handMade, handMadeCache, type Library, tokenClient } from "./client.ts";

export const oauth4webapi: Library = {
  package: "npm:oauth4webapi@3.8.8",
  imports: "{ clientCredentialsGrantRequest, ClientSecretBasic, processClientCredentialsResponse }",
  note: handMade,
  make(setting) {
    const server = { issuer: setting.api, token_endpoint: setting.tokenEndpoint };
    const client = { client_id: clientId };
    const authentication = oauth.ClientSecretBasic(clientSecret);
    const options = { [oauth.allowInsecureRequests]: true, ...setting.fetch && { [oauth.customFetch]: setting.fetch } };
    const request = async () => {
      const response = await oauth.clientCredentialsGrantRequest(server, client, authentication, {}, options);
      return await oauth.processClientCredentialsResponse(server, client, response);
    };
    return tokenClient(setting, handMadeCache(request));
  },
};
