/** Microsoft's, which caches by itself. @module */

import { ConfidentialClientApplication, type ICachePlugin, type INetworkModule } from "npm:@azure/msal-node@7.2.1";
import { type Client, clientId, clientSecret, type Library, type Setting, tokenClient } from "./client.ts";

const authority = "https://login.example.com/tenant";
/** Told beforehand, for it insists on https and would ask for it. */
const authorityMetadata = JSON.stringify({
  issuer: authority,
  authorization_endpoint: `${authority}/authorize`,
  token_endpoint: `${authority}/token`,
  jwks_uri: `${authority}/keys`,
});
const auth = { clientId, clientSecret, authority, knownAuthorities: ["login.example.com"], authorityMetadata };

export const msal: Library = {
  package: "npm:@azure/msal-node@7.2.1",
  imports: "{ ConfidentialClientApplication }",
  note: "https only: a network client of ours brings its requests to loopback",
  slowness: 50,
  make: makeMsal,
};

/** Makes a client, which may keep its cache elsewhere too. */
export function makeMsal(setting: Setting, cachePlugin?: ICachePlugin): Client {
  const networkClient: INetworkModule = {
    sendGetRequestAsync: (url) => Promise.reject(new Error(`Not expected: GET ${url}`)),
    async sendPostRequestAsync(_url, options) {
      const { fetch = globalThis.fetch } = setting;
      const response = await fetch(setting.tokenEndpoint, { method: "POST", ...options as RequestInit });
      return { status: response.status, headers: {}, body: await response.json() };
    },
  };
  const application = new ConfidentialClientApplication({
    auth,
    system: { networkClient },
    ...cachePlugin && { cache: { cachePlugin } },
  });
  const request = { scopes: ["https://api.example.com/.default"] };
  const getToken = async () => (await application.acquireTokenByClientCredential(request))?.accessToken ?? "";
  return tokenClient(setting, getToken, application);
}
