import { assertEquals } from "@std/assert";
import { createServer } from "node:http";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { host, listen, serve } from "../servers/loopback.ts";
import { obtainOrSkip } from "../runtimes/tests_on.ts";
import { programs, type Run, startApi } from "./programs.ts";
import { columns, makeRow } from "./table.ts";
import type { Input } from "./trials.ts";

const client = { client_id: "sdk", client_secret: "a-secret" };

async function setStage() {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(await startAuthorizationServer({ clients: [client] }));
  const down = stack.use(serve(() => new Response(null, { status: 503 })));
  const silent = await listen(createServer(() => {}));
  stack.defer(silent.close);
  const api = stack.use(await startApi(server));
  const up = server.tokenEndpoint;
  const tokenEndpoints = { up, down: down.origin, silent: `http://${host}:${silent.port}` };
  const { client_id: clientId, client_secret: clientSecret } = client;
  const input: Omit<Input, "runtime"> = { clientId, clientSecret, api: api.origin, tokenEndpoints };
  return Object.assign(stack.move(), { api, input });
}

const read = (path: string) => Deno.readTextFile(new URL(path, import.meta.url));

/** The packages that a client's file imports, or else its name; and our adapter, if it needs one. */
async function readPackages(name: string): Promise<string> {
  const text = await read(`clients/${name}.ts`);
  const imported = [...text.matchAll(/"npm:(@?[^@"]+)@([\d.]+)/g)].map(([, name, version]) => `${name} ${version}`);
  const [, adapter] = /"@m2m\/authenticator(\/adapters\/[^"]+)"/.exec(text) ?? [];
  return [...new Set(imported), ...adapter ? [`by \`.${adapter}\``] : []].join(", ") || name.replace("_", " ");
}

/** The table's rows by the client's packages. A mark that leads to a note counts for nothing. */
async function readTable(): Promise<Record<string, string[]>> {
  const [lines = ""] = (await read("../README.md")).match(/(?<=\n## SDKs\n[^]*?\n)(\|.*\n)+/) ?? [];
  const [heading, , ...rows] = lines.trim().split("\n").map((line) =>
    line.split("|").slice(1, -1).map((it) => it.replace(/ [¹²³⁴⁵⁶⁷⁸⁹⁰]+ *$/, "").trim())
  );
  assertEquals(heading, ["client", ...columns, "not tried on"]);
  return Object.fromEntries(rows.map(([packages = "", ...cells]) => [packages, cells]));
}

/** Makes the rows of a runtime. */
async function makeRows(run: Run, runtime: string): Promise<Record<string, string[]>> {
  await using stage = await setStage();
  const rows: Record<string, string[]> = {};
  for (const [name, result] of Object.entries(await run({ runtime, ...stage.input }))) {
    const calls = Object.keys(result.trials).map(async (trial) =>
      [trial, await stage.api.listCalls(`${result.api}/${name}/${trial}`)] as const
    );
    rows[await readPackages(name)] = makeRow(result, Object.fromEntries(await Promise.all(calls)));
  }
  return rows;
}

const runs: Record<string, Run | undefined> = {};
for (const [runtime, obtain] of Object.entries(programs)) runs[runtime] = await obtainOrSkip(runtime, obtain);

// At once, for clients wait between their calls most of the time.
const sanitizers = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
Deno.test("tests/README.md: its table of SDKs says what happens", async (context) => {
  const table = Object.entries(await readTable());
  await Promise.all(
    Object.entries(runs).map(([runtime, run]) => {
      const isTried = ([, { [columns.length]: others = "" }]: [string, string[]]) =>
        !others.split(", ").some((other) => other && runtime.startsWith(other));
      const expected = table.filter(isTried).map(([name, cells]) => [name, cells.slice(0, columns.length)]);
      const fn = async () => assertEquals(await makeRows(run!, runtime), Object.fromEntries(expected));
      return context.step({ name: `on ${runtime}`, ignore: run === undefined, fn, ...sanitizers });
    }),
  );
});
