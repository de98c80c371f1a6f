import { assertEquals } from "@std/assert";
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { stepUp } from "@m2m/authenticator/scope-step-up";
import { Client } from "@modelcontextprotocol/sdk/client";
// The package's own types have another name.
// @ts-types="@modelcontextprotocol/sdk/client/streamableHttp"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { startMcpServers } from "../config_store/mcp_servers.ts";

Deno.test("MCP SDK by stepUp: a tool that needs a further scope is called, in the same session", async () => {
  await using servers = await startMcpServers({ count: "admin" });
  const { auth, api, env: { url, issuer, ...client } } = servers;
  const configStore = new ProtectedResourceClientConfigStore(url, { issuer });
  const fetch = stepUp(new ClientCredentialsAuthenticator({ endpoint: url, ...client, configStore }));
  await using stack = new AsyncDisposableStack();
  const sdk = new Client({ name: "test", version: "1.0.0" });
  stack.defer(() => sdk.close());
  await sdk.connect(new StreamableHTTPClientTransport(new URL(url), { fetch }));
  const call = async (name: string) => (await sdk.callTool({ name })).content;
  const texts = { whoami: [{ type: "text", text: "my-client" }], count: [{ type: "text", text: "done" }] };
  assertEquals(await call("whoami"), texts.whoami);
  assertEquals(await Promise.all([call("count"), call("count"), call("whoami")]), [
    texts.count,
    texts.count,
    texts.whoami,
  ]);
  assertEquals(auth.tokenRequests.map(({ parameters }) => parameters.scope), ["tools:call", "tools:call admin"]);
  assertEquals(api.sessionCount, 1);
});
