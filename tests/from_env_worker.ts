/** A Worker whose settings stand in its bindings: hands on the projects, or says where tokens are given. @module */
import type { ClientCredentialsAuthenticator } from "../mod.ts";
import { DiscoveryClientConfigStore } from "../src/discovery/discovery.ts";
import { authenticatorFromEnv } from "../src/env/from_env.ts";

let authenticator: ClientCredentialsAuthenticator | undefined;
let store: DiscoveryClientConfigStore | undefined;

export default {
  async fetch(request: Request, env: Record<string, string>): Promise<Response> {
    if (new URL(request.url).pathname === "/token-endpoint") {
      store ??= new DiscoveryClientConfigStore(env.METADATA_ISSUER ?? "");
      return new Response((await store.getMetadata({ signal: request.signal })).token_endpoint);
    }
    authenticator ??= authenticatorFromEnv({ env });
    return await authenticator.fetch("/v1/projects");
  },
};
