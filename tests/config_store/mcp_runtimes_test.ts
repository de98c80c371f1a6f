import { assertEquals } from "@std/assert";
import { runScript, testOnPrograms, testOnWorkerd } from "../runtimes/every_runtime.ts";
import { within } from "../runtimes/within.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startMcpServer } from "../servers/mcp_server.ts";

const clientSecret = "my-secret";
const said = '[{"type":"text","text":"my-client"}]';

async function arrange() {
  await using stack = new AsyncDisposableStack();
  const authorizationServer = stack.use(
    await startAuthorizationServer({
      clients: [{ client_id: "my-client", client_secret: clientSecret }],
      scopes: ["tools:call"],
    }),
  );
  const { issuer, jwksUri } = authorizationServer;
  const server = stack.use(startMcpServer({ issuer, jwksUri, scope: "tools:call" }));
  const moved = stack.move();
  return {
    settings: JSON.stringify({ url: server.url, issuer, clientSecret }),
    /** How often the API was asked without a token, and for its metadata, and the token endpoint for a token. */
    counts: () => [
      server.calls.filter(({ status }) => status === 401).length,
      server.calls.filter(({ path }) => path.startsWith("/.well-known/")).length,
      authorizationServer.tokenRequests.length,
    ],
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

await testOnPrograms(
  ({ name }) => `on ${name} the MCP SDK's client calls a tool, knowing the server's URL and its issuer`,
  async (executable) => {
    await using scene = await arrange();
    const script = new URL("mcp_script.ts", import.meta.url);

    const { stdout, stderr } = await runScript(executable, script, { args: [scene.settings] });

    assertEquals([stdout.trim(), stderr], [said, ""]);
    assertEquals(scene.counts(), [1, 1, 1]);
  },
);

await testOnWorkerd(
  ({ column }) => `on ${column} ten MCP clients at once find out together how to get a token`,
  new URL("mcp_worker.ts", import.meta.url),
  async (start) => {
    await using scene = await arrange();
    await using worker = await start({ bindings: { SETTINGS: scene.settings } });
    const get = async () => await (await fetch(worker.url, { signal: AbortSignal.timeout(10_000) })).text();

    assertEquals(await within(15_000, "answer", Promise.all(Array.from({ length: 10 }, get))), Array(10).fill(said));
    assertEquals(await get(), said);
    assertEquals(scene.counts(), [1, 1, 1]);
  },
);
