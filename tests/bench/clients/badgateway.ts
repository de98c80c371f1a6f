/** A client for several grants, with a wrapper that keeps a token. @module */

import { OAuth2Client, OAuth2Fetch } from "npm:@badgateway/oauth2-client@3.3.1";
import { clientId, clientSecret, defineLibrary, type Library } from "./client.ts";

export const badgateway: Library = defineLibrary({
  name: "@badgateway/oauth2-client",
  version: "3.3.1",
  note: "OAuth2Fetch",
  program: "badgateway.ts",
  create({ tokenEndpoint, fetch }) {
    const client = new OAuth2Client({ tokenEndpoint, clientId, clientSecret, ...fetch && { fetch } });
    return new OAuth2Fetch({ client, getNewToken: () => client.clientCredentials() });
  },
  use: (wrapper, { api }) => ({
    getToken: () => wrapper.getAccessToken(),
    fetch: (path) => wrapper.fetch(api + path),
  }),
});
