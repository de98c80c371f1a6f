/**
 * A Flyte platform on loopback, of the first generation (flyteadmin behind its grpc-gateway) or the second (Connect): it
 * publishes how clients authenticate, and accepts the tokens of one authorization server.
 *
 * @module
 */

import { createRemoteJWKSet, jwtVerify, type JWTVerifyGetKey } from "jose";
import { serve } from "./loopback.ts";

export interface FlyteOptions {
  /** The authorization server whose tokens count. */
  readonly authorizationServer: { readonly issuer: string; readonly tokenEndpoint: string; readonly jwksUri: string };
  /** The generation. Default: 1. */
  readonly version?: 1 | 2;
  /** The audience a token must name. */
  readonly audience: string;
  /** The settings it publishes, by the names of `PublicClientAuthConfigResponse`. Default: flyteadmin's. */
  readonly client?: Readonly<Record<string, unknown>>;
  /** Replaces parts of the authorization server's metadata. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Statuses in place of answers, by path. Default: none. */
  readonly failing?: Readonly<Record<string, number>>;
  /** An identity-aware proxy in front, and what it requires of a token in `proxy-authorization`. Default: none. */
  readonly front?: { readonly issuer: string; readonly jwksUri: string; readonly audience: string };
}

/** One request. For tests only: it has the tokens. */
export interface FlyteRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly status: number;
}

const metadataPath = "/.well-known/oauth-authorization-server";
const clientPath = "/config/v1/flyte_client";
const service = "/flyteidl2.auth.AuthMetadataService/";

export class Flyte implements AsyncDisposable {
  readonly origin: string;
  /** The requests, oldest first. */
  readonly requests: FlyteRequest[] = [];
  /** The header it takes tokens in, which it publishes. */
  headerKey: string;
  /** The doors that refuse the next valid token from now on. */
  readonly revokeNext = new Set<"front" | "api">();
  readonly #revoked = new Set<string>();
  readonly #options: FlyteOptions;
  readonly #keys = new Map<string, JWTVerifyGetKey>();
  readonly #server: ReturnType<typeof serve>;

