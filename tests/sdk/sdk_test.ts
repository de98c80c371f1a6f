import { assertEquals } from "@std/assert";
import { createServer } from "node:http";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { host, listen, serve } from "../servers/loopback.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { programs, startApi } from "./programs.ts";
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

/** The packages that a client's file imports, and our adapter, if it needs one. */
async function readPackages(name: string): Promise<string> {
  const text = await read(`clients/${name}.ts`);
  const imported = text.matchAll(/"npm:(@?[^@"]+)@([\d.]+)/g).map(([, name, version]) => `${name} ${version}`);
  const [, adapter] = /"@m2m\/authenticator(\/adapters\/[^"]+)"/.exec(text) ?? [];
  return [...new Set(imported), ...adapter ? [`by \`.${adapter}\``] : []].join(", ");
}

/** The table's rows by the client's packages. A mark that leads to a note counts for nothing. */
async function readTable(): Promise<Record<string, string[]>> {
  const [lines = ""] = (await read("../README.md")).match(/(?<=\n## SDKs\n[^]*?\n)(\|.*\n)+/) ?? [];
  const [heading, , ...rows] = lines.trim().split("\n").map((line) =>
    line.split("|").slice(1, -1).map((it) => it.replace(/ [¹²³⁴⁵⁶⁷⁸⁹]+ *$/, "").trim())
  );
  assertEquals(heading, ["client", ...columns, "not tried on"]);
  return Object.fromEntries(rows.map(([packages = "", ...cells]) => [packages, cells]));
}

for (const [runtime, obtain] of Object.entries(programs)) {
  const testOn = await testsOn(runtime, obtain);
  testOn(`tests/README.md: its table of SDKs says what happens on ${runtime}`, async (run) => {
    await using stage = await setStage();
    const table = await readTable();

    const results = await run({ runtime, ...stage.input });

    const rows: Record<string, string[]> = {};
    for (const [name, result] of Object.entries(results)) {
      const calls = Object.keys(result.trials).map(async (trial) =>
        [trial, await stage.api.listCalls(`${result.api}/${name}/${trial}`)] as const
      );
      rows[await readPackages(name)] = makeRow(result, Object.fromEntries(await Promise.all(calls)));
    }
    const isTried = ([, { [columns.length]: others = "" }]: [string, string[]]) =>
      !others.split(", ").some((other) => other && runtime.startsWith(other));
    const expected = Object.entries(table).filter(isTried).map((
      [name, cells],
    ) => [name, cells.slice(0, columns.length)]);
    assertEquals(rows, Object.fromEntries(expected));
  });
}
