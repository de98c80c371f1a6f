/** An MCP server, and its authorization server with one client. @module */

import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startMcpServer } from "../servers/mcp_server.ts";

/** Starts both. */
export async function startMcpServers(toolScopes: Readonly<Record<string, string>> = {}) {
  const [clientId, clientSecret] = ["my-client", "my-secret"];
  const clients = [{ client_id: clientId, client_secret: clientSecret }];
  const auth = await startAuthorizationServer({ clients, scopes: ["tools:call", "admin"], lifetime: 600 });
  const { issuer, jwksUri } = auth;
  const api = startMcpServer({ issuer, jwksUri, scope: "tools:call", toolScopes });
  return {
    auth,
    api,
    env: { url: api.url, issuer, clientId, clientSecret },
    /** The number of calls without a token, of metadata requests to the API, and of token requests. */
    counts: () => [
      api.calls.filter(({ status }) => status === 401).length,
      api.calls.filter(({ path }) => path.startsWith("/.well-known/")).length,
      auth.tokenRequests.length,
    ],
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await auth[Symbol.asyncDispose]();
    },
  };
}
