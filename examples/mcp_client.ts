/**
 * An MCP client that acts as itself, without a user and without a secret: it lists the tools of an MCP server, and calls
 * one. It authenticates by a token that its platform keeps in a file, such as Kubernetes' projected service account token,
 * whose issuer the authorization server must trust. The MCP server's metadata names its authorization servers; the token is
 * sent to `M2M_ISSUER` alone. When a tool needs further scopes, they are requested once.
 *
 *     deno add jsr:@m2m/authenticator npm:@modelcontextprotocol/sdk
 *     deno run --env-file --allow-env --allow-read --allow-net=mcp.example.com,auth.example.com mcp_client.ts
 *
 * Environment: `M2M_ENDPOINT` (the MCP server, as in `https://mcp.example.com/mcp`), `M2M_ISSUER`, `M2M_CLIENT_ID`,
 * `M2M_TOKEN_FILE`, and `MCP_TOOL`, the tool to call.
 */
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { secretFile } from "@m2m/authenticator/client-auth/secret-file";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { stepUp } from "@m2m/authenticator/scope-step-up";
import { Client } from "@modelcontextprotocol/sdk/client";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const endpoint = setting("M2M_ENDPOINT");
const clientId = setting("M2M_CLIENT_ID");
const clientAuth = clientAssertion(secretFile(setting("M2M_TOKEN_FILE")));
const configStore = new ProtectedResourceClientConfigStore(endpoint, { issuer: setting("M2M_ISSUER") });
const authenticator = new ClientCredentialsAuthenticator({ endpoint, clientId, clientAuth, configStore });

const client = new Client({ name: "mcp-client", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(endpoint), { fetch: stepUp(authenticator) }));
const { tools } = await client.listTools();
for (const { name, description } of tools) console.log(`${name}: ${description}`);
const { content } = await client.callTool({ name: setting("MCP_TOOL") });
console.log(JSON.stringify(content, null, 2));
await client.close();
