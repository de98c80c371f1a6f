/** The demo's own servers as a target. @module */

import { startServers } from "./servers.ts";
import type { Target } from "./target.ts";

/** Lifetime of the tokens, in seconds: short enough to watch one expire. */
const lifetime = 4;

/** The authorization server's delay, in milliseconds, as of a remote one. */
const delay = 80;

export async function startEmbeddedTarget(): Promise<Target> {
  const clientId = "demo";
  const clientSecret = crypto.randomUUID();
  const servers = await startServers({ clientId, clientSecret, lifetime });
  const { authorizationServer, api } = servers;
  authorizationServer.delay = delay;
  const resource = new URL("/v1/projects", api.origin);
  return {
    title: "Against two servers of the demo's own, on loopback",
    introduction: [
      ["token endpoint", `${authorizationServer.tokenEndpoint} (tokens live ${lifetime} s)`],
      ["API", resource.href],
      ["client", clientId],
    ],
    tokenEndpoint: authorizationServer.tokenEndpoint,
    clientId,
    clientSecret,
    scopes: ["api:read"],
    audience: api.audience,
    api: resource,
    own: api,
    [Symbol.asyncDispose]: () => servers[Symbol.asyncDispose](),
  };
}
