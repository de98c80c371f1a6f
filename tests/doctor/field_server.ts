/**
 * Answers that are met in the field, and that no server on this machine gives: token endpoints at `/token/<name>`, with an
 * API for their tokens at `/api/<name>`.
 *
 * @module
 */

import { serve } from "../servers/loopback.ts";

/** Starts it; it knows one client. A token is always `planted-…`, or a JWT. */
export function startFieldServer(client: { id: string; secret: string }) {
  const issued = new Set<string>();
  /** When each token first came to the API that lags. */
  const firstSeen = new Map<string, number>();
  const last = new Map<string, string>();
  const origin = () => server.origin;

  function issue(token: string, fields: object = {}): Response {
    issued.add(token);
    return Response.json({ access_token: token, token_type: "Bearer", expires_in: 3600, ...fields });
  }
  const fresh = () => `planted-${crypto.randomUUID()}`;
  const error = (status: number, error: string, error_description?: string) =>
    Response.json({ error, error_description }, { status });
  /** A JWT that is no use but to be read. */
  const jwt = (lifetime: number) => {
    const iat = Math.floor(Date.now() / 1000);
    const aud = `${origin()}/api/any`;
    const claims = { iss: origin(), aud, jti: crypto.randomUUID(), iat, nbf: iat, exp: iat + lifetime };
    return `${[{ typ: "at+jwt", alg: "ES256" }, claims].map(encode).join(".")}.${"planted".repeat(12)}`;
  };

  /** Answers of token endpoints: to a client that authenticates, by Basic or in the form, with a form. */
  const granted: Record<string, (form: URLSearchParams) => Response> = {
    plain: () => issue(fresh()),
    "long": () => issue(fresh() + "x".repeat(9_000)),
    "type": () => issue(fresh(), { token_type: "BearerToken" }),
    "empty": () => new Response(null, { status: 200 }),
    "without-token": () => Response.json({ token: fresh(), expires_in: 3600 }),
    jwt: () => issue(jwt(3600)),
    "mismatch": () => issue(jwt(60), { expires_in: 86_400 }),
    // One that serves all who ask, as a cache does.
    "same": () => issue("planted-always-the-same"),
    revokes: (form) => {
      const id = form.get("scope") ?? "";
      const token = fresh();
      issued.delete(last.get(id) ?? "");
      last.set(id, token);
      return issue(token);
    },
    "wants-audience": (form) =>
      form.has("audience") ? issue(fresh()) : error(400, "invalid_request", "Missing required parameter: audience"),
    "wants-scope": (form) => form.has("scope") ? issue(fresh()) : error(400, "invalid_scope", "A scope is required"),
    "narrows": (form) => issue(fresh(), { scope: (form.get("scope") ?? "").split(" ")[0] }),
    "not-enabled": () => error(401, "unauthorized_client", "Client not enabled to retrieve service account"),
    "unsupported": () => error(400, "unsupported_grant_type", "Unsupported grant type: client_credentials"),
    "not-implemented": () => error(501, "not_implemented", "This grant isn't supported"),
    "drops-body": () => error(400, "invalid_request", "The grant_type parameter is missing"),
    "fails": () => error(500, "server_error"),
    "maintenance": () => new Response("Service Unavailable", { status: 503, headers: { "retry-after": "120" } }),
    "limited": () => new Response(null, { status: 429, headers: { "retry-after": "37" } }),
    "page": () => new Response("<!doctype html><title>Sign in</title>", { headers: { "content-type": "text/html" } }),
    // Okta's, where the client is registered for a key.
    "by-key": () =>
      error(401, "invalid_client", "This client must use the private_key_jwt token_endpoint_auth_method."),
    "denied": () => error(400, "access_denied", "Policy evaluation failed for this request"),
    "default-scopes": () =>
      error(400, "invalid_scope", "The authorization server resource has no default scopes, 'scope' must be provided."),
    "wants-default": () => error(400, "invalid_scope", "AADSTS1002012: scope must end in /.default"),
    "nonce": () => error(400, "use_dpop_nonce", "Authorization server requires nonce in DPoP proof"),
    "bound": () => error(400, "invalid_dpop_proof", "DPoP proof is missing"),
  };
  /** Answers to any other client, where it isn't 401 `invalid_client`. */
  const refused: Record<string, () => Response> = {
    "by-200": () => Response.json({ error: "invalid_client_secret" }),
    "by-text": () => new Response("Unauthorized", { status: 401 }),
    "by-nothing": () => new Response(null, { status: 403 }),
    "by-grant": () => error(401, "unauthorized_client", "Invalid client or Invalid client credentials"),
    "by-lock": () => error(401, "invalid_client", "The client is locked after too many failed attempts"),
    "by-tenant": () => error(400, "unauthorized_client", "AADSTS700016: Application 'my-client' was not found in it"),
    "by-expiry": () => error(401, "invalid_client", "AADSTS7000222: The provided client secret keys are expired."),
    "by-access": () => error(401, "access_denied", "Unauthorized"),
  };

  async function token(name: string, request: Request): Promise<Response> {
    const isJson = request.headers.get("content-type")?.startsWith("application/json");
    const form = new URLSearchParams(isJson ? await request.json() : await request.text());
    if (name === "wants-json" && !isJson) return new Response("Unsupported Media Type", { status: 415 });
    const basic = /^Basic (.+)$/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const { id, secret } = client;
    const inForm = form.get("client_id") === id && form.get("client_secret") === secret;
    const isRaw = name === "raw";
    const written = isRaw ? btoa(`${id}:${secret}`) : btoa([id, secret].map((it) => formEncode(it)).join(":"));
    // A fault of the server itself comes before any look at the client.
    const isEarly = /^(drops-body|fails|maintenance|limited|page)$/.test(name);
    if (basic === written || !isRaw && inForm || isEarly) return (granted[name] ?? granted.plain!)(form);
    // As some do: it must not come any further.
    if (name === "by-echo") return error(401, "invalid_client", `Wrong secret: ${form.get("client_secret") ?? basic}`);
    return refused[name]?.() ?? error(401, "invalid_client", "Client authentication failed");
  }

  /** Answers of APIs, given the token if it was issued here. */
  const apis: Record<string, (request: Request, token?: string) => Response> = {
    lagging: (_, token) => {
      if (token === undefined) return unauthorized("Bearer");
      const first = firstSeen.get(token) ?? Date.now();
      firstSeen.set(token, first);
      return Date.now() - first > 700 ? fine() : unauthorized("Bearer");
    },
    "wants-dpop": () => unauthorized('DPoP error="invalid_token", algs="ES256 EdDSA"'),
    "wants-nonce": (request) =>
      request.headers.has("dpop") ? unauthorized('DPoP error="use_dpop_nonce"') : unauthorized("DPoP"),
    "wants-header": (request) => {
      const token = request.headers.get("x-access-token")?.replace(/^Bearer /, "");
      return token && issued.has(token) ? fine() : unauthorized('Bearer header="x-access-token"');
    },
    "behind-proxy": ({ headers }) =>
      issued.has(headers.get("proxy-authorization")?.replace(/^Bearer /, "") ?? "")
        ? fine()
        : new Response("Invalid IAP credentials: empty token", {
          status: 401,
          headers: { "x-goog-iap-generated-response": "true" },
        }),
    "wants-scope": (_, token) =>
      token ? unauthorized('Bearer error="insufficient_scope", scope="planes:fly"', 403) : unauthorized("Bearer"),
    // It must not come any further.
    echoes: (request) => {
      const sent = request.headers.get("authorization") ?? "nothing";
      const headers = { "www-authenticate": `Bearer error="invalid_token", error_description="${sent}"` };
      return Response.json({ message: `Got ${sent}`, error: sent }, { status: 401, headers });
    },
    forbids: (_, token) => token ? Response.json({ message: "Forbidden" }, { status: 403 }) : unauthorized("Bearer"),
    open: () => fine(),
    rootless: (_, token) => token ? Response.json({ message: "Not found" }, { status: 404 }) : unauthorized("Bearer"),
    "post-only": (_, token) =>
      token ? new Response(null, { status: 405, headers: { allow: "POST" } }) : unauthorized("Bearer"),
    missing: () => Response.json({ message: "Not found" }, { status: 404 }),
    fails: (_, token) => token ? Response.json({}, { status: 500 }) : unauthorized("Bearer"),
    // A gateway's, for paths that it doesn't have.
    "no-route": () => Response.json({ message: "Missing Authentication Token" }, { status: 403 }),
    "other-audience": (_, token) =>
      token ? new Response("Audiences in Jwt are not allowed", { status: 403 }) : unauthorized("Bearer"),
    "no-commas": (_, token) =>
      unauthorized(token ? 'Bearer scope="" error="invalid_token" error_description="invalid audience"' : "Bearer"),
    "wants-key": () =>
      new Response('{"message":"No API key found"}', {
        status: 401,
        headers: { "www-authenticate": "Key" },
      }),
    "bearer-only": () => unauthorized("Bearer"),
    "body-scope": (_, token) =>
      token
        ? Response.json({ error: "insufficient_scope", scope: "planes:fly" }, { status: 403 })
        : unauthorized("Bearer"),
    // MCP servers name their metadata.
    "mcp": () => unauthorized(`Bearer error="invalid_token", resource_metadata="${origin()}/resource"`),
    "turns": () => moved(`${origin()}/api/turns`),
    "endless": (_, token) =>
      token
        ? new Response(new ReadableStream({ start: (it) => it.enqueue(new TextEncoder().encode(": ping\n\n")) }), {
          headers: { "content-type": "text/event-stream" },
        })
        : unauthorized("Bearer"),
    limited: () => new Response(null, { status: 429, headers: { "retry-after": "37", "ratelimit-remaining": "0" } }),
    "sign-in": () =>
      new Response("<!doctype html><title>Sign in</title>", { headers: { "content-type": "text/html" } }),
    "to-sign-in": () => moved(`${origin().replace("127.0.0.1", "localhost")}/api/sign-in`),
    "to-https": (request) => moved(request.url.replace("http:", "https:")),
    // Its clock is ten minutes behind, so that new tokens aren't valid yet.
    "behind": () => {
      const response = unauthorized(
        'Bearer error="invalid_token", error_description="The token is not valid yet (nbf)"',
      );
      response.headers.set("date", new Date(Date.now() - 600_000).toUTCString());
      return response;
    },
    // Its clock is two hours ahead.
    "ahead": () => {
      const response = unauthorized('Bearer error="invalid_token", error_description="The access token expired"');
      response.headers.set("date", new Date(Date.now() + 7_200_000).toUTCString());
      return response;
    },
  };

  const server = serve(async (request) => {
    const [, kind, name = "", ...rest] = new URL(request.url).pathname.split("/");
    if (kind === "token" && rest.length === 0) {
      return request.method === "POST" ? await token(name, request) : new Response(null, { status: 405 });
    }
    const [, sent = ""] = /^Bearer (.+)$/.exec(request.headers.get("authorization") ?? "") ?? [];
    await request.text();
    if (kind === ".well-known" && rest[0] === "incomplete") return Response.json({ issuer: `${origin()}/incomplete` });
    if (kind === ".well-known" && rest[0] === "internal") {
      return Response.json({ issuer: `${origin()}/internal`, token_endpoint: "https://auth.nowhere.invalid/token" });
    }
    if (kind === "resource") return Response.json({ resource: `${origin()}/api/mcp` });
    if (kind !== "api") return Response.json({ error: "not_found" }, { status: 404 });
    const known = issued.has(sent) ? sent : undefined;
    return apis[name]?.(request, known) ?? (known ? fine() : unauthorized("Bearer"));
  });
  return server;
}

const encode = (value: object) =>
  new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
const formEncode = (value: string) => new URLSearchParams({ value }).toString().replace("value=", "");
const fine = () => Response.json([{ id: "p1", name: "Apollo" }]);
const unauthorized = (challenge: string, status = 401) =>
  Response.json({ message: "Refused" }, { status, headers: { "www-authenticate": challenge } });
const moved = (location: string) => new Response(null, { status: 302, headers: { location } });
