/** Keeps the demo's own servers running on fixed ports, for your own code. @module */

import { startServers } from "./servers.ts";
import { columns } from "./timeline.ts";

const clientId = "demo";
const clientSecret = "demo-secret";

/** Returns the exit code, after Ctrl+C. */
export async function serve(): Promise<number> {
  await using servers = await startServers({
    clientId,
    clientSecret,
    authorizationServerPort: 8401,
    apiPort: 8400,
  });
  const { authorizationServer, api } = servers;
  const stopped = new Promise<void>((resolve) => Deno.addSignalListener("SIGINT", resolve));
  console.log(columns([
    ["issuer", authorizationServer.issuer],
    ["token endpoint", authorizationServer.tokenEndpoint],
    ["client", `${clientId}, with the secret ${clientSecret}`],
    ["scope", "api:read"],
    ["audience", api.audience],
    ["API", `${api.origin}/v1/projects`],
  ]));
  console.log("\nBoth run until Ctrl+C.");
  await stopped;
  console.log("\nStopped.");
  return 0;
}
