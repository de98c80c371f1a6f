/** An authorization server, an API, and a client, for the examples. @module */
import { assertEquals } from "@std/assert";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { type ProtectedApi, startProtectedApi } from "../servers/protected_api.ts";

/** Both servers on loopback. Disposing of it stops them. */
export interface Backend extends AsyncDisposable {
  readonly api: ProtectedApi;
  /** The environment that the examples read. */
  readonly settings: Readonly<Record<string, string>>;
  /** The origins of both servers. */
  readonly origins: readonly string[];
  /** The two servers as `--allow-net` takes them. */
  readonly hosts: string;
  /** The number of token requests. */
  countTokenRequests(): number;
  /** The client's secret, and the tokens that the API got. */
  secrets(): readonly string[];
  /** Fails if `text` has one of them. */
  assertNoSecretIn(text: string): void;
}

/** The API's answer to `/v1/projects`. */
export const projects = [{ id: "p1", name: "Apollo" }, { id: "p2", name: "Gemini" }];

/** Starts both servers. */
export async function startBackend(): Promise<Backend> {
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
    settings: {
      M2M_ENDPOINT: api.origin,
      M2M_TOKEN_ENDPOINT: server.tokenEndpoint,
      M2M_CLIENT_ID: "example",
      M2M_CLIENT_SECRET: secret,
      M2M_SCOPES: "api:read api:write",
      M2M_AUDIENCE: api.audience,
    },
    origins,
    hosts: origins.map((origin) => new URL(origin).host).join(","),
    // A browser's preflight (CORS) has no form.
    countTokenRequests: () => server.tokenRequests.filter((request) => "grant_type" in request.parameters).length,
    secrets,
    assertNoSecretIn: (text) => assertEquals(secrets().filter((secret) => text.includes(secret)).length, 0),
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
