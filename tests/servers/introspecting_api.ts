/**
 * An API on loopback that asks the authorization server about each token (RFC 7662): a revoked one is refused at once.
 *
 * @module
 */

import { serve } from "./loopback.ts";

/** Starts it. By `authorization` it authenticates at the introspection endpoint. */
export function startIntrospectingApi(introspectionEndpoint: string, authorization: string) {
  return serve(async ({ headers }) => {
    const token = headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
    const body = new URLSearchParams({ token });
    const response = await fetch(introspectionEndpoint, { method: "POST", headers: { authorization }, body });
    const { active, client_id: client } = await response.json();
    return active === true ? Response.json({ client }) : new Response(null, { status: 401 });
  });
}
