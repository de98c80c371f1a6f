/** A worker whose requests share a key, or an authenticator with one. @module */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { generateKeyPair } from "jose";

// Outside of a request workerd has no randomness and no I/O: this needs none.
const early = dpop();
let asked = 0;
const lookedUp = dpop({
  async keyPair() {
    asked++;
    // Until all requests have arrived.
    await new Promise((resolve) => setTimeout(resolve, 200));
    return await generateKeyPair("ES256");
  },
});
let shared: ClientCredentialsAuthenticator | undefined;

export default {
  async fetch(request: Request, { api, tokenEndpoint }: Record<"api" | "tokenEndpoint", string>): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/early") return new Response(await early.thumbprint());
    if (pathname === "/looked-up") return new Response(`${await lookedUp.thumbprint()} ${asked}`);
    shared ??= new ClientCredentialsAuthenticator({
      endpoint: api,
      clientId: "bound",
      clientSecret: "secret",
      configStore: new StaticClientConfigStore({ tokenEndpoint, scopes: ["api:read"] }),
      dpop: dpop(),
    });
    const response = await shared.fetch("/x", { method: "POST", body: "a body" });
    return new Response(await response.text(), { status: response.status });
  },
};
