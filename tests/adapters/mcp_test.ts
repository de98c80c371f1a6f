import { assertEquals, assertRejects } from "@std/assert";
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { mcpAuthProvider, mcpOAuthClientProvider } from "@m2m/authenticator/adapters/mcp";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { behaviours, testServers } from "@m2m/authenticator/testing";
import { dpop } from "@m2m/authenticator/dpop";
import { Client } from "@modelcontextprotocol/sdk/client";
// The package's own types have another name.
// @ts-types="@modelcontextprotocol/sdk/client/streamableHttp"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { startMcpServers } from "../config_store/mcp_servers.ts";

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
  const kit = testServers();
  const { token, onUnauthorized } = mcpAuthProvider(new ClientCredentialsAuthenticator(kit.options));
  assertEquals([await token(), await token()], ["test-token-1", "test-token-1"]);
  await Promise.all([onUnauthorized(), onUnauthorized()]);
  assertEquals(await token(), "test-token-2");
  await onUnauthorized();
  assertEquals(await token(), "test-token-2");
  kit.assertTokenRequests(2);
  const refused = testServers();
  const other = mcpAuthProvider(new ClientCredentialsAuthenticator(refused.options));
  await other.token();
  refused.authorizationServer.next(behaviours.error("invalid_client"));
  await assertRejects(other.onUnauthorized, Error, "invalid_client");
});

Deno.test("MCP SDK's providers: a sender-constrained token isn't given", async () => {
  const kit = testServers({ dpop: { required: true } });
  const authenticator = new ClientCredentialsAuthenticator({ ...kit.options, dpop: dpop() });
  const { token } = mcpAuthProvider(authenticator);
  const { tokens } = mcpOAuthClientProvider(authenticator);
  for (const give of [token, tokens]) {
    await assertRejects(give, TypeError, "Cannot give a sender-constrained token to the MCP SDK");
  }
});
