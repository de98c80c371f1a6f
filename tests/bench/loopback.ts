/** A token endpoint and an API on loopback, and a token endpoint in memory. @module */

/** How a token endpoint behaves. Times in milliseconds. */
export interface TokenEndpointBehaviour {
  /** How long an answer takes. */
  readonly delay: number;
  /** How long a token lives from the moment it is issued. */
  readonly lifetime: number;
}

/** What it saw. */
export interface Counts {
  tokenRequests: number;
  /** Calls of the API answered 401. */
  unauthorized: number;
}

/** A token endpoint and an API, served. */
export interface Loopback extends AsyncDisposable {
  readonly tokenEndpoint: string;
  readonly api: string;
  readonly counts: Counts;
}

/** Starts them on a free port. A token says when it expires, and the API believes it. */
export function startLoopback(behaviour: TokenEndpointBehaviour): Loopback {
  const counts: Counts = { tokenRequests: 0, unauthorized: 0 };
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    if (request.method === "POST") return issue(behaviour, counts);
    const expiresAt = Number(request.headers.get("authorization")?.split("~")[1]);
    if (expiresAt > Date.now()) return new Response("{}");
    counts.unauthorized++;
    return new Response(null, { status: 401 });
  });
  const api = `http://127.0.0.1:${server.addr.port}`;
  return {
    tokenEndpoint: `${api}/token`,
    api,
    counts,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** A `fetch` that is a token endpoint. */
export function tokenEndpointInMemory(
  behaviour: TokenEndpointBehaviour,
): { fetch: typeof fetch; counts: Counts } {
  const counts: Counts = { tokenRequests: 0, unauthorized: 0 };
  return { fetch: () => issue(behaviour, counts), counts };
}

async function issue({ delay, lifetime }: TokenEndpointBehaviour, counts: Counts): Promise<Response> {
  const number = ++counts.tokenRequests;
  if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
  return Response.json({
    access_token: `${number}~${Date.now() + lifetime}`,
    token_type: "Bearer",
    expires_in: lifetime / 1000,
  });
}
