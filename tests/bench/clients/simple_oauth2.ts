/** A Node client whose tokens know whether they have expired. @module */

// @ts-types="npm:@types/simple-oauth2@5.0.8"
import { type AccessToken, ClientCredentials } from "npm:simple-oauth2@5.1.0";
import { clientId, clientSecret, type Library, tokenClient } from "./client.ts";

export const simpleOauth2: Library = {
  package: "npm:simple-oauth2@5.1.0",
  imports: "{ ClientCredentials }",
  note: "its usual `expired()` check",
  networkOnly: "its HTTP client can't be replaced",
  make(setting) {
    const auth = { tokenHost: setting.api, tokenPath: new URL(setting.tokenEndpoint).pathname };
    const client = new ClientCredentials({ client: { id: clientId, secret: clientSecret }, auth });
    let kept: AccessToken | undefined;
    return tokenClient(setting, async () => {
      if (kept === undefined || kept.expired()) kept = await client.getToken({});
      return kept.token.access_token as string;
    });
  },
};
