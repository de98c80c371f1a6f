import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { bundle } from "../runtimes/bundle.ts";
import { testOnPrograms } from "../runtimes/every_runtime.ts";
import { oldDenoPackage, oldestDeno } from "../runtimes/old_deno.ts";
import { type RunResult, runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import { cases, type Expected, type RuntimeName, type Setup, type TransportCase } from "./cases.ts";
import type { CaseResult } from "./program.ts";
import { ownProject } from "./project.ts";
import { expectedShapes } from "./shapes.ts";
import { setStage, type Stage } from "./stage.ts";

/** Each way of sending that there is: all shapes of requests go by it. */
const shapesOn: readonly TransportCase[] = [
  ["plain", { proxy: "open" }],
  ["by TLS", { server: "good", verify: "our CA" }],
  ["by a tunnel", { server: "good", proxy: "open", verify: "our CA" }],
  ["unverified", { server: "good", verify: false }],
];

type Run = (input: string) => Promise<RunResult>;
type Report = { results: CaseResult[]; shaped: Record<string, Record<string, unknown>> };

/** Runs the program, which prints one line of JSON at the end. */
async function report(run: Run, { prepare, secrets }: Stage): Promise<Report> {
  await using folder = await temporaryFolder("cases_");
  const input = { cases: await Promise.all(cases.map(prepare)), shapesOn: await Promise.all(shapesOn.map(prepare)) };
  await Deno.writeTextFile(`${folder.path}/cases.json`, JSON.stringify(input));
  const { success, stdout, stderr } = await run(`${folder.path}/cases.json`);
  assert(success, stderr);
  assertFalse(secrets.some((secret) => (stdout + stderr).includes(secret)), "a secret was printed, or is in an error");
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

function findExpected([, { verify }, expected = "ok", on = {}]: TransportCase, name: RuntimeName): readonly Expected[] {
  if (name !== "old Deno") return [on[name] ?? expected].flat();
  // It has none of Node's modules that this needs.
  if (verify === false) return [{ code: "invalid_config", retryable: false, says: "on this old a Deno" }];
  return [on[name] ?? on.Deno ?? expected].flat();
}

function checkResult(setup: Setup, { call, others, attempts }: CaseResult, expected: readonly Expected[]): void {
  for (const outcome of [call, ...others]) {
    const code = "error" in outcome ? outcome.error.code : undefined;
    const wanted = expected.find((each) => each !== "ok" && each.code === code) ?? expected[0]!;
    assertEquals("error" in outcome, wanted !== "ok", JSON.stringify(outcome));
    if (wanted === "ok" || !("error" in outcome)) continue;
    const { name, retryable, message } = outcome.error;
    assertEquals([name, code, retryable], ["AuthenticationError", wanted.code, wanted.retryable], `${message}`);
    assertStringIncludes(`${message}`, wanted.says);
    // One of several may be transient, and end at a retry.
    if (expected.length === 1) assertEquals(attempts, wanted.retryable ? 3 : 1, "attempts");
  }
  assert(attempts <= 3);
  if ("error" in call) return;
  const client = setup.certificate?.startsWith("right") && setup.server === "mutual" ? { client: "my-client" } : {};
  const { type: _, ...seen } = call.seen;
  assertEquals(seen, { method: "POST", body: "hello", length: "5", authorization: "Bearer", ...client });
}

/** Checks that token request and call went through the case's proxy. */
function checkProxy([name, { server }]: TransportCase, { proxies, servers }: Stage): void {
  const requests = proxies.get(name)?.requests;
  if (!requests) return;
  const { origin } = servers[server ?? "plain"];
  const wanted = server ? [`CONNECT ${new URL(origin).host}`] : [`POST ${origin}/token`, `GET ${origin}/echo`];
  for (const request of wanted) assert(requests.includes(request), `${request} didn't go through the proxy`);
  assertEquals(requests.filter((request) => request.startsWith("CONNECT ") !== (server !== undefined)), []);
}

async function checkTransports(name: RuntimeName, run: Run): Promise<void> {
  await using stage = await setStage();
  const { results, shaped } = await report(run, stage);
  const faults: string[] = [];
  const check = (label: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      faults.push(`${label}: ${(error as Error).message}`);
    }
  };
  for (const each of cases) {
    const [label, setup] = each;
    const unverified = setup.verify === false;
    if (name !== "old Deno" || !unverified) check(`${label}, at the proxy`, () => checkProxy(each, stage));
    for (const way of ["constructor", "transport"]) {
      // Deno's core has no client for it.
      if (way === "constructor" && unverified && name.endsWith("Deno")) continue;
      check(`${label}, by the ${way}`, () => {
        const result = results.find((result) => result.name === label && result.way === way);
        assert(result, "it wasn't run");
        checkResult(setup, result, findExpected(each, name));
      });
    }
  }
  for (const [label, { verify }] of shapesOn) {
    if (name === "old Deno" && verify === false) continue;
    for (const [shape, expected] of expectedShapes) {
      check(`${shape}, ${label}`, () => assertEquals(shaped[label]?.[shape], expected));
    }
  }
  assertEquals(faults, []);
}

const title = "transports: all cases, by the constructor and by the export,";
const timeout = 120_000;
const permissions = ["--no-prompt", "--allow-net=127.0.0.1", "--allow-read"];
const onDeno = new URL("program_deno.ts", import.meta.url);

Deno.test(`${title} on Deno`, async () => {
  const source = await chooseSource();
  const args = ["run", ...flags(source, "run"), ...permissions, fileURLToPath(onDeno)];
  const options = { env: environment(source), timeout };
  await checkTransports("Deno", (input) => runToEnd(Deno.execPath(), { args: [...args, input], ...options }));
});

const testOnOldDeno = await testsOn(`Deno ${oldestDeno}`, oldDenoPackage);
testOnOldDeno(`${title} on Deno ${oldestDeno}`, async (unpack) => {
  await using folder = await temporaryFolder("old_deno_");
  const executable = await unpack(folder.path);
  // It knows neither today's lock files nor today's flags: it gets the program in one file.
  const program = `${folder.path}/program.mjs`;
  await Deno.writeTextFile(program, await bundle(onDeno));
  const args = ["run", "--no-config", ...permissions, "--allow-env", program];
  await checkTransports("old Deno", (input) => runToEnd(executable, { args: [...args, input], timeout }));
});

await testOnPrograms(title, async (executable, { name }) => {
  const [file, flag] = name === "Bun" ? ["program_bun.ts", "--no-install"] : ["program_node.ts", "--no-warnings"];
  await using project = await ownProject(["program.ts", "shapes.ts", file!]);
  const options = { cwd: project.path, timeout };
  const run = (input: string) => runToEnd(executable, { args: [flag!, file!, input], ...options });
  await checkTransports(name === "Bun" ? "Bun" : "Node", run);
});
