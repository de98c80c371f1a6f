import { assertEquals, assertRejects } from "@std/assert";
import { ClientCredentialsAuthenticator, Credentials } from "@m2m/authenticator";
import { mcpAuthProvider, mcpOAuthClientProvider } from "@m2m/authenticator/adapters/mcp";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { Client } from "@modelcontextprotocol/sdk/client";
// The package's own types have another name.
// @ts-types="@modelcontextprotocol/sdk/client/streamableHttp"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { startMcpServers } from "../config_store/mcp_servers.ts";
import { adapterScene } from "./adapter_scene.ts";

Deno.test("MCP SDK 1 by authProvider: the authenticator's token is sent, and replaced once when calls at the same time are rejected", async () => {
  await using servers = await startMcpServers();
  const { api, auth, env: { url, issuer, ...client } } = servers;
  const configStore = new ProtectedResourceClientConfigStore(url, { issuer });
  const authProvider = mcpOAuthClientProvider(
    new ClientCredentialsAuthenticator({ endpoint: url, ...client, configStore }),
  );
  await using stack = new AsyncDisposableStack();
  const sdk = new Client({ name: "test", version: "1.0.0" });
  stack.defer(() => sdk.close());
  await sdk.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider }));
  const call = async () => (await sdk.callTool({ name: "whoami" })).content;
  const answer = [{ type: "text", text: "my-client" }];
  assertEquals(await call(), answer);
  assertEquals(servers.counts(), [1, 1, 1]);
  api.revokeAll();
  assertEquals(await Promise.all([call(), call(), call()]), Array(3).fill(answer));
  // The SDK has looked for no server, and has asked none.
  assertEquals([servers.counts()[1], auth.tokenRequests.length], [1, 2]);
});

Deno.test("MCP SDK 2's AuthProvider: a token that is rejected is replaced once, however many say so; failures are told", async () => {
  let isRefused = false;
  const issue = () => isRefused && Response.json({ error: "invalid_client" }, { status: 401 });
  await using scene = adapterScene({ issue });
  const { token, onUnauthorized } = mcpAuthProvider(scene.authenticator);
  assertEquals([await token(), await token()], ["token-1", "token-1"]);
  await Promise.all([onUnauthorized(), onUnauthorized()]);
  assertEquals(await token(), "token-2");
  await onUnauthorized();
  assertEquals([await token(), scene.tokens.length], ["token-2", 2]);
  isRefused = true;
  const other = mcpAuthProvider(scene.authenticator);
  await other.token();
  await assertRejects(other.onUnauthorized, Error, "invalid_client");
});

Deno.test("MCP SDK's providers: a sender-constrained token isn't given", async () => {
  const getCredentials = () => Promise.resolve(new Credentials({ accessToken: "t", tokenType: "DPoP" }));
  const explain = () => ({ endpoint: "https://mcp.test/mcp" });
  const authenticator = { explain, getCredentials, refreshCredentials: getCredentials };
  const { token } = mcpAuthProvider(authenticator);
  const { tokens } = mcpOAuthClientProvider(authenticator);
  for (const give of [token, tokens]) {
    await assertRejects(give, TypeError, "Cannot give a sender-constrained token to the MCP SDK");
  }
});
