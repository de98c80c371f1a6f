import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startMcpServer } from "../servers/mcp_server.ts";
import { chooseSource, environment, flags } from "../std/source.ts";

const source = await chooseSource();
const script = fileURLToPath(new URL("../../examples/mcp_client.ts", import.meta.url));

async function arrange() {
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
  const settings = {
    M2M_ENDPOINT: server.url,
    M2M_ISSUER: issuer,
    M2M_CLIENT_ID: "example",
    M2M_CLIENT_SECRET: secret,
    MCP_TOOL: "whoami",
  };
  const hosts = [server.url, issuer].map((url) => new URL(url).host);
  const moved = stack.move();
  return {
    authorizationServer,
    server,
    secret,
    /** As a careful reader would run it: two hosts, five variables, and nothing else. */
    run: (over: Partial<typeof settings> = {}) =>
      runToEnd(Deno.execPath(), {
        args: [
          "run",
          ...flags(source, "run"),
          "--quiet",
          "--no-prompt",
          `--allow-net=${hosts}`,
          `--allow-env=${Object.keys(settings)}`,
          script,
        ],
        env: { ...environment(source), ...settings, ...over },
      }),
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

Deno.test("the MCP client lists the tools and calls one, with two hosts and five variables allowed", async () => {
  await using scene = await arrange();

  const { success, stdout, stderr } = await scene.run();

  assertEquals([success, stderr], [true, ""]);
  assertEquals(
    stdout,
    "whoami: Says which client asks.\n" +
      "count: Counts to three, aloud.\n" +
      `${JSON.stringify([{ type: "text", text: "example" }], null, 2)}\n`,
  );
  assertEquals(scene.authorizationServer.tokenRequests.length, 1);
  const secrets = [scene.secret, ...scene.server.calls.flatMap(({ token }) => token ?? [])];
  assertEquals(secrets.filter((secret) => stdout.includes(secret)), []);
});

Deno.test("the MCP client that expects another issuer sends its secret to nobody, and says what to do", async () => {
  await using scene = await arrange();

  const { success, stdout, stderr } = await scene.run({ M2M_ISSUER: "https://auth.example.com" });

  assertFalse(success);
  assertStringIncludes(stderr, "name none of the issuers that are expected (https://auth.example.com)");
  assertEquals(scene.authorizationServer.tokenRequests, []);
  assertFalse((stdout + stderr).includes(scene.secret));
});
