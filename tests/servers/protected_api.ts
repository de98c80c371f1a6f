/**
 * An API on loopback that verifies access tokens as RFC 6750 and RFC 9068 say: the JWT's signature by the issuer's
 * published keys, then issuer, audience, expiry and scope.
 *
 * @module
 */

import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from "jose";
import type { DpopVerifier } from "./dpop_verifier.ts";
import { preciseNow, serve } from "./loopback.ts";

export interface ProtectedApiOptions {
  /** The only issuer whose tokens count. */
  readonly issuer: string;
  /** Where that issuer publishes its keys. */
  readonly jwksUri: string;
  /** The audience a token must name. Default: the API's own origin. */
  readonly audience?: string;
  /** The scope a token must have. Default: `api:read`. */
  readonly scope?: string;
  /** The header the token comes in. Default: `authorization`. */
  readonly headerKey?: string;
  /** Whether pages of any origin may call the API from a browser (CORS). Default: false. */
  readonly anyOrigin?: boolean;
  /** Verifies the proofs of tokens bound to a key. Default: their proofs aren't looked at. */
  readonly dpop?: DpopVerifier;
  /** Default: 0, any free port. */
  readonly port?: number;
}

export type ProtectedApi = ReturnType<typeof startProtectedApi>;

/** Starts the API. Throws `Deno.errors.AddrInUse` if the port is taken. */
export function startProtectedApi(options: ProtectedApiOptions) {
  const { issuer, scope = "api:read", headerKey = "authorization", anyOrigin, dpop } = options;
  const keys = createRemoteJWKSet(new URL(options.jwksUri));
  const scheme = dpop ? /^(Bearer|DPoP) +([\w.~+/-]+=*)$/i : /^(Bearer) +([\w.~+/-]+=*)$/i;
  /** Every call answered, oldest first. For tests only: it has the token. */
  const calls: { method: string; path: string; token?: string; status: number }[] = [];
  let revokedAt = -Infinity;

  /** Returns the token's claims, or the refusal. */
  async function verify(token: string | undefined): Promise<JWTPayload | Response> {
    // RFC 6750 §3.1: a request without a token gets no error code.
    if (token === undefined) return refuse(401, "Bearer");
    const { payload, fault = "The token was revoked" } = await verifyToken(token, keys, { issuer, audience });
    if (!payload || readIssuedAt(payload) <= revokedAt) {
      return refuse(401, `Bearer error="invalid_token", error_description="${fault}"`);
    }
    if (String(payload.scope ?? "").split(" ").includes(scope)) return payload;
    return refuse(403, `Bearer error="insufficient_scope", scope="${scope}"`);
  }

  async function answer(request: Request): Promise<Response> {
    const { method } = request;
    const path = new URL(request.url).pathname;
    // Read before anything is refused: an unread body blocks the connection.
    const body = await request.text();
    const [, name = "", token] = scheme.exec(request.headers.get(headerKey) ?? "") ?? [];
    const verified = await verify(token);
    const refused = verified instanceof Response
      ? verified
      : await dpop?.verify(request, name.toLowerCase(), token, verified);
    const response = refused ?? answerCall(method, path, body, verified as JWTPayload);
    if (dpop?.nonce !== undefined) response.headers.set("dpop-nonce", dpop.nonce);
    calls.push({ method, path, ...(token !== undefined && { token }), status: response.status });
    return response;
  }

  const server = serve(async (request) => {
    const asked = anyOrigin && request.headers.get("access-control-request-headers");
    const response = asked && request.method === "OPTIONS"
      ? new Response(null, { status: 204, headers: { "access-control-allow-headers": asked } })
      : await answer(request);
    if (anyOrigin) response.headers.set("access-control-allow-origin", "*");
    return response;
  }, options.port);
  const audience = options.audience ?? server.origin;
  return {
    ...server,
    audience,
    calls,
    /** Refuses from now on every token issued before this moment. */
    revokeAll: () => void (revokedAt = preciseNow()),
    /** Stops listening, once the calls under way are answered. */
    close: server[Symbol.asyncDispose],
  };
}

/** Verifies an access token (RFC 9068). Returns its claims, or what is wrong with it. */
export async function verifyToken(token: string, keys: JWTVerifyGetKey, options: { issuer: string; audience: string }) {
  try {
    // `exp` is cut to whole seconds.
    const rules = { clockTolerance: 1, requiredClaims: ["exp"], typ: "at+jwt", ...options };
    return { payload: (await jwtVerify(token, keys, rules)).payload };
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    return { fault: error instanceof errors.JWTExpired ? "The token has expired" : "The token is invalid" };
  }
}

/** When a token was issued, in milliseconds since the epoch. The authorization server here has a claim finer than `iat`. */
export function readIssuedAt(claims: JWTPayload): number {
  return typeof claims.issued_at_ms === "number" ? claims.issued_at_ms : (claims.iat ?? 0) * 1000;
}

function refuse(status: number, challenge: string): Response {
  const message = status === 401 ? "Unauthorized" : "Forbidden";
  return Response.json({ message }, { status, headers: { "www-authenticate": challenge } });
}

function answerCall(method: string, path: string, body: string, claims: JWTPayload): Response {
  if (method === "GET" && path === "/v1/projects") {
    return Response.json([{ id: "p1", name: "Apollo" }, { id: "p2", name: "Gemini" }]);
  }
  return Response.json({ method, path, client: claims.client_id, ...(body !== "" && { body }) });
}
