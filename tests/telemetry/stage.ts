/**
 * A token endpoint, an API and a collector, all on loopback.
 *
 * @module
 */

import { planted } from "../faults/planted.ts";
import { serve } from "../servers/loopback.ts";
import { startCollector } from "./collector.ts";

/** Where the servers are. */
export interface Place {
  readonly api: string;
  readonly tokenEndpoint: string;
}

/** The servers. Disposing of it stops them. */
export type Stage = ReturnType<typeof startStage>;

/** Starts them. */
export function startStage() {
  let tokenRequests = 0;
  const server = serve(async (request) => {
    const { pathname } = new URL(request.url);
    const text = await request.text();
    if (pathname !== "/token") {
      const isRejected = pathname === "/rejected" && request.headers.get("authorization")?.endsWith("~2");
      return new Response(planted.body, { status: isRejected ? 401 : 200 });
    }
    tokenRequests++;
    const error_description = `${planted.secret} ${planted.token}`;
    if (text.includes("refused")) return Response.json({ error: "invalid_scope", error_description }, { status: 400 });
    return Response.json({
      access_token: `${planted.token}~${tokenRequests}`,
      token_type: "Bearer",
      expires_in: 3_600,
    });
  });
  const collector = startCollector();
  const place: Place = { api: server.origin, tokenEndpoint: `${server.origin}/token?key=${planted.query}` };
  return {
    place,
    collector,
    countTokenRequests: () => tokenRequests,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await collector[Symbol.asyncDispose]();
    },
  };
}
