import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startMcpServer } from "../servers/mcp_server.ts";
import { runExample } from "./run_example.ts";

async function startScene() {
  await using stack = new AsyncDisposableStack();
  const secret = `secret-of-${crypto.randomUUID()}`;
  const authorizationServer = stack.use(
    await startAuthorizationServer({
      clients: [{ client_id: "example", client_secret: secret }],
      scopes: ["tools:call"],
    }),
  );
  const { issuer, jwksUri } = authorizationServer;
  const server = stack.use(startMcpServer({ issuer, jwksUri, scope: "tools:call" }));
  const client = { M2M_CLIENT_ID: "example", M2M_CLIENT_SECRET: secret };
  const moved = stack.move();
  return {
    authorizationServer,
    server,
    secret,
    run: (expected = issuer) =>
      runExample({
        command: ["mcp_client.ts"],
        net: [server.url, issuer],
        env: { ...client, M2M_ENDPOINT: server.url, M2M_ISSUER: expected, MCP_TOOL: "whoami" },
      }),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

Deno.test("mcp_client.ts: lists the tools and calls one, with two hosts and five variables allowed", async () => {
  await using scene = await startScene();

  const { success, stdout, stderr } = await scene.run();

  assertEquals([success, stderr], [true, ""]);
  for (const text of ["whoami: ", "count: ", '"text": "example"']) assertStringIncludes(stdout, text);
  assertEquals(scene.authorizationServer.tokenRequests.length, 1);
  const secrets = [scene.secret, ...scene.server.calls.flatMap(({ token }) => token ?? [])];
  assertEquals(secrets.filter((secret) => stdout.includes(secret)), []);
});

Deno.test("mcp_client.ts: sends no secret to another issuer than the expected one", async () => {
  await using scene = await startScene();

  const { success, stdout, stderr } = await scene.run("https://auth.example.com");

  assertFalse(success);
  assertStringIncludes(stderr, "https://auth.example.com");
  assertEquals(scene.authorizationServer.tokenRequests, []);
  assertFalse((stdout + stderr).includes(scene.secret));
});
