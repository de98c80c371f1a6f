import { assertEquals } from "@std/assert";
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { Client } from "@modelcontextprotocol/sdk/client";
// The package's own types have another name.
// @ts-types="@modelcontextprotocol/sdk/client/streamableHttp"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="@modelcontextprotocol/sdk/types"
import { LoggingMessageNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { until } from "../servers/loopback.ts";
import { startMcpServers } from "./mcp_servers.ts";

Deno.test("MCP SDK: calls tools and reads a stream, given the server's URL and issuer; a rejected token is replaced", async () => {
  await using servers = await startMcpServers();
  const { auth, api, env: { url, issuer, ...client } } = servers;
  const configStore = new ProtectedResourceClientConfigStore(url, { issuer });
  const { fetch } = new ClientCredentialsAuthenticator({ endpoint: url, ...client, configStore });
  const heard: unknown[] = [];
  await using stack = new AsyncDisposableStack();
  const sdk = new Client({ name: "test", version: "1.0.0" });
  stack.defer(() => sdk.close());
  sdk.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.push(params.data));
  const transport = new StreamableHTTPClientTransport(new URL(url), { fetch });
  await sdk.connect(transport);
  // The client opens its stream in the background.
  await until(() => api.calls.some(({ method, status }) => method === "GET" && status === 200));
  const call = async (name: string) => (await sdk.callTool({ name })).content;
  const announce = async (text: string) => {
    await api.announce(text);
    await until(() => heard.at(-1) === text);
  };
  const { sessionId } = transport;
  const texts = { whoami: [{ type: "text", text: "my-client" }], count: [{ type: "text", text: "done" }] };

  assertEquals((await sdk.listTools()).tools.map(({ name }) => name), ["whoami", "count"]);
  assertEquals([await call("whoami"), await call("count")], [texts.whoami, texts.count]);
  assertEquals(heard, ["one", "two", "three"]);
  await announce("four");

  assertEquals(api.calls.slice(0, 2).map(({ method, path, token }) => [method, path, token]), [
    ["GET", "/mcp", undefined],
    ["GET", "/.well-known/oauth-protected-resource/mcp", undefined],
  ]);
  assertEquals(servers.counts(), [1, 1, 1]);
  assertEquals((await configStore.getMetadata()).bearer_methods_supported, ["header"]);
  api.revokeAll();
  assertEquals([await call("count"), heard.slice(4)], [texts.count, ["one", "two", "three"]]);
  await announce("five");

  const forms = auth.tokenRequests.map(({ parameters: { resource, scope, audience } }) => [resource, scope, audience]);
  assertEquals(forms, Array(2).fill([api.url, "tools:call", undefined]));
  assertEquals(new Set(api.calls.flatMap(({ token }) => token ?? [])).size, 2);
  assertEquals([transport.sessionId, api.sessionCount, typeof sessionId], [sessionId, 1, "string"]);
});
