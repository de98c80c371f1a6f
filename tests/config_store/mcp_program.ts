/** The MCP SDK's client with tokens, for any runtime: tells what a tool of a protected MCP server says. @module */
import { Client } from "@modelcontextprotocol/sdk/client";
// @ts-types="@modelcontextprotocol/sdk/client/streamableHttp"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ClientCredentialsAuthenticator } from "../../mod.ts";
import { ProtectedResourceClientConfigStore } from "../../src/discovery/protected_resource.ts";

/** What it needs to know. */
export interface McpSettings {
  readonly url: string;
  readonly issuer: string;
  readonly clientSecret: string;
}

/** For a client called `my-client`. */
export function mcpAuthenticator({ url, issuer, clientSecret }: McpSettings): ClientCredentialsAuthenticator {
  return new ClientCredentialsAuthenticator({
    endpoint: url,
    clientId: "my-client",
    clientSecret,
    audience: url,
    configStore: new ProtectedResourceClientConfigStore(url, { issuer }),
  });
}

/** What the tool `whoami` says. */
export async function whoami(url: string, { fetch }: ClientCredentialsAuthenticator): Promise<string> {
  const client = new Client({ name: "program", version: "1.0.0" });
  try {
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }));
    return JSON.stringify((await client.callTool({ name: "whoami" })).content);
  } finally {
    await client.close();
  }
}
