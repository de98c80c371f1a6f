/**
 * An API on loopback that takes an access token as RFC 6750 and RFC 9068 have it: it checks the JWT's signature
 * against the issuer's published keys, then issuer, audience, expiry and scope, and says what was wrong.
 *
 * @module
 */

import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify, type JWTVerifyGetKey } from "jose";

import type { DpopVerifier } from "./dpop_verifier.ts";

const host = "127.0.0.1";

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
  /** Leeway for the expiry, in seconds. Default: 1, because `exp` is cut to whole seconds. */
  readonly clockTolerance?: number;
  /** Whether pages of any origin may call the API from a browser (CORS). Default: false. */
  readonly anyOrigin?: boolean;
  /** Judges the proofs that come with tokens bound to a key. Default: such tokens are taken from whoever has them. */
  readonly dpop?: DpopVerifier;
  /** Default: 0, any free port. */
  readonly port?: number;
}

/** One call of the API. For tests only: it has the token. */
export interface Call {
  /** When it arrived, in milliseconds since the epoch. */
  readonly time: number;
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly status: number;
}

/** What {@linkcode startProtectedApi} gives. */
export class ProtectedApi implements AsyncDisposable {
  readonly origin: string;
  readonly audience: string;
  readonly #calls: Call[] = [];
  readonly #options: ProtectedApiOptions;
  readonly #keys: JWTVerifyGetKey;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #revokedAt = -Infinity;

  /** @internal */
  constructor(options: ProtectedApiOptions) {
    this.#options = options;
    this.#keys = createRemoteJWKSet(new URL(options.jwksUri));
    this.#server = Deno.serve(
      { hostname: host, port: options.port ?? 0, onListen: () => {} },
      (request) =>
        options.anyOrigin ? withAnyOrigin(request, (request) => this.#answer(request)) : this.#answer(request),
    );
    this.origin = `http://${host}:${this.#server.addr.port}`;
    this.audience = options.audience ?? this.origin;
  }

  /** Every call answered, oldest first. */
  get calls(): readonly Call[] {
    return this.#calls;
  }

  /** Refuses from now on every token issued before this moment. */
  revokeAll(): void {
    this.#revokedAt = performance.timeOrigin + performance.now();
  }

  /** Stops listening, once the calls under way are answered. */
  async close(): Promise<void> {
    await this.#server.shutdown();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #answer(request: Request): Promise<Response> {
    const time = Date.now();
    const { method } = request;
    const path = new URL(request.url).pathname;
    // Read before anything is refused: a body nobody reads holds the connection.
    const body = await request.text();
    const { dpop, headerKey = "authorization" } = this.#options;
    const { scheme, token } = presented(request.headers.get(headerKey), dpop !== undefined);
    let judged = await this.#judge(token);
    if (!(judged instanceof Response)) judged = await dpop?.verify(request, scheme, token, judged) ?? judged;
    const response = judged instanceof Response ? judged : resource(method, path, body, judged);
    if (dpop?.nonce !== undefined) response.headers.set("dpop-nonce", dpop.nonce);
    this.#calls.push({ time, method, path, ...(token !== undefined && { token }), status: response.status });
    return response;
  }

  /** The token's claims, or the refusal. */
  async #judge(token: string | undefined): Promise<JWTPayload | Response> {
    // RFC 6750 §3.1: a request without a token gets no error code.
    if (token === undefined) return refusal(401, "Bearer");
    const { issuer, scope = "api:read", clockTolerance = 1 } = this.#options;
    let claims: JWTPayload;
    try {
      ({ payload: claims } = await jwtVerify(token, this.#keys, {
        issuer,
        audience: this.audience,
        clockTolerance,
        requiredClaims: ["exp"],
        typ: "at+jwt",
      }));
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      return invalidToken(
        error instanceof errors.JWTExpired ? "The token has expired" : "The token is no good",
      );
    }
    if (issuedAt(claims) <= this.#revokedAt) return invalidToken("The token was revoked");
    if (!String(claims.scope ?? "").split(" ").includes(scope)) {
      return refusal(403, `Bearer error="insufficient_scope", scope="${scope}"`);
    }
    return claims;
  }
}

/** Starts the API. Throws `Deno.errors.AddrInUse` where the port asked for is taken. */
export function startProtectedApi(options: ProtectedApiOptions): ProtectedApi {
  return new ProtectedApi(options);
}

function presented(header: string | null, takesDpop: boolean): { scheme: string; token: string | undefined } {
  const [, scheme = "", token] = /^(Bearer|DPoP) +([\w.~+/-]+=*)$/i.exec(header ?? "") ?? [];
  return { scheme: scheme.toLowerCase(), token: scheme.toLowerCase() === "bearer" || takesDpop ? token : undefined };
}

/** In milliseconds since the epoch. The authorization server here adds a claim finer than `iat`. */
function issuedAt(claims: JWTPayload): number {
  return typeof claims.issued_at_ms === "number" ? claims.issued_at_ms : (claims.iat ?? 0) * 1000;
}

function invalidToken(description: string): Response {
  return refusal(401, `Bearer error="invalid_token", error_description="${description}"`);
}

function refusal(status: number, challenge: string): Response {
  return Response.json({ message: status === 401 ? "Unauthorized" : "Forbidden" }, {
    status,
    headers: { "www-authenticate": challenge },
  });
}

function resource(method: string, path: string, body: string, claims: JWTPayload): Response {
  if (method === "GET" && path === "/v1/projects") {
    return Response.json([{ id: "p1", name: "Apollo" }, { id: "p2", name: "Gemini" }]);
  }
  return Response.json({ method, path, client: claims.client_id, ...(body !== "" && { body }) });
}

/** As CORS has it: a browser first asks, without the token, whether the page may send one. */
async function withAnyOrigin(
  request: Request,
  answer: (request: Request) => Promise<Response>,
): Promise<Response> {
  const asked = request.headers.get("access-control-request-headers");
  const response = request.method === "OPTIONS" && asked !== null
    ? new Response(null, { status: 204, headers: { "access-control-allow-headers": asked } })
    : await answer(request);
  response.headers.set("access-control-allow-origin", "*");
  return response;
}
