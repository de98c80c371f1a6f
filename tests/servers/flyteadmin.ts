/**
 * A Flyte platform on loopback, of the first generation (flyteadmin behind its grpc-gateway) or the second (Connect): it
 * publishes how clients authenticate, and accepts the tokens of one authorization server.
 *
 * @module
 */

import { createRemoteJWKSet, jwtVerify } from "jose";
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

const metadataPath = "/.well-known/oauth-authorization-server";
const clientPath = "/config/v1/flyte_client";
const service = "/flyteidl2.auth.AuthMetadataService/";

export function startFlyte(options: FlyteOptions) {
  const { front, failing = {}, version = 1, authorizationServer, audience } = options;
  const { issuer, tokenEndpoint, jwksUri } = authorizationServer;
  const doors = { api: { issuer, jwksUri, audience }, ...front && { front } };
  /** The requests, oldest first. For tests only: they have the tokens. */
  const requests: { method: string; path: string; headers: Headers; status: number }[] = [];
  /** Where the next valid token is refused: by the platform, or the proxy in front. */
  const revokeNext = new Set<"front" | "api">();
  const revoked = new Set<string>();
  const keys = new Map(Object.values(doors).map(({ jwksUri }) => [jwksUri, createRemoteJWKSet(new URL(jwksUri))]));
  const server = serve(async (request) => {
    const { method, headers, url } = request;
    const path = new URL(url).pathname;
    const response = await answer(request, path, await request.text());
    requests.push({ method, path, headers: new Headers(headers), status: response.status });
    return response;
  });
  /** The header it takes tokens in, which it publishes. */
  const headerKey = version === 2 ? "authorization" : "flyte-authorization";
  return {
    ...server,
    requests,
    revokeNext,
    headerKey,
    /** The requests as `GET /path 200`. */
    get log(): string[] {
      return requests.map(({ method, path, status }) => `${method} ${path} ${status}`);
    },
  };

  async function answer(request: Request, path: string, body: string): Promise<Response> {
    if (front && !await isAccepted(request.headers.get("proxy-authorization"), "front")) {
      return new Response("Invalid IAP credentials: empty token", { status: 401 });
    }
    if (failing[path] !== undefined) return Response.json({ message: "planted-body-text" }, { status: failing[path] });
    if ([metadataPath, clientPath].includes(path) || path.startsWith(service)) {
      return version === 1 ? describeFirst(request, path) : describeSecond(request, path, body);
    }
    const hasToken = await isAccepted(request.headers.get(headerKey), "api", "all");
    const projects = [{ id: "flytesnacks", name: "flytesnacks" }];
    if (version === 1) {
      if (!hasToken) return gatewayError(401, 16, "token parse error [JWT_VERIFICATION_FAILED] could not find it");
      if (request.method !== "GET" || path !== "/api/v1/projects") return gatewayError(404, 5, "Not Found");
      return Response.json({ projects, token: "" });
    }
    if (request.method !== "POST" || path !== "/flyteidl2.project.ProjectService/ListProjects") return notFound();
    if (!hasToken) return Response.json({ code: "unauthenticated", message: "no token" }, { status: 401 });
    return Response.json({ projects });
  }

  function describeFirst(request: Request, path: string): Response {
    const document = path === metadataPath ? describeServer() : path === clientPath ? describeClient() : undefined;
    if (document === undefined) return gatewayError(404, 5, "Not Found");
    if (request.method !== "GET") return gatewayError(501, 12, "Method Not Allowed");
    // The gateway's marshaler for exactly this type writes the protocol's own names; its default one doesn't.
    const isExact = request.headers.get("accept") === "application/json";
    return Response.json(isExact ? document : inCamelCase(document));
  }

  function describeSecond({ method, headers }: Request, path: string, body: string): Response {
    if (path === clientPath) return notFound();
    if (path === metadataPath) return Response.json(inCamelCase(describeServer()));
    if (method !== "POST") return new Response(null, { status: 405, headers: { allow: "POST" } });
    if (headers.get("content-type") !== "application/json") {
      return new Response(null, { status: 415, headers: { "accept-post": "application/json, application/proto" } });
    }
    if (headers.get("connect-protocol-version") !== "1" || body !== "{}") {
      return Response.json({ code: "invalid_argument", message: "missing required header" }, { status: 400 });
    }
    const methods = new Map([["GetOAuth2Metadata", describeServer], ["GetPublicClientConfig", describeClient]]);
    const describe = methods.get(path.slice(service.length));
    if (describe === undefined) return notFound();
    // Connect leaves out what isn't set.
    const set = Object.entries(inCamelCase(describe())).filter(([, value]) => String(value) !== "");
    return Response.json(Object.fromEntries(set));
  }

  function describeServer(): Record<string, unknown> {
    return {
      ...{ issuer, token_endpoint: tokenEndpoint, jwks_uri: jwksUri, scopes_supported: ["all"] },
      ...{ authorization_endpoint: "", device_authorization_endpoint: "", response_types_supported: [] },
      ...{ grant_types_supported: [], code_challenge_methods_supported: ["S256"] },
      token_endpoint_auth_methods_supported: ["client_secret_basic"],
      ...options.metadata,
    };
  }

  function describeClient(): Record<string, unknown> {
    return {
      ...{ client_id: "flytectl", redirect_uri: "http://localhost:53593/callback", scopes: ["all", "offline"] },
      ...{ authorization_metadata_key: headerKey, service_http_endpoint: "", audience: "" },
      ...options.client,
    };
  }

  async function isAccepted(header: string | null, door: "front" | "api", scope?: string): Promise<boolean> {
    const token = /^Bearer (.+)$/.exec(header ?? "")?.[1];
    const { jwksUri, ...required } = doors[door]!;
    const verified = token && await jwtVerify(token, keys.get(jwksUri)!, required).catch(() => undefined);
    if (!verified) return false;
    if (revokeNext.delete(door)) revoked.add(token);
    if (revoked.has(token)) return false;
    return scope === undefined || String(verified.payload.scope ?? "").split(" ").includes(scope);
  }
}

const notFound = () => new Response("404 page not found\n", { status: 404 });

/** As grpc-gateway has it: a plain message stands where a challenge (RFC 9110 §11.6.1) belongs. */
function gatewayError(status: number, code: number, message: string): Response {
  const headers: HeadersInit = status === 401 ? { "www-authenticate": message } : {};
  return Response.json({ error: message, code, message, details: [] }, { status, headers });
}

function inCamelCase(document: Record<string, unknown>): Record<string, unknown> {
  const rename = (name: string) => name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(document).map(([name, value]) => [rename(name), value]));
}
