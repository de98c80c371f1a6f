import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { bunExecutable } from "../runtimes/bun.ts";
import { bundle } from "../runtimes/bundle.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { oldDenoPackage, oldestDeno } from "../runtimes/old_deno.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import { type CaseResult, cases, type Expected, type Outcome, type RuntimeName, type TransportCase } from "./cases.ts";
import { ownProject } from "./project.ts";
import { expectedShapes } from "./shapes.ts";
import { setStage, type Stage } from "./stage.ts";

/** Each way of sending that there is: all shapes of requests go by it. */
const shapesOn: readonly TransportCase[] = [
  { name: "plain", proxy: "open", expected: { ok: true } },
  { name: "by TLS", server: "good", verify: "our CA", expected: { ok: true } },
  { name: "by a tunnel", server: "good", proxy: "open", verify: "our CA", expected: { ok: true } },
  { name: "unverified", server: "good", verify: false, expected: { ok: true } },
];

const timeout = 120_000;
const permissions = ["--no-prompt", "--allow-net=127.0.0.1", "--allow-read"];

async function runOnDeno(input: string) {
  const source = await chooseSource();
  const program = fileURLToPath(new URL("program_deno.ts", import.meta.url));
  const args = ["run", ...flags(source, "run"), ...permissions, program, input];
  return await runToEnd(Deno.execPath(), { args, env: environment(source), timeout });
}

/** It knows neither today's lock files nor today's flags: it gets the program in one file. */
async function runOnOldDeno(unpack: (folder: string) => Promise<string>, input: string) {
  await using folder = await temporaryFolder("old_deno_");
  const program = `${folder.path}/program.mjs`;
  await Deno.writeTextFile(program, await bundle(new URL("program_deno.ts", import.meta.url)));
  const args = ["run", "--no-config", ...permissions, "--allow-env", program, input];
  return await runToEnd(await unpack(folder.path), { args, timeout });
}

async function runInProject(executable: string, file: string, flag: string, input: string) {
  await using project = await ownProject(["program.ts", "shapes.ts", file]);
  return await runToEnd(executable, { args: [flag, file, input], cwd: project.path, timeout });
}

/** Runs the program, which prints one line of JSON at the end. */
async function report(run: (input: string) => ReturnType<typeof runToEnd>, stage: Stage): Promise<{
  results: readonly CaseResult[];
  shaped: Readonly<Record<string, Record<string, unknown>>>;
}> {
  await using folder = await temporaryFolder("cases_");
  const prepare = (all: readonly TransportCase[]) => Promise.all(all.map((each) => stage.prepare(each)));
  const input = { cases: await prepare(cases), shapesOn: await prepare(shapesOn) };
  await Deno.writeTextFile(`${folder.path}/cases.json`, JSON.stringify(input));
  const { success, stdout, stderr } = await run(`${folder.path}/cases.json`);
  assert(success, stderr);
  for (const secret of stage.secrets) {
    assertFalse((stdout + stderr).includes(secret), "a secret was printed, or stands in an error");
  }
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

function findExpected({ verify, expected, expectedOn }: TransportCase, name: RuntimeName) {
  if (name !== "old Deno") return expectedOn?.[name] ?? expected;
  // It has none of Node's modules that this needs.
  if (verify === false) return { code: "invalid_config", retryable: false, says: "on this old a Deno" };
  return expectedOn?.[name] ?? expectedOn?.Deno ?? expected;
}

function checkOutcome(outcome: Outcome, wanted: Expected | readonly Expected[]): void {
  const all = [wanted].flat();
  const expected = all.find((each) => "ok" in each || "code" in outcome && each.code === outcome.code) ?? all[0]!;
  if ("ok" in expected) return assert(outcome.ok, JSON.stringify(outcome));
  assert(!outcome.ok, "it was to fail");
  const { name, code, retryable, message } = outcome;
  assertEquals([name, code, retryable], ["AuthenticationError", expected.code, expected.retryable], message);
  assertStringIncludes(message, expected.says);
}

function checkResult(each: TransportCase, result: CaseResult | undefined, expected: Expected | readonly Expected[]) {
  assert(result, "it wasn't run");
  const { token, call, bareCall, attempts } = result;
  for (const outcome of [token, call, bareCall]) checkOutcome(outcome, expected);
  // One of several may be transient, and end at a retry.
  if (!token.ok && !Array.isArray(expected)) assertEquals(attempts, token.retryable ? 3 : 1, "attempts");
  assert(attempts <= 3);
  if (!call.ok) return;
  const client = each.certificate?.startsWith("right") && each.server === "mutual" ? { client: "my-client" } : {};
  const { type: _, ...seen } = call.seen!;
  assertEquals(seen, { method: "POST", body: "hello", length: "5", authorization: "Bearer", ...client });
}

/** Checks that token request and call went through the case's proxy. */
function checkProxy(each: TransportCase, { proxies, servers }: Stage): void {
  const proxy = proxies.get(each.name);
  if (!proxy) return;
  const { origin } = servers[each.server ?? "plain"];
  const wanted = each.server ? [`CONNECT ${new URL(origin).host}`] : [`POST ${origin}/token`, `GET ${origin}/echo`];
  for (const request of wanted) assert(proxy.requests.includes(request), `${request} didn't go through the proxy`);
  const isTunnel = each.server !== undefined;
  assertEquals(proxy.requests.filter((request) => request.startsWith("CONNECT ") !== isTunnel), []);
}

async function testTransports<Runtime>(
  what: string,
  name: RuntimeName,
  obtain: () => Promise<Runtime>,
  run: (runtime: Runtime, input: string) => ReturnType<typeof runToEnd>,
): Promise<void> {
  const testOn = await testsOn(what, obtain);
  testOn(`transports on ${what}: all cases, by the constructor and by the export`, async (runtime) => {
    await using stage = await setStage();
    const { results, shaped } = await report((input) => run(runtime, input), stage);
    const faults: string[] = [];
    let count = 0;
    const check = (label: string, work: () => void) => {
      count++;
      try {
        work();
      } catch (error) {
        faults.push(`${label}: ${(error as Error).message}`);
      }
    };
    for (const each of cases) {
      if (name !== "old Deno" || each.verify !== false) {
        check(`${each.name}, at the proxy`, () => checkProxy(each, stage));
      }
      for (const way of ["constructor", "transport"]) {
        // Deno's core has no client for it.
        if (way === "constructor" && each.verify === false && what.startsWith("Deno")) continue;
        const result = results.find((result) => result.name === each.name && result.way === way);
        check(`${each.name}, by the ${way}`, () => checkResult(each, result, findExpected(each, name)));
      }
    }
    for (const each of shapesOn) {
      if (name === "old Deno" && each.verify === false) continue;
      for (const [shape, expected] of expectedShapes) {
        check(`${shape}, ${each.name}`, () => assertEquals(shaped[each.name]?.[shape], expected));
      }
    }
    assertEquals(faults, []);
    console.log(`transports on ${what}: ${count} passed`);
  });
}

await testTransports("Deno", "Deno", () => Promise.resolve(), (_, input) => runOnDeno(input));
await testTransports(`Deno ${oldestDeno}`, "old Deno", oldDenoPackage, runOnOldDeno);
await testTransports(
  "Bun",
  "Bun",
  bunExecutable,
  (bun, input) => runInProject(bun, "program_bun.ts", "--no-install", input),
);
for (const version of nodeVersions) {
  const run = (node: string, input: string) => runInProject(node, "program_node.ts", "--no-warnings", input);
  await testTransports(`Node ${version}`, "Node", () => nodeExecutable(version), run);
}
