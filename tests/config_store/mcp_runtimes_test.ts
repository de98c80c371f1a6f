import { assertEquals } from "@std/assert";
import { runScript, testOnPrograms, testOnWorkerd } from "../runtimes/every_runtime.ts";
import { within } from "../runtimes/within.ts";
import { startMcpServers } from "./mcp_servers.ts";

const said = '[{"type":"text","text":"my-client"}]';

await testOnPrograms(
  ({ name }) => `MCP SDK on ${name}: calls a tool, given the server's URL and issuer`,
  async (executable) => {
    await using servers = await startMcpServers();
    const script = new URL("mcp_script.ts", import.meta.url);

    const { stdout, stderr } = await runScript(executable, script, { args: [servers.settings] });

    assertEquals([stdout.trim(), stderr, servers.counts()], [said, "", [1, 1, 1]]);
  },
);

await testOnWorkerd(
  ({ column }) => `MCP SDK on ${column}: ten concurrent clients share one search and one token request`,
  new URL("mcp_worker.ts", import.meta.url),
  async (start) => {
    await using servers = await startMcpServers();
    await using worker = await start({ bindings: { SETTINGS: servers.settings } });
    const get = async () => await (await fetch(worker.url, { signal: AbortSignal.timeout(10_000) })).text();

    assertEquals(await within(15_000, "answer", Promise.all(Array.from({ length: 10 }, get))), Array(10).fill(said));
    assertEquals([await get(), servers.counts()], [said, [1, 1, 1]]);
  },
);
