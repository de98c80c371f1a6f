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
import { startMcpServers } from "./mcp_servers.ts";

/** The servers, and the SDK's client that knows the server's URL and issuer. */
async function arrange() {
  let ahead = 0;
  await using stack = new AsyncDisposableStack();
  const { auth, api, env: { url, issuer, ...client } } = stack.use(await startMcpServers());
  const configStore = new ProtectedResourceClientConfigStore(url, { issuer });
  const clock = { wall: () => Date.now() + ahead, monotonic: () => performance.now() + ahead };
  const authenticator = stack.use(new ClientCredentialsAuthenticator({ endpoint: url, ...client, configStore, clock }));
  const heard: unknown[] = [];
  const sdk = new Client({ name: "test", version: "1.0.0" });
  sdk.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.push(params.data));
  const transport = new StreamableHTTPClientTransport(new URL(url), { fetch: authenticator.fetch });
  stack.defer(() => sdk.close());
  await sdk.connect(transport);
  // The client opens its stream in the background.
  await until(() => api.calls.some(({ method, status }) => method === "GET" && status === 200));
  const moved = stack.move();
  return {
    ...{ auth, api, configStore, sdk, transport, heard },
    /** Moves the client's clock by seconds. */
    pass: (seconds: number) => void (ahead += seconds * 1_000),
    call: async (name: string) => (await sdk.callTool({ name })).content,
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

const me = [{ type: "text", text: "my-client" }];
const done = [{ type: "text", text: "done" }];

Deno.test("MCP SDK: lists and calls tools, and reads a stream, given the server's URL and issuer", async () => {
  await using scene = await arrange();
  const { auth, api, sdk, heard, configStore, call } = scene;

  assertEquals((await sdk.listTools()).tools.map(({ name }) => name), ["whoami", "count"]);
  assertEquals([await call("whoami"), await call("count"), heard], [me, done, ["one", "two", "three"]]);
  await scene.announce("four");

  const requests = auth.tokenRequests.map((
    { status, parameters: { resource, scope, audience } },
  ) => [status, resource, scope, audience]);
  assertEquals(requests, [[200, api.url, "tools:call", undefined]]);
  assertEquals(api.calls.slice(0, 2).map(({ method, path, token }) => [method, path, token]), [
    ["GET", "/mcp", undefined],
    ["GET", "/.well-known/oauth-protected-resource/mcp", undefined],
  ]);
  assertEquals(scene.rejected(), ["GET"]);
  assertEquals((await configStore.getMetadata()).bearer_methods_supported, ["header"]);
});

Deno.test("MCP SDK: a session survives the rejection of its token, and the message is replayed", async () => {
  await using scene = await arrange();
  const { auth, api, heard, transport, call } = scene;
  const { sessionId } = transport;
  await call("whoami");

  api.revokeAll();

  assertEquals([await call("count"), heard], [done, ["one", "two", "three"]]);
  assertEquals([auth.tokenRequests.length, scene.tokens(), api.sessionCount], [2, 2, 1]);
  assertEquals(transport.sessionId, sessionId);
  await scene.announce("four");
});

Deno.test("MCP SDK: a session outlives its tokens, which are refreshed before the server rejects one", async () => {
  await using scene = await arrange();
  const { auth, api, transport, pass, call } = scene;
  const { sessionId } = transport;

  for (let tokens = 1; tokens <= 3; tokens++) {
    await call("whoami");
    assertEquals(auth.tokenRequests.length, tokens);
    // Still live, it is refreshed in the background.
    pass(595);
    await call("whoami");
    await until(() => auth.tokenRequests.at(tokens)?.status === 200);
    // The server is done before the client has read the answer.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // It has expired: the caller waits for the next.
  pass(600);
  assertEquals(await call("whoami"), me);

  assertEquals(auth.tokenRequests.map(({ status }) => status), [200, 200, 200, 200, 200]);
  // The fourth one expired unused.
  assertEquals(scene.tokens(), 4);
  assertNotEquals(sessionId, undefined);
  assertEquals([transport.sessionId, api.sessionCount, scene.rejected()], [sessionId, 1, ["GET"]]);
  // The stream was opened with the first token, and is still open.
  await scene.announce("still there");
});
