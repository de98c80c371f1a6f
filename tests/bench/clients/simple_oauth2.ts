/** A Node client whose tokens know whether they have expired. @module */

// @ts-types="npm:@types/simple-oauth2@5.0.8"
import { type AccessToken, ClientCredentials } from "npm:simple-oauth2@5.1.0";
import { clientId, clientSecret, defineLibrary, fetchWith, type Library } from "./client.ts";

export const simpleOauth2: Library = defineLibrary({
  name: "simple-oauth2",
  version: "5.1.0",
  note: "its usual `expired()` check",
  networkOnly: "its HTTP client can't be replaced",
  program: "simple_oauth2.ts",
  create({ tokenEndpoint }) {
    const { origin, pathname } = new URL(tokenEndpoint);
    const client = new ClientCredentials({
      client: { id: clientId, secret: clientSecret },
      auth: { tokenHost: origin, tokenPath: pathname },
    });
    let kept: AccessToken | undefined;
    return async () => {
      if (kept === undefined || kept.expired()) kept = await client.getToken({});
      return kept.token.access_token as string;
    };
  },
  use: (getToken, { api }) => ({ getToken, fetch: fetchWith(api, getToken) }),
});
