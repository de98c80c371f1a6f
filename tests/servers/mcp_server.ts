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
import { preciseNow, serve } from "./loopback.ts";
import { readIssuedAt, verifyToken } from "./protected_api.ts";

const path = "/mcp";
const metadataPath = `/.well-known/oauth-protected-resource${path}`;

/** What tokens must be: of this issuer, whose keys are at `jwksUri`, and with the scope. */
interface McpServerOptions {
  readonly issuer: string;
  readonly jwksUri: string;
  readonly scope: string;
  /** By tool: a scope that it needs besides. Default: none. */
  readonly toolScopes?: Readonly<Record<string, string>>;
}

/** Starts the server. */
export function startMcpServer({ issuer, jwksUri, scope, toolScopes = {} }: McpServerOptions) {
  const keys = createRemoteJWKSet(new URL(jwksUri));
  const sessions = new Map<string, Session>();
  /** Every request answered, oldest first. For tests only: it has the token. */
  const calls: { method: string; path: string; status: number; token: string | undefined }[] = [];
  let revokedAt = -Infinity;

  const server = serve(async (request) => {
    const { pathname } = new URL(request.url);
    const token = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
    const response = await answer(request, pathname, token);
    calls.push({ method: request.method, path: pathname, status: response.status, token });
    return response;
  });
  const url = server.origin + path;

  async function answer(request: Request, pathname: string, token: string | undefined): Promise<Response> {
    if (pathname === metadataPath) {
      const supported = { scopes_supported: [scope, "admin"], bearer_methods_supported: ["header"] };
      return Response.json({ resource: url, authorization_servers: [issuer], ...supported });
    }
    if (pathname !== path) return new Response(null, { status: 404 });
    const { payload } = await verifyToken(token ?? "", keys, { issuer, audience: url });
    const granted = String(payload?.scope).split(" ");
    if (!payload || !granted.includes(scope) || readIssuedAt(payload) <= revokedAt) {
      await request.body?.cancel();
      return challenge(401, `scope="${scope}"`);
    }
    const message = request.method === "POST" ? await request.clone().json() : undefined;
    const needed = toolScopes[message?.params?.name];
    if (needed !== undefined && !granted.includes(needed)) {
      return challenge(403, `error="insufficient_scope", scope="${needed}"`);
    }
    const { transport } = sessions.get(request.headers.get("mcp-session-id") ?? "") ?? await beginSession(sessions);
    const authInfo = { token: "", clientId: String(payload.client_id), scopes: [] };
    return await transport.handleRequest(request, { authInfo });
  }

  function challenge(status: number, parameters: string): Response {
    const metadata = `resource_metadata="${server.origin}${metadataPath}"`;
    return new Response(null, { status, headers: { "www-authenticate": `Bearer ${metadata}, ${parameters}` } });
  }

  return {
    /** Its URL, which is also its resource identifier. */
    url,
    calls,
    /** How many sessions were ever begun. */
    get sessionCount(): number {
      return sessions.size;
    },
    /** Refuses from now on every token issued before this moment. */
    revokeAll: () => void (revokedAt = preciseNow()),
    /** Sends a message to every client, by the stream it keeps open for that. */
    async announce(data: string): Promise<void> {
      for (const { server } of sessions.values()) await server.sendLoggingMessage({ level: "info", data });
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const { server } of sessions.values()) await server.close();
      await server[Symbol.asyncDispose]();
    },
  };
}

type Session = { server: McpServer; transport: WebStandardStreamableHTTPServerTransport };

async function beginSession(sessions: Map<string, Session>): Promise<Session> {
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
    onsessioninitialized: (id) => void sessions.set(id, { server, transport }),
  });
  await server.connect(transport);
  return { server, transport };
}
