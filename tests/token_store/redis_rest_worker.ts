/** Runs all cases of Redis's REST form in a worker. @module */

import { redisRestTokenStore } from "@m2m/authenticator/token-store/redis";
import { runCases } from "./run_cases.ts";

export default {
  async fetch(request: Request): Promise<Response> {
    return Response.json(await runCases(redisRestTokenStore(await request.json()), { shortestLifetime: 1_500 }));
  },
};
