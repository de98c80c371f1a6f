import { assertEquals, assertNotEquals } from "@std/assert";
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { Client } from "@modelcontextprotocol/sdk/client";
// The package's own types are looked for under a name that isn't theirs.
// @ts-types="@modelcontextprotocol/sdk/client/streamableHttp"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
// @ts-types="@modelcontextprotocol/sdk/types"
import { LoggingMessageNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import { until } from "../faults/until.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startMcpServer } from "../servers/mcp_server.ts";

/** An MCP server, its authorization server, and the SDK's client that knows the server's URL and the issuer. */
async function arrange() {
  const lifetime = 600;
  const ahead = { ms: 0 };
  await using stack = new AsyncDisposableStack();
  const authorizationServer = stack.use(
    await startAuthorizationServer({
      clients: [{ client_id: "my-client", client_secret: "my-secret" }],
      scopes: ["tools:call", "admin"],
      lifetime,
    }),
  );
  const { issuer, jwksUri } = authorizationServer;
  const server = stack.use(startMcpServer({ issuer, jwksUri, scope: "tools:call" }));
  const configStore = new ProtectedResourceClientConfigStore(server.url, { issuer });
  const authenticator = stack.use(
    new ClientCredentialsAuthenticator({
      endpoint: server.url,
      clientId: "my-client",
      clientSecret: "my-secret",
      configStore,
      clock: { wall: () => Date.now() + ahead.ms, monotonic: () => performance.now() + ahead.ms },
    }),
  );
  const heard: unknown[] = [];
  const client = new Client({ name: "test", version: "1.0.0" });
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void heard.push(params.data));
  const transport = new StreamableHTTPClientTransport(new URL(server.url), { fetch: authenticator.fetch });
  stack.defer(() => client.close());
  await client.connect(transport);
  // The client opens its stream behind its own back.
  await until(() => server.calls.some(({ method, status }) => method === "GET" && status === 200));
  const moved = stack.move();
  return {
    authorizationServer,
    server,
    configStore,
    client,
    transport,
    heard,
    /** Has the client believe that so much time has passed, in milliseconds. */
    pass: (ms: number) => void (ahead.ms += ms),
    lifetime: lifetime * 1_000,
    call: async (name: string) => (await client.callTool({ name })).content,
    statuses: () => server.calls.map(({ method, status }) => `${method} ${status}`),
    tokens: () => new Set(server.calls.flatMap(({ token }) => token ?? [])).size,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

Deno.test("the MCP SDK's client lists tools, calls them, and hears a stream, knowing the server's URL and its issuer", async () => {
  await using scene = await arrange();
  const { authorizationServer, server, client, heard, call, configStore } = scene;

  assertEquals((await client.listTools()).tools.map(({ name }) => name), ["whoami", "count"]);
  assertEquals(await call("whoami"), [{ type: "text", text: "my-client" }]);
  assertEquals(await call("count"), [{ type: "text", text: "done" }]);
  assertEquals(heard, ["one", "two", "three"]);
  await server.announce("four");
  await until(() => heard.length === 4);

  const requests = authorizationServer.tokenRequests.map(({ parameters, status }) => [
    status,
    parameters.resource,
    parameters.scope,
    parameters.audience,
  ]);
  assertEquals(requests, [[200, server.url, "tools:call", undefined]]);
  assertEquals(server.calls.slice(0, 2).map(({ method, path, token }) => [method, path, token]), [
    ["GET", "/mcp", undefined],
    ["GET", "/.well-known/oauth-protected-resource/mcp", undefined],
  ]);
  assertEquals(scene.statuses().filter((status) => status.endsWith("401")), ["GET 401"]);
  assertEquals((await configStore.getMetadata()).bearer_methods_supported, ["header"]);
});

Deno.test("an MCP session goes on when its token is refused: it is renewed, and the message sent again", async () => {
  await using scene = await arrange();
  const { authorizationServer, server, heard, call, transport } = scene;
  const { sessionId } = transport;
  assertEquals(await call("whoami"), [{ type: "text", text: "my-client" }]);

  server.revokeAll();

  assertEquals(await call("count"), [{ type: "text", text: "done" }]);
  assertEquals(heard, ["one", "two", "three"]);
  assertEquals([authorizationServer.tokenRequests.length, scene.tokens(), server.sessionCount], [2, 2, 1]);
  assertEquals(transport.sessionId, sessionId);
  await server.announce("four");
  await until(() => heard.length === 4);
});

Deno.test("an MCP session outlives its tokens: each is replaced before it expires, and no message is refused", async () => {
  await using scene = await arrange();
  const { authorizationServer, server, heard, call, transport, pass, lifetime } = scene;
  const { sessionId } = transport;
  const whoami = async () => assertEquals(await call("whoami"), [{ type: "text", text: "my-client" }]);

  for (let tokens = 1; tokens <= 3; tokens++) {
    await whoami();
    assertEquals(authorizationServer.tokenRequests.length, tokens);
    // It still lives, and is renewed behind whoever calls.
    pass(lifetime - 5_000);
    await whoami();
    await until(() => authorizationServer.tokenRequests.at(tokens)?.status === 200);
    // The server is done before the client has read the answer.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  // It has expired: the caller waits for the next.
  pass(lifetime);
  await whoami();

  assertEquals(authorizationServer.tokenRequests.map(({ status }) => status), [200, 200, 200, 200, 200]);
  // The fourth one expired unused.
  assertEquals(scene.tokens(), 4);
  assertNotEquals(sessionId, undefined);
  assertEquals([transport.sessionId, server.sessionCount], [sessionId, 1]);
  assertEquals(scene.statuses().filter((status) => status.endsWith("401")), ["GET 401"]);
  // The stream was opened with the first token, and is still heard.
  await server.announce("still there");
  await until(() => heard.length === 1);
});
