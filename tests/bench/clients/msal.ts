/** Microsoft's, which caches by itself. @module */

import { ConfidentialClientApplication } from "npm:@azure/msal-node@7.2.1";
import { clientId, clientSecret, defineLibrary, fetchWith, type Library } from "./client.ts";

const authority = "https://login.example.com/tenant";

/** Told beforehand, for it insists on https and would ask for it. */
const authorityMetadata = JSON.stringify({
  issuer: authority,
  authorization_endpoint: `${authority}/authorize`,
  token_endpoint: `${authority}/token`,
  jwks_uri: `${authority}/keys`,
});

export const msal: Library = defineLibrary({
  name: "@azure/msal-node",
  version: "7.2.1",
  note: "https only: a network client of ours brings its requests to loopback",
  program: "msal.ts",
  weighed: 2_000,
  create: ({ tokenEndpoint, fetch = globalThis.fetch }) =>
    new ConfidentialClientApplication({
      auth: { clientId, clientSecret, authority, knownAuthorities: ["login.example.com"], authorityMetadata },
      system: {
        networkClient: {
          sendGetRequestAsync: (url) => Promise.reject(new Error(`Not expected: GET ${url}`)),
          async sendPostRequestAsync<T>(
            _url: string,
            options: { headers?: Record<string, string>; body?: string } = {},
          ) {
            const response = await fetch(tokenEndpoint, { method: "POST", ...options });
            return { status: response.status, headers: {}, body: await response.json() as T };
          },
        },
      },
    }),
  use(application, { api }) {
    const getToken = () => application.acquireTokenByClientCredential({ scopes: ["https://api.example.com/.default"] });
    return {
      getToken,
      fetch: fetchWith(api, async () => (await getToken())?.accessToken ?? ""),
    };
  },
});
