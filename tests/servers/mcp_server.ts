/**
 * A real MCP server on loopback, made with the protocol's own SDK: it takes the tokens of one issuer, publishes its
 * protected resource metadata (RFC 9728), and names that in its 401.
 *
 * @module
 */

// The package's types are looked for under a name that isn't theirs.
// @ts-types="@modelcontextprotocol/sdk/server/mcp"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
// @ts-types="@modelcontextprotocol/sdk/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { createRemoteJWKSet } from "jose";
import { host } from "./loopback.ts";
import { readIssuedAt, verifyToken } from "./protected_api.ts";

const path = "/mcp";
const metadataPath = `/.well-known/oauth-protected-resource${path}`;

export interface ProtectedMcpServerOptions {
  /** The only issuer whose tokens count. */
  readonly issuer: string;
  /** Where that issuer publishes its keys. */
  readonly jwksUri: string;
  /** The scope a token must have, which the challenge names. */
  readonly scope: string;
}

/** One request the server answered. For tests only: it has the token. */
export interface McpCall {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly token: string | undefined;
}

/** Starts the server. */
export function startMcpServer({ issuer, jwksUri, scope }: ProtectedMcpServerOptions) {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const sessions = new Map<string, Session>();
  const calls: McpCall[] = [];
  const closing = new AbortController();
  let revokedAt = -Infinity;

  const server = Deno.serve({ hostname: host, port: 0, onListen() {}, signal: closing.signal }, async (request) => {
    const { pathname } = new URL(request.url);
    const token = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    const response = await answer(request, pathname, token);
    calls.push({ method: request.method, path: pathname, status: response.status, token });
    return response;
  });
  const origin = `http://${host}:${server.addr.port}`;
  const url = origin + path;

  async function answer(request: Request, pathname: string, token: string | undefined): Promise<Response> {
    if (pathname === metadataPath) {
      return Response.json({
        resource: url,
        authorization_servers: [issuer],
        scopes_supported: [scope, "admin"],
        bearer_methods_supported: ["header"],
      });
    }
    if (pathname !== path) return new Response(null, { status: 404 });
    const { payload } = await verifyToken(token ?? "", keys, { issuer, audience: url });
    if (!payload || payload.scope !== scope || readIssuedAt(payload) <= revokedAt) {
      await request.body?.cancel();
      const challenge = `Bearer resource_metadata="${origin}${metadataPath}", scope="${scope}"`;
      return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
    }
    const session = sessions.get(request.headers.get("mcp-session-id") ?? "") ??
      await beginSession((id, session) => void sessions.set(id, session));
    const authInfo = { token: "", clientId: String(payload.client_id), scopes: [] };
    return await session.transport.handleRequest(request, { authInfo });
  }

  return {
    /** Its URL, which is also its resource identifier. */
    url,
    /** Every request answered, oldest first. */
    calls: calls as readonly McpCall[],
    /** How many sessions were ever begun. */
    get sessionCount(): number {
      return sessions.size;
    },
    /** Refuses from now on every token issued before this moment. */
    revokeAll: () => void (revokedAt = performance.timeOrigin + performance.now()),
    /** Sends a message to every client, by the stream it keeps open for that. */
    async announce(data: string): Promise<void> {
      for (const { server } of sessions.values()) await server.sendLoggingMessage({ level: "info", data });
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const { server } of sessions.values()) await server.close();
      closing.abort();
      await server.finished;
    },
  };
}

interface Session {
  readonly server: McpServer;
  readonly transport: WebStandardStreamableHTTPServerTransport;
}

async function beginSession(keep: (id: string, session: Session) => void): Promise<Session> {
  const server = new McpServer({ name: "protected", version: "1.0.0" }, { capabilities: { logging: {} } });
  server.registerTool("whoami", { description: "Says which client asks." }, ({ authInfo }) => ({
    content: [{ type: "text", text: authInfo?.clientId ?? "unknown" }],
  }));
  server.registerTool("count", { description: "Counts to three, aloud." }, async ({ sendNotification }) => {
    for (const data of ["one", "two", "three"]) {
      await sendNotification({ method: "notifications/message", params: { level: "info", data } });
    }
    return { content: [{ type: "text", text: "done" }] };
  });
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: () => crypto.randomUUID(),
    onsessioninitialized: (id) => keep(id, session),
  });
  const session: Session = { server, transport };
  await server.connect(transport);
  return session;
}
