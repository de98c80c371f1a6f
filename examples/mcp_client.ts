/**
 * An MCP client that acts as itself, without a user: it lists the tools of an MCP server, and calls one. The server's
 * metadata names its authorization servers; the secret is sent to `M2M_ISSUER` alone.
 *
 *     deno add jsr:@m2m/authenticator npm:@modelcontextprotocol/sdk
 *     deno run --env-file --allow-env --allow-net=mcp.example.com,auth.example.com mcp_client.ts
 *
 * Environment: `M2M_ENDPOINT` (the MCP server, as in `https://mcp.example.com/mcp`), `M2M_ISSUER`, `M2M_CLIENT_ID`,
 * `M2M_CLIENT_SECRET`, and `MCP_TOOL`, the tool to call.
 */
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { Client } from "@modelcontextprotocol/sdk/client";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const endpoint = setting("M2M_ENDPOINT");
const authenticator = new ClientCredentialsAuthenticator({
  endpoint,
  clientId: setting("M2M_CLIENT_ID"),
  clientSecret: setting("M2M_CLIENT_SECRET"),
  configStore: new ProtectedResourceClientConfigStore(endpoint, { issuer: setting("M2M_ISSUER") }),
});

const client = new Client({ name: "mcp-client", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(endpoint), { fetch: authenticator.fetch }));
const { tools } = await client.listTools();
for (const { name, description } of tools) console.log(`${name}: ${description}`);
const { content } = await client.callTool({ name: setting("MCP_TOOL") });
console.log(JSON.stringify(content, null, 2));
await client.close();
