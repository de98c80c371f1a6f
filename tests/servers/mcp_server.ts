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
import { createRemoteJWKSet, type JWTVerifyGetKey } from "jose";
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

interface Session {
  readonly server: McpServer;
  readonly transport: WebStandardStreamableHTTPServerTransport;
}

export class ProtectedMcpServer implements AsyncDisposable {
  /** Its URL, which is also its resource identifier. */
  readonly url: string;
  /** Every request answered, oldest first. */
  readonly calls: McpCall[] = [];
  readonly #origin: string;
  readonly #options: ProtectedMcpServerOptions;
  readonly #keys: JWTVerifyGetKey;
  readonly #sessions = new Map<string, Session>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #closing = new AbortController();
  #revokedAt = -Infinity;

  /** @internal */
  constructor(options: ProtectedMcpServerOptions) {
    this.#options = options;
    this.#keys = createRemoteJWKSet(new URL(options.jwksUri));
    const { signal } = this.#closing;
    this.#server = Deno.serve({ hostname: host, port: 0, onListen() {}, signal }, async (request) => {
      const { pathname } = new URL(request.url);
      const token = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
      const response = await this.#answer(request, pathname, token);
      this.calls.push({ method: request.method, path: pathname, status: response.status, token });
      return response;
    });
    this.#origin = `http://${host}:${this.#server.addr.port}`;
    this.url = this.#origin + path;
  }

  /** How many sessions were ever begun. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Refuses from now on every token issued before this moment. */
  revokeAll(): void {
    this.#revokedAt = performance.timeOrigin + performance.now();
  }

  /** Sends a message to every client, by the stream it keeps open for that. */
  async announce(data: string): Promise<void> {
    for (const { server } of this.#sessions.values()) await server.sendLoggingMessage({ level: "info", data });
  }

  /** Ends all sessions, and stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { server } of this.#sessions.values()) await server.close();
    this.#closing.abort();
    await this.#server.finished;
  }

  async #answer(request: Request, pathname: string, token: string | undefined): Promise<Response> {
    const { issuer, scope } = this.#options;
    if (pathname === metadataPath) {
      return Response.json({
        resource: this.url,
        authorization_servers: [issuer],
        scopes_supported: [scope, "admin"],
        bearer_methods_supported: ["header"],
      });
    }
    if (pathname !== path) return new Response(null, { status: 404 });
    const clientId = await this.#verify(token);
    if (clientId === undefined) {
      await request.body?.cancel();
      const challenge = `Bearer resource_metadata="${this.#origin}${metadataPath}", scope="${scope}"`;
      return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
    }
    const session = this.#sessions.get(request.headers.get("mcp-session-id") ?? "") ?? await this.#begin();
    return await session.transport.handleRequest(request, { authInfo: { token: "", clientId, scopes: [] } });
  }

  /** Returns the client that the token was issued to, if the token is valid. */
  async #verify(token = ""): Promise<string | undefined> {
    const { issuer, scope } = this.#options;
    const { payload } = await verifyToken(token, this.#keys, { issuer, audience: this.url });
    if (!payload || payload.scope !== scope || readIssuedAt(payload) <= this.#revokedAt) return undefined;
    return String(payload.client_id);
  }

  async #begin(): Promise<Session> {
    const server = new McpServer({ name: "protected", version: "1.0.0" }, { capabilities: { logging: {} } });
    server.registerTool("whoami", { description: "Says which client asks." }, ({ authInfo }) => ({
      content: [{ type: "text", text: authInfo?.clientId ?? "unknown" }],
    }));
    server.registerTool(
      "count",
      { description: "Counts to three, aloud." },
      async ({ sendNotification }) => {
        for (const data of ["one", "two", "three"]) {
          await sendNotification({ method: "notifications/message", params: { level: "info", data } });
        }
        return { content: [{ type: "text", text: "done" }] };
      },
    );
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void this.#sessions.set(id, session),
    });
    const session = { server, transport };
    await server.connect(transport);
    return session;
  }
}

export function startMcpServer(options: ProtectedMcpServerOptions): ProtectedMcpServer {
  return new ProtectedMcpServer(options);
}
