/** Calls a tool of a protected MCP server by the MCP SDK, on any runtime. @module */
import { Client } from "@modelcontextprotocol/sdk/client";
// @ts-types="@modelcontextprotocol/sdk/client/streamableHttp"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ClientCredentialsAuthenticator } from "../../mod.ts";
import { ProtectedResourceClientConfigStore } from "../../src/discovery/protected_resource.ts";

/** The settings of the program. */
export interface McpSettings {
  readonly url: string;
  readonly issuer: string;
  readonly clientSecret: string;
}

/** Creates an authenticator for the client `my-client`. */
export function mcpAuthenticator({ url, issuer, clientSecret }: McpSettings): ClientCredentialsAuthenticator {
  return new ClientCredentialsAuthenticator({
    endpoint: url,
    clientId: "my-client",
    clientSecret,
    audience: url,
    configStore: new ProtectedResourceClientConfigStore(url, { issuer }),
  });
}

/** Returns the result of the tool `whoami`. */
export async function whoami(url: string, { fetch }: ClientCredentialsAuthenticator): Promise<string> {
  const client = new Client({ name: "program", version: "1.0.0" });
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }));
    return JSON.stringify((await client.callTool({ name: "whoami" })).content);
  } finally {
    await client.close();
  }
}
