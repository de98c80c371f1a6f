import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { bunExecutable } from "../runtimes/bun.ts";
import { consumerProject } from "../runtimes/consumer_project.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { calls, projects, startBackend } from "./backend.ts";

const script = new URL("../../examples/bun_script.ts", import.meta.url);
const testOnBun = await testsOn("Bun", bunExecutable);

async function run(bun: string, env: Record<string, string>) {
  await using project = await consumerProject(script);
  // What isn't installed is to be missing, not fetched.
  return await runToEnd(bun, { args: ["--no-install", "bun_script.ts"], cwd: project.path, env });
}

testOnBun("the Bun script prints the projects", async (bun) => {
  await using backend = await startBackend();

  const { success, stdout, stderr } = await run(bun, backend.settings);

  assertEquals([success, stderr], [true, ""]);
  assertEquals(JSON.parse(stdout), projects);
  assertEquals(calls(backend), ["GET /v1/projects 200"]);
  assertEquals(backend.countTokenRequests(), 1);
  backend.assertNoSecretIn(stdout);
});

testOnBun("the Bun script names the variable that is missing, and asks nobody for anything", async (bun) => {
  await using backend = await startBackend();

  const { success, stderr } = await run(bun, { ...backend.settings, M2M_CLIENT_ID: "" });

  assertFalse(success);
  assertStringIncludes(stderr, "Cannot start: the environment variable M2M_CLIENT_ID is not set");
  assertEquals([backend.countTokenRequests(), calls(backend)], [0, []]);
});

testOnBun("the Bun script that is refused a token fails, and doesn't show its secret", async (bun) => {
  await using backend = await startBackend();
  const settings = { ...backend.settings, M2M_CLIENT_SECRET: "wrong-secret-8f2c" };

  const { success, stdout, stderr } = await run(bun, settings);

  assertFalse(success);
  assertFalse((stdout + stderr).includes("wrong-secret-8f2c"));
  assertEquals([backend.countTokenRequests(), calls(backend)], [1, []]);
});
