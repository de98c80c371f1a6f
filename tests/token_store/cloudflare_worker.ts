/** A Worker that shares tokens by both of Cloudflare's stores, and runs their cases. @module */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { sharedTokens } from "@m2m/authenticator/token-store";
import { cloudflareKvTokenStore, type KvNamespace } from "@m2m/authenticator/token-store/cloudflare-kv";
import type { StoreTraits, TokenStore } from "@m2m/authenticator/token-store/conformance";
import { durableObjectTokenStore, type ObjectNamespace } from "@m2m/authenticator/token-store/durable-object";
import { runCases } from "./run_cases.ts";

export { TokenStoreObject } from "@m2m/authenticator/token-store/durable-object";

interface Env {
  readonly OBJECTS: ObjectNamespace;
  readonly KV: KvNamespace;
  readonly SERVER: string;
}

const stores: Record<string, { open: (env: Env) => TokenStore; traits: StoreTraits }> = {
  // What KV keeps for the shortest time outlasts the tests.
  kv: { open: ({ KV }) => cloudflareKvTokenStore(KV), traits: { endsValues: false } },
  object: { open: ({ OBJECTS }) => durableObjectTokenStore(OBJECTS), traits: {} },
};

const authenticators = new Map<string, ClientCredentialsAuthenticator>();

/** By path. */
const routes: Record<string, (authenticator: ClientCredentialsAuthenticator) => Promise<unknown>> = {
  "/call": async (authenticator) => await (await authenticator.fetch("/call")).text(),
  /** Ends while its token is requested. */
  async "/leave"(authenticator) {
    void authenticator.fetch("/call").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
  },
};

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const [store = "", clientId = ""] = [searchParams.get("store") ?? "", searchParams.get("client") ?? ""];
    const { open, traits } = stores[store]!;
    if (pathname === "/cases") return new Response(`${await runCases(open(env), traits)}`);
    const authenticator = authenticators.get(store + clientId) ?? new ClientCredentialsAuthenticator({
      endpoint: env.SERVER,
      clientId,
      clientSecret: "secret",
      configStore: new StaticClientConfigStore({ tokenEndpoint: `${env.SERVER}/token` }),
      tokenStore: sharedTokens(open(env), { timeout: 2_000, leaseTime: Number(searchParams.get("lease") ?? 5_000) }),
    });
    authenticators.set(store + clientId, authenticator);
    return new Response(`${await routes[pathname]!(authenticator)}`);
  },
};
