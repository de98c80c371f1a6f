/** A token endpoint and an API on loopback, or in memory. @module */

import { serve } from "../servers/loopback.ts";

/** How a token endpoint behaves. Times in milliseconds. */
export interface TokenEndpointBehaviour {
  /** How long an answer takes. */
  readonly delay: number;
  /** How long a token lives from the moment it is issued. */
  readonly lifetime: number;
}

/** Starts both on a free port. A token says when it expires, and the API believes it. */
export function startLoopback(behaviour: TokenEndpointBehaviour) {
  const { fetch: issue, counts } = tokenEndpointInMemory(behaviour);
  const server = serve((request) => {
    if (request.method === "POST") return issue();
    const expiresAt = Number(request.headers.get("authorization")?.split("~")[1]);
    if (expiresAt > Date.now()) return new Response("{}");
    counts.unauthorized++;
    return new Response(null, { status: 401 });
  });
  return { ...server, tokenEndpoint: `${server.origin}/token`, api: server.origin, counts };
}

/** Makes a `fetch` that is a token endpoint. Counts token requests, and calls of an API answered 401. */
export function tokenEndpointInMemory({ delay, lifetime }: TokenEndpointBehaviour) {
  const counts = { tokenRequests: 0, unauthorized: 0 };
  return {
    counts,
    async fetch(): Promise<Response> {
      const number = ++counts.tokenRequests;
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      const access_token = `${number}~${Date.now() + lifetime}`;
      return Response.json({ access_token, token_type: "Bearer", expires_in: lifetime / 1000 });
    },
  };
}

/** Makes both in memory: one response serves every call. Runs on Node, Deno and Bun. */
export function memoryApi(answerToken?: () => Response) {
  const api = "http://127.0.0.1:9";
  const response = new Response();
  const token = { access_token: "token", token_type: "Bearer", expires_in: 3600 };
  const setting = {
    api,
    tokenEndpoint: `${api}/token`,
    requests: 0,
    fetch(_input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
      if (init?.method !== "POST") return Promise.resolve(response);
      setting.requests++;
      return Promise.resolve(answerToken?.() ?? Response.json(token));
    },
  };
  return setting;
}
