import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { bunExecutable } from "../runtimes/bun.ts";
import { type RunResult, runToEnd } from "../runtimes/run_to_end.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { ownProject } from "../transport/project.ts";
import { type Backend, calls, projects, startBackend } from "./backend.ts";
import { runExample } from "./run_example.ts";

type Run = (env: Readonly<Record<string, string>>, backend: Backend) => Promise<RunResult>;

/** Two hosts and six variables are allowed. */
const runOnDeno = (file: string): Run => (env, { origins }) => runExample({ command: [file], net: origins, env });

const runOnBun = (bun: string): Run => async (env) => {
  await using project = await ownProject(["../../examples/bun_script.ts"]);
  // A package that isn't installed must be missing, not downloaded.
  return await runToEnd(bun, { args: ["--no-install", "bun_script.ts"], cwd: project.path, env });
};

/** It succeeds with one token request, and shows neither secret nor token. */
async function assertPrints(run: Run, expected: string): Promise<void> {
  await using backend = await startBackend();

  const { success, stdout, stderr } = await run(backend.settings, backend);

  assertEquals([success, stderr, stdout], [true, "", expected]);
  assertEquals(calls(backend), ["GET /v1/projects 200"]);
  assertEquals(backend.countTokenRequests(), 1);
  backend.assertNoSecretIn(stdout);
}

/** It fails, says this, and shows no secret. */
async function assertFails(run: Run, change: Record<string, string>, message: string, requests: number): Promise<void> {
  await using backend = await startBackend();

  const { success, stdout, stderr } = await run({ ...backend.settings, ...change }, backend);

  assertFalse(success);
  assertStringIncludes(stderr, message);
  assertFalse((stdout + stderr).includes("wrong-secret-8f2c"));
  assertEquals([backend.countTokenRequests(), calls(backend)], [requests, []]);
}

const tests: Readonly<Record<string, (run: Run) => Promise<void>>> = {
  "prints the projects": (run) => assertPrints(run, `${JSON.stringify(projects, null, 2)}\n`),
  "names the missing variable, and sends no request": (run) =>
    assertFails(run, { M2M_CLIENT_ID: "" }, "M2M_CLIENT_ID", 0),
  "fails with a wrong secret, and doesn't show it": (run) =>
    assertFails(run, { M2M_CLIENT_SECRET: "wrong-secret-8f2c" }, "invalid_client", 1),
};

const testOnBun = await testsOn("Bun", bunExecutable);
for (const [name, test] of Object.entries(tests)) {
  Deno.test(`deno_script.ts: ${name}`, () => test(runOnDeno("deno_script.ts")));
  testOnBun(`bun_script.ts: ${name}`, (bun) => test(runOnBun(bun)));
}

Deno.test("sdk.ts: prints the projects", async () => {
  await assertPrints(runOnDeno("sdk.ts"), "p1: Apollo\np2: Gemini\n");
});
