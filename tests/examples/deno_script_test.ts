import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import { calls, projects, startBackend } from "./backend.ts";

const source = await chooseSource();
const script = fileURLToPath(new URL("../../examples/deno_script.ts", import.meta.url));

/** As a careful reader would run it: two hosts, six variables, and nothing else. */
function run(hosts: string, env: Record<string, string>) {
  const names = "M2M_ENDPOINT,M2M_TOKEN_ENDPOINT,M2M_CLIENT_ID,M2M_CLIENT_SECRET,M2M_SCOPES,M2M_AUDIENCE";
  return runToEnd(Deno.execPath(), {
    args: [
      "run",
      ...flags(source, "run"),
      "--quiet",
      "--no-prompt",
      `--allow-net=${hosts}`,
      `--allow-env=${names}`,
      script,
    ],
    env: { ...environment(source), ...env },
  });
}

Deno.test("the Deno script prints the projects, with two hosts and six variables allowed", async () => {
  await using backend = await startBackend();

  const { success, stdout, stderr } = await run(backend.hosts, backend.settings);

  assertEquals([success, stderr], [true, ""]);
  assertEquals(JSON.parse(stdout), projects);
  assertEquals(calls(backend), ["GET /v1/projects 200"]);
  assertEquals(backend.countTokenRequests(), 1);
  backend.assertNoSecretIn(stdout);
});

Deno.test("the Deno script names the variable that is missing, and asks nobody for anything", async () => {
  await using backend = await startBackend();

  const { success, stderr } = await run(backend.hosts, { ...backend.settings, M2M_CLIENT_SECRET: "" });

  assertFalse(success);
  assertStringIncludes(stderr, "Cannot start: the environment variable M2M_CLIENT_SECRET is not set");
  assertEquals([backend.countTokenRequests(), calls(backend)], [0, []]);
});

Deno.test("the Deno script that is refused a token fails, and shows neither secret nor token", async () => {
  await using backend = await startBackend();
  const settings = { ...backend.settings, M2M_CLIENT_SECRET: "wrong-secret-8f2c" };

  const { success, stdout, stderr } = await run(backend.hosts, settings);

  assertFalse(success);
  assertFalse((stdout + stderr).includes("wrong-secret-8f2c"));
  assertEquals([backend.countTokenRequests(), calls(backend)], [1, []]);
});
