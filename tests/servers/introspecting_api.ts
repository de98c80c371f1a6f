/**
 * An API on loopback that asks the authorization server about each token (RFC 7662): one that was given back is refused
 * at once.
 *
 * @module
 */

/** What {@linkcode startIntrospectingApi} gives. */
export interface IntrospectingApi extends AsyncDisposable {
  readonly origin: string;
}

/** `authorization` is how the API proves to the server that it may ask. */
export function startIntrospectingApi(
  { introspectionEndpoint, authorization }: { introspectionEndpoint: string; authorization: string },
): IntrospectingApi {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const token = request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
    const response = await fetch(introspectionEndpoint, {
      method: "POST",
      headers: { authorization },
      body: new URLSearchParams({ token }),
    });
    const { active, client_id: client } = await response.json();
    return active === true ? Response.json({ client }) : new Response(null, { status: 401 });
  });
  return { origin: `http://127.0.0.1:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}
