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
import type { CaseResult, Expected, Outcome, RuntimeName, TransportCase } from "./case.ts";
import { cases } from "./cases.ts";
import { ownProject } from "./project.ts";
import { expectedShapes } from "./shapes.ts";
import { setStage, type Stage } from "./stage.ts";

/** The transports whose requests are looked at closely: each way of sending that there is. */
const shapesOn: readonly TransportCase[] = [
  { name: "plain", proxy: "open", expected: { ok: true } },
  { name: "by TLS", server: "good", verify: "our CA", expected: { ok: true } },
  { name: "by a tunnel", server: "good", proxy: "open", verify: "our CA", expected: { ok: true } },
  { name: "unverified", server: "good", verify: false, expected: { ok: true } },
];

interface Report {
  readonly results: readonly CaseResult[];
  readonly shaped: Readonly<Record<string, Record<string, unknown>>>;
}

/** Runs the program on a runtime, which prints one line of JSON at the end. */
type RunProgram = (input: string) => Promise<{ success: boolean; stdout: string; stderr: string }>;

const programFiles = ["case.ts", "program.ts", "shapes.ts"];
const timeout = 120_000;

async function onDeno(input: string) {
  const source = await chooseSource();
  const program = fileURLToPath(new URL("program_deno.ts", import.meta.url));
  return await runToEnd(Deno.execPath(), {
    args: ["run", ...flags(source, "run"), "--no-prompt", "--allow-net=127.0.0.1", "--allow-read", program, input],
    env: environment(source),
    timeout,
  });
}

/** It knows neither today's lock files nor the flags that today's needs: it gets the program in one file. */
async function onOldDeno(unpack: (folder: string) => Promise<string>, input: string) {
  await using folder = await temporaryFolder("old_deno_");
  const program = `${folder.path}/program.mjs`;
  await Deno.writeTextFile(program, await bundle(new URL("program_deno.ts", import.meta.url)));
  return await runToEnd(await unpack(folder.path), {
    args: ["run", "--no-config", "--no-prompt", "--allow-net=127.0.0.1", "--allow-read", "--allow-env", program, input],
    timeout,
  });
}

/** What is expected of a case on a runtime. Of Node's modules the oldest Deno has none that `verify: false` needs. */
function expectedOf(
  { verify, expected, expectedOn }: TransportCase,
  name: RuntimeName,
): Expected | readonly Expected[] {
  if (name !== "old Deno") return expectedOn?.[name] ?? expected;
  if (verify === false) return { code: "invalid_config", retryable: false, says: "on this old a Deno" };
  return expectedOn?.[name] ?? expectedOn?.Deno ?? expected;
}

async function inProject(executable: string, file: string, args: readonly string[], input: string) {
  await using project = await ownProject([...programFiles, file]);
  return await runToEnd(executable, { args: [...args, file, input], cwd: project.path, timeout });
}

async function report(run: RunProgram, stage: Stage): Promise<Report> {
  await using folder = await temporaryFolder("cases_");
  const input = `${folder.path}/cases.json`;
  const prepared = await Promise.all(cases.map((each) => stage.prepare(each)));
  const prepared2 = await Promise.all(shapesOn.map((each) => stage.prepare(each)));
  await Deno.writeTextFile(input, JSON.stringify({ cases: prepared, shapesOn: prepared2 }));
  const { success, stdout, stderr } = await run(input);
  assert(success, stderr);
  for (const secret of stage.secrets) {
    assertFalse((stdout + stderr).includes(secret), "a secret was printed, or stands in an error");
  }
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

function judge(outcome: Outcome, wanted: Expected | readonly Expected[]): void {
  const all = [wanted].flat();
  // Of several the one it is: which says what the others would.
  const expected = all.find((each) => "ok" in each || "code" in outcome && each.code === outcome.code) ?? all[0]!;
  if ("ok" in expected) return assert(outcome.ok, JSON.stringify(outcome));
  assertFalse(outcome.ok, "it was to fail");
  if (outcome.ok) return;
  const { name, code, retryable, message } = outcome;
  assertEquals([name, code, retryable], ["AuthenticationError", expected.code, expected.retryable], message);
  assertStringIncludes(message, expected.says);
}

/** What the proxy of a case saw of one way of going: the token request, calls, and attempts at them. */
function judgeProxy(each: TransportCase, stage: Stage): void {
  const proxy = stage.proxyOf(each.name);
  if (proxy === undefined) return;
  const { origin } = stage.servers[each.server ?? "plain"];
  const wanted = each.server ? [`CONNECT ${new URL(origin).host}`] : [`POST ${origin}/token`, `GET ${origin}/echo`];
  for (const request of wanted) assert(proxy.requests.includes(request), `${request} didn't go through the proxy`);
  if (each.server) assertEquals(proxy.requests.filter((request) => !request.startsWith("CONNECT ")), []);
  else assertEquals(proxy.requests.filter((request) => request.startsWith("CONNECT ")), []);
}

async function testTransports<Runtime>(
  what: string,
  name: RuntimeName,
  obtain: () => Promise<Runtime>,
  run: (runtime: Runtime, input: string) => ReturnType<RunProgram>,
): Promise<void> {
  const testOn = await testsOn(what, obtain);
  testOn(`on ${what} transports do what the cases say, by the constructor and by the export`, async (runtime) => {
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
      const expected = expectedOf(each, name);
      const isTried = name !== "old Deno" || each.verify !== false;
      if (isTried) check(`${each.name}, at the proxy`, () => judgeProxy(each, stage));
      for (const way of ["constructor", "transport"]) {
        // For this, Deno's core has no client.
        if (way === "constructor" && each.verify === false && what.startsWith("Deno")) continue;
        const result = results.find((result) => result.name === each.name && result.way === way);
        check(`${each.name}, by the ${way}`, () => {
          assert(result, "it wasn't run");
          for (const outcome of [result.token, result.call, result.bareCall]) judge(outcome, expected);
          // Where it is now this and now that, a retry may end it.
          if (!result.token.ok && !Array.isArray(expected)) {
            assertEquals(result.attempts, result.token.retryable ? 3 : 1, "attempts");
          }
          assert(result.attempts <= 3);
          if (result.call.ok) {
            const { method, body, length, authorization, client } = result.call.seen ?? {};
            assertEquals([method, body, length, authorization], ["POST", "hello", "5", "Bearer"]);
            assertEquals(
              client,
              each.certificate?.startsWith("right") && each.server === "mutual" ? "my-client" : undefined,
            );
          }
        });
      }
    }
    for (const each of shapesOn) {
      if (name === "old Deno" && each.verify === false) continue;
      for (const [shape, expected] of Object.entries(expectedShapes)) {
        check(`${shape}, ${each.name}`, () => assertEquals(shaped[each.name]?.[shape], expected));
      }
    }
    assertEquals(faults, []);
    console.log(`transports on ${what}: ${count} passed`);
  });
}

await testTransports("Deno", "Deno", () => Promise.resolve(), (_, input) => onDeno(input));
await testTransports(`Deno ${oldestDeno}`, "old Deno", oldDenoPackage, onOldDeno);
await testTransports(
  "Bun",
  "Bun",
  bunExecutable,
  (bun, input) => inProject(bun, "program_bun.ts", ["--no-install"], input),
);
for (const version of nodeVersions) {
  await testTransports(
    `Node ${version}`,
    "Node",
    () => nodeExecutable(version),
    (node, input) => inProject(node, "program_node.ts", ["--no-warnings"], input),
  );
}
