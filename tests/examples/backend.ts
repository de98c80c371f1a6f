/** An authorization server, an API, and a client, for the examples. @module */
import { assertEquals } from "@std/assert";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startProtectedApi } from "../servers/protected_api.ts";

/** Both servers on loopback. Disposing of it stops them. */
export type Backend = Awaited<ReturnType<typeof startBackend>>;

/** The API's answer to `/v1/projects`. */
export const projects = [{ id: "p1", name: "Apollo" }, { id: "p2", name: "Gemini" }];

/** Starts both servers. */
export async function startBackend() {
  const secret = `secret-of-${crypto.randomUUID()}`;
  const server = await startAuthorizationServer({
    clients: [{ client_id: "example", client_secret: secret }],
    scopes: ["api:read", "api:write"],
  });
  const api = startProtectedApi({ issuer: server.issuer, jwksUri: server.jwksUri, anyOrigin: true });
  const origins = [api.origin, server.issuer];
  const secrets = () => [secret, ...api.calls.flatMap((call) => call.token ?? [])];
  return {
    api,
    /** The environment that the examples read. */
    settings: {
      M2M_ENDPOINT: api.origin,
      M2M_TOKEN_ENDPOINT: server.tokenEndpoint,
      M2M_CLIENT_ID: "example",
      M2M_CLIENT_SECRET: secret,
      M2M_SCOPES: "api:read api:write",
      M2M_AUDIENCE: api.audience,
    },
    /** The origins of both servers. */
    origins,
    /** The two servers as `--allow-net` takes them. */
    hosts: origins.map((origin) => new URL(origin).host).join(","),
    /** The number of token requests. A browser's preflight (CORS) has no form. */
    countTokenRequests: () => server.tokenRequests.filter((request) => "grant_type" in request.parameters).length,
    /** The client's secret, and the tokens that the API got. */
    secrets,
    /** Fails if a text has one of them. */
    assertNoSecretIn: (text: string) => assertEquals(secrets().filter((secret) => text.includes(secret)).length, 0),
    async [Symbol.asyncDispose]() {
      await api.close();
      await server.close();
    },
  };
}

/** The API's calls, without the tokens. */
export function calls({ api }: Backend): string[] {
  return api.calls.map(({ method, path, status }) => `${method} ${path} ${status}`);
}
