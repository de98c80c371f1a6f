import { assertEquals, assertNotEquals } from "@std/assert";
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { Client } from "@modelcontextprotocol/sdk/client";
// The package's own types have another name.
// @ts-types="@modelcontextprotocol/sdk/client/streamableHttp"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="@modelcontextprotocol/sdk/types"
import { LoggingMessageNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { until } from "../faults/until.ts";
import { clientSecret, startMcpServers } from "./mcp_servers.ts";

const lifetime = 600;

/** The servers, and the SDK's client that knows the server's URL and issuer. */
async function arrange() {
  let ahead = 0;
  await using stack = new AsyncDisposableStack();
  const { auth, api, issuer } = stack.use(await startMcpServers(lifetime));
  const configStore = new ProtectedResourceClientConfigStore(api.url, { issuer });
  const authenticator = stack.use(
    new ClientCredentialsAuthenticator({
      endpoint: api.url,
      clientId: "my-client",
      clientSecret,
      configStore,
      clock: { wall: () => Date.now() + ahead, monotonic: () => performance.now() + ahead },
    }),
  );
  const heard: unknown[] = [];
  const client = new Client({ name: "test", version: "1.0.0" });
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.push(params.data));
  const transport = new StreamableHTTPClientTransport(new URL(api.url), { fetch: authenticator.fetch });
  stack.defer(() => client.close());
  await client.connect(transport);
  // The client opens its stream in the background.
  await until(() => api.calls.some(({ method, status }) => method === "GET" && status === 200));
  const moved = stack.move();
  const expectCall = async (name: string, text: string) =>
    assertEquals((await client.callTool({ name })).content, [{ type: "text", text }]);
  return {
    ...{ auth, api, configStore, client, transport, heard },
    /** Moves the client's clock by milliseconds. */
    pass: (ms: number) => void (ahead += ms),
    whoami: () => expectCall("whoami", "my-client"),
    count: () => expectCall("count", "done"),
    rejected: () => api.calls.filter(({ status }) => status === 401).map(({ method }) => method),
    tokens: () => new Set(api.calls.flatMap(({ token }) => token ?? [])).size,
    /** Sends a message over the client's stream. */
    async announce(text: string) {
      await api.announce(text);
      await until(() => heard.at(-1) === text);
    },
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

Deno.test("MCP SDK: lists and calls tools, and reads a stream, given the server's URL and issuer", async () => {
  await using scene = await arrange();
  const { auth, api, client, heard, configStore } = scene;

  assertEquals((await client.listTools()).tools.map(({ name }) => name), ["whoami", "count"]);
  await scene.whoami();
  await scene.count();
  assertEquals(heard, ["one", "two", "three"]);
  await scene.announce("four");

  const [{ parameters, status }, ...others] = auth.tokenRequests as [typeof auth.tokenRequests[0]];
  assertEquals([status, parameters.resource, parameters.scope], [200, api.url, "tools:call"]);
  assertEquals([parameters.audience, others], [undefined, []]);
  assertEquals(api.calls.slice(0, 2).map(({ method, path, token }) => [method, path, token]), [
    ["GET", "/mcp", undefined],
    ["GET", "/.well-known/oauth-protected-resource/mcp", undefined],
  ]);
  assertEquals(scene.rejected(), ["GET"]);
  assertEquals((await configStore.getMetadata()).bearer_methods_supported, ["header"]);
});

Deno.test("MCP SDK: a session survives the rejection of its token, and the message is replayed", async () => {
  await using scene = await arrange();
  const { auth, api, heard, transport } = scene;
  const { sessionId } = transport;
  await scene.whoami();

  api.revokeAll();

  await scene.count();
  assertEquals(heard, ["one", "two", "three"]);
  assertEquals([auth.tokenRequests.length, scene.tokens(), api.sessionCount], [2, 2, 1]);
  assertEquals(transport.sessionId, sessionId);
  await scene.announce("four");
});

Deno.test("MCP SDK: a session outlives its tokens, which are refreshed before the server rejects one", async () => {
  await using scene = await arrange();
  const { auth, api, transport, pass, whoami } = scene;
  const { sessionId } = transport;

  for (let tokens = 1; tokens <= 3; tokens++) {
    await whoami();
    assertEquals(auth.tokenRequests.length, tokens);
    // Still live, it is refreshed in the background.
    pass(lifetime * 1_000 - 5_000);
    await whoami();
    await until(() => auth.tokenRequests.at(tokens)?.status === 200);
    // The server is done before the client has read the answer.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // It has expired: the caller waits for the next.
  pass(lifetime * 1_000);
  await whoami();

  assertEquals(auth.tokenRequests.map(({ status }) => status), [200, 200, 200, 200, 200]);
  // The fourth one expired unused.
  assertEquals(scene.tokens(), 4);
  assertNotEquals(sessionId, undefined);
  assertEquals([transport.sessionId, api.sessionCount, scene.rejected()], [sessionId, 1, ["GET"]]);
  // The stream was opened with the first token, and is still open.
  await scene.announce("still there");
});