  /** @internal */
  constructor(options: FlyteOptions) {
    this.#options = options;
    this.headerKey = options.version === 2 ? "authorization" : "flyte-authorization";
    this.#server = serve(async (request) => {
      const { method, headers, url } = request;
      const path = new URL(url).pathname;
      const response = await this.#answer(request, path, await request.text());
      this.requests.push({ method, path, headers: new Headers(headers), status: response.status });
      return response;
    });
    this.origin = this.#server.origin;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server[Symbol.asyncDispose]();
  }

  /** The requests as `GET /path 200`. */
  get log(): string[] {
    return this.requests.map(({ method, path, status }) => `${method} ${path} ${status}`);
  }

  async #answer(request: Request, path: string, body: string): Promise<Response> {
    const { front, failing = {}, version = 1, audience, authorizationServer } = this.#options;
    if (front && !await this.#accepts(request.headers.get("proxy-authorization"), front, "front")) {
      return new Response("Invalid IAP credentials: empty token", { status: 401 });
    }
    if (failing[path] !== undefined) return Response.json({ message: "planted-body-text" }, { status: failing[path] });
    if ([metadataPath, clientPath].includes(path) || path.startsWith(service)) {
      return version === 1 ? this.#describeFirst(request, path) : this.#describeSecond(request, path, body);
    }
    const token = request.headers.get(this.headerKey);
    const isAccepted = await this.#accepts(token, { ...authorizationServer, audience }, "api", "all");
    const projects = [{ id: "flytesnacks", name: "flytesnacks" }];
    if (version === 1) {
      if (!isAccepted) return gatewayError(401, 16, "token parse error [JWT_VERIFICATION_FAILED] could not find it");
      if (request.method !== "GET" || path !== "/api/v1/projects") return gatewayError(404, 5, "Not Found");
      return Response.json({ projects, token: "" });
    }
    if (request.method !== "POST" || path !== "/flyteidl2.project.ProjectService/ListProjects") return notFound();
    if (!isAccepted) return Response.json({ code: "unauthenticated", message: "no token" }, { status: 401 });
    return Response.json({ projects });
  }

  #describeFirst(request: Request, path: string): Response {
    const document = path === metadataPath ? this.#metadata : path === clientPath ? this.#client : undefined;
    if (document === undefined) return gatewayError(404, 5, "Not Found");
    if (request.method !== "GET") return gatewayError(501, 12, "Method Not Allowed");
    // The gateway's marshaler for exactly this type writes the protocol's own names; its default one doesn't.
    const isExact = request.headers.get("accept") === "application/json";
    return Response.json(isExact ? document : inCamelCase(document));
  }

  #describeSecond(request: Request, path: string, body: string): Response {
    if (path === clientPath) return notFound();
    if (path === metadataPath) return Response.json(inCamelCase(this.#metadata));
    if (request.method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    if (request.headers.get("content-type") !== "application/json") {
      return new Response(null, { status: 415, headers: { "accept-post": "application/json, application/proto" } });
    }
    if (request.headers.get("connect-protocol-version") !== "1" || body !== "{}") {
      return Response.json({ code: "invalid_argument", message: "missing required header" }, { status: 400 });
    }
    const name = path.slice(service.length);
    if (name !== "GetOAuth2Metadata" && name !== "GetPublicClientConfig") return notFound();
    const document = name === "GetOAuth2Metadata" ? this.#metadata : this.#client;
    // Connect leaves out what isn't set.
    const set = Object.entries(inCamelCase(document)).filter(([, value]) => String(value) !== "");
    return Response.json(Object.fromEntries(set));
  }

  get #metadata(): Record<string, unknown> {
    const { issuer, tokenEndpoint, jwksUri } = this.#options.authorizationServer;
    return {
      issuer,
      authorization_endpoint: "",
      token_endpoint: tokenEndpoint,
      response_types_supported: [],
      scopes_supported: ["all"],
      token_endpoint_auth_methods_supported: ["client_secret_basic"],
      jwks_uri: jwksUri,
      code_challenge_methods_supported: ["S256"],
      grant_types_supported: [],
      device_authorization_endpoint: "",
      ...this.#options.metadata,
    };
  }

  get #client(): Record<string, unknown> {
    return {
      client_id: "flytectl",
      redirect_uri: "http://localhost:53593/callback",
      scopes: ["all", "offline"],
      authorization_metadata_key: this.headerKey,
      service_http_endpoint: "",
      audience: "",
      ...this.#options.client,
    };
  }

  async #accepts(
    header: string | null,
    { issuer, jwksUri, audience }: { issuer: string; jwksUri: string; audience: string },
    door: "front" | "api",
    scope?: string,
  ): Promise<boolean> {
    const token = (header ?? "").replace(/^Bearer /, "");
    const keys = this.#keys.get(jwksUri) ?? createRemoteJWKSet(new URL(jwksUri));
    this.#keys.set(jwksUri, keys);
    const verified = await jwtVerify(token, keys, { issuer, audience }).catch(() => undefined);
    if (!verified || token === header) return false;
    if (this.revokeNext.delete(door)) this.#revoked.add(token);
    if (this.#revoked.has(token)) return false;
    return scope === undefined || String(verified.payload.scope ?? "").split(" ").includes(scope);
  }
}

function notFound(): Response {
  return new Response("404 page not found\n", { status: 404 });
}

export function startFlyte(options: FlyteOptions): Flyte {
  return new Flyte(options);
}

/** As grpc-gateway has it: a plain message stands where a challenge (RFC 9110 §11.6.1) belongs. */
function gatewayError(status: number, code: number, message: string): Response {
  const headers = status === 401 ? { "www-authenticate": message } : undefined;
  return Response.json({ error: message, code, message, details: [] }, { status, ...headers && { headers } });
}

function inCamelCase(document: Record<string, unknown>): Record<string, unknown> {
  const rename = (name: string) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(document).map(([name, value]) => [rename(name), value]));
}
