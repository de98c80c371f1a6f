/** The user's own server as a target. @module */

import { load } from "@std/dotenv";
import { type ForeignServer, UsageError } from "./arguments.ts";
import { discoverTokenEndpoint } from "./discovery.ts";
import type { Target } from "./target.ts";

/** Throws {@linkcode UsageError} where there is no secret. */
export async function findForeignTarget(server: ForeignServer): Promise<Target> {
  const clientSecret = await findSecret();
  const tokenEndpoint = "issuer" in server.at
    ? await discoverTokenEndpoint(server.at.issuer)
    : server.at.tokenEndpoint.href;
  const { clientId, scopes, audience, endpoint } = server;
  return {
    title: "Against your authorization server",
    introduction: [
      ["token endpoint", tokenEndpoint],
      ["API", endpoint ? endpoint.origin + endpoint.pathname : "none given (--endpoint URL)"],
      ["client", clientId],
    ],
    tokenEndpoint,
    clientId,
    clientSecret,
    scopes,
    ...(audience !== undefined && { audience }),
    ...(endpoint !== undefined && { api: endpoint }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The environment takes precedence over the file. */
async function findSecret(): Promise<string> {
  const secret = Deno.env.get("M2M_CLIENT_SECRET") || (await load({ envPath: ".env" }))["M2M_CLIENT_SECRET"];
  if (!secret) {
    throw new UsageError(
      "Cannot start: the secret is missing. Set M2M_CLIENT_SECRET in the environment, or in a .env file here.",
    );
  }
  return secret;
}
