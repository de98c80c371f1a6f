/** A worker that forwards what it is sent: by a bare fetch, or with a token. @module */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";

let authenticator: ClientCredentialsAuthenticator | undefined;

export default {
  async fetch(request: Request, { API: endpoint }: { API: string }): Promise<Response> {
    const url = `${endpoint}/upload`;
    if (new URL(request.url).pathname === "/bare") return await fetch(url, request);
    authenticator ??= new ClientCredentialsAuthenticator({
      endpoint,
      clientId: "id",
      clientSecret: "s3cret",
      configStore: new StaticClientConfigStore({ tokenEndpoint: `${endpoint}/token` }),
    });
    return await authenticator.fetch(url, request);
  },
};
