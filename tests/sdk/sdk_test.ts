import { assert, assertEquals } from "@std/assert";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { host, listen, serve } from "../servers/loopback.ts";
import { bunExecutable } from "../runtimes/bun.ts";
import { runScript } from "../runtimes/every_runtime.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { runDeno } from "../runtimes/run_to_end.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import { startApi } from "./api.ts";
import { columns, makeRow } from "./table.ts";
import type { Input, Result, Trial } from "./trials.ts";

const script = new URL("program.ts", import.meta.url);
const client = { client_id: "sdk", client_secret: "a-secret" };

async function setStage() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startAuthorizationServer({ clients: [client] }));
  const down = stack.use(serve(() => new Response(null, { status: 503 })));
  const silent = await listen(createServer(() => {}));
  stack.defer(silent.close);
  const api = stack.use(startApi(server));
  const tokenEndpoints = { up: server.tokenEndpoint, down: down.origin, silent: `http://${host}:${silent.port}` };
  const { client_id: clientId, client_secret: clientSecret } = client;
  const input: Input = { clientId, clientSecret, api: api.origin, tokenEndpoints };
  return Object.assign(stack.move(), { api, input });
}

async function runOnDeno(input: string): Promise<string> {
  const source = await chooseSource();
  const args = ["run", "--quiet", "--no-prompt", ...flags(source, "run"), "-A", fileURLToPath(script), input];
  return await runDeno({ args, env: environment(source), timeout: 60_000 });
}

const runOn = (executable: string) => async (input: string) => {
  const { success, stdout, stderr } = await runScript(executable, script, { args: [input], platform: "deno" });
  assert(success, stderr);
  return stdout;
};

const runtimes: Readonly<Record<string, () => Promise<(input: string) => Promise<string>>>> = {
  "Deno": () => Promise.resolve(runOnDeno),
  "Node 24": async () => runOn(await nodeExecutable("24.21.0")),
  "Bun": async () => runOn(await bunExecutable()),
};

const read = (path: string) => Deno.readTextFile(new URL(path, import.meta.url));

/** The packages that a client's file imports. */
async function readPackages(name: string): Promise<string> {
  const imported = (await read(`clients/${name}.ts`)).matchAll(/"npm:(@?[^@"]+)@([\d.]+)/g);
  return [...new Set(imported.map(([, name, version]) => `${name} ${version}`))].join(", ");
}

/** The table's rows by the client's packages. A mark that leads to a note counts for nothing. */
async function readTable(): Promise<Record<string, string[]>> {
  const [lines = ""] = (await read("../README.md")).match(/(?<=\n## SDKs\n[^]*?\n)(\|.*\n)+/) ?? [];
  const [heading, , ...rows] = lines.trim().split("\n").map((line) =>
    line.split("|").slice(1, -1).map((it) => it.replace(/ [¹²³⁴⁵⁶⁷⁸⁹]+ *$/, "").trim())
  );
  assertEquals(heading, ["client", ...columns]);
  return Object.fromEntries(rows.map(([packages = "", ...cells]) => [packages, cells]));
}

for (const [runtime, obtain] of Object.entries(runtimes)) {
  const testOn = await testsOn(runtime, obtain);
  testOn(`tests/README.md: its table of SDKs says what happens on ${runtime}`, async (run) => {
    await using stage = await setStage();
    const table = await readTable();

    const output: Record<string, Result> = JSON.parse(await run(JSON.stringify(stage.input)));

    const rows: Record<string, string[]> = {};
    for (const [name, result] of Object.entries(output)) {
      const listCalls = (trial: Trial) => stage.api.listCalls(`${result.api}/${name}/${trial}`);
      rows[await readPackages(name)] = makeRow(result, listCalls);
    }
    assertEquals(rows, table);
  });
}
