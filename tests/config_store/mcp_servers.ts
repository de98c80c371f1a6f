/** An MCP server, and its authorization server with the client `my-client`. @module */

import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startMcpServer } from "../servers/mcp_server.ts";

export const clientSecret = "my-secret";

/** Starts both; tokens live for `lifetime` seconds. */
export async function startMcpServers(lifetime = 600) {
  const clients = [{ client_id: "my-client", client_secret: clientSecret }];
  const auth = await startAuthorizationServer({ clients, scopes: ["tools:call", "admin"], lifetime });
  const { issuer, jwksUri } = auth;
  const api = startMcpServer({ issuer, jwksUri, scope: "tools:call" });
  return {
    auth,
    api,
    issuer,
    settings: JSON.stringify({ url: api.url, issuer, clientSecret }),
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
