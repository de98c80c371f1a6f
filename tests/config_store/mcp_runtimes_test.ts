import { assertEquals } from "@std/assert";
import { bunExecutable } from "../runtimes/bun.ts";
import { bundle } from "../runtimes/bundle.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { within } from "../runtimes/within.ts";
import { startWorker } from "../runtimes/workerd.ts";
import { compatibilityDate, workerdExecutable } from "../runtimes/workerd_executable.ts";
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

const executables: [string, () => Promise<string>][] = [
  ["Bun", bunExecutable],
  ...nodeVersions.map((version): [string, () => Promise<string>] => [`Node ${version}`, () => nodeExecutable(version)]),
];

for (const [name, obtain] of executables) {
  const testOn = await testsOn(name, obtain);

  testOn(`on ${name} the MCP SDK's client calls a tool, knowing the server's URL and its issuer`, async (path) => {
    await using folder = await temporaryFolder("mcp_");
    await using scene = await arrange();
    const program = `${folder.path}/program.mjs`;
    await Deno.writeTextFile(program, await bundle(new URL("mcp_script.ts", import.meta.url)));

    const { stdout, stderr } = await runToEnd(path, { args: [program, scene.settings] });

    assertEquals([stdout.trim(), stderr], [said, ""]);
    assertEquals(scene.counts(), [1, 1, 1]);
  });
}

const testOnWorkerd = await testsOn("workerd", workerdExecutable);

for (const date of ["2024-09-01", "2026-11-01"]) {
  testOnWorkerd(
    `on workerd of ${date} ten MCP clients at once find out together how to get a token`,
    async (workerd) => {
      await using scene = await arrange();
      await using worker = await startWorker(workerd.path, {
        script: await bundle(new URL("mcp_worker.ts", import.meta.url)),
        compatibilityDate: compatibilityDate(workerd, date),
        bindings: { SETTINGS: scene.settings },
      });
      const get = async () => await (await fetch(worker.url, { signal: AbortSignal.timeout(10_000) })).text();

      assertEquals(await within(15_000, "answer", Promise.all(Array.from({ length: 10 }, get))), Array(10).fill(said));
      assertEquals(await get(), said);
      assertEquals(scene.counts(), [1, 1, 1]);
    },
  );
}
