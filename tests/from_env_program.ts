/** Takes its settings from the environment: prints the projects as a program, returns them as a worker. @module */
import type { ClientCredentialsAuthenticator } from "../mod.ts";
import { DiscoveryClientConfigStore } from "../src/discovery/discovery.ts";
import { authenticatorFromEnv } from "../src/env/from_env.ts";

declare const process: { readonly argv?: readonly string[] } | undefined;

const isProgram = typeof process !== "undefined" && process.argv?.at(-1) === "program";
if (isProgram) console.log(await (await authenticatorFromEnv().fetch("/v1/projects")).text());

let authenticator: ClientCredentialsAuthenticator | undefined;
let store: DiscoveryClientConfigStore | undefined;

async function answer(request: Request, env: Record<string, string>): Promise<Response> {
  if (new URL(request.url).pathname === "/token-endpoint") {
    store ??= new DiscoveryClientConfigStore(env.METADATA_ISSUER ?? "");
    return new Response((await store.getMetadata({ signal: request.signal })).token_endpoint);
  }
  authenticator ??= authenticatorFromEnv({ env });
  return await authenticator.fetch("/v1/projects");
}

// Bun would start a server for a program with this export.
export default isProgram ? undefined : { fetch: answer };
