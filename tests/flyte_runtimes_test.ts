import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { bunExecutable } from "./runtimes/bun.ts";
import { bundle } from "./runtimes/bundle.ts";
import { nodeExecutable, nodeVersions } from "./runtimes/node.ts";
import { runToEnd } from "./runtimes/run_to_end.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { testsOn } from "./runtimes/tests_on.ts";
import { startWorker } from "./runtimes/workerd.ts";
import { compatibilityDate, workerdExecutable } from "./runtimes/workerd_executable.ts";
import { client, frontAudience, startFlyteBackend } from "./servers/flyte_backend.ts";
import { callPlatforms, type ProgramInput, type ProgramOutput } from "./flyte_program.ts";

/** Calls the platforms somewhere. The one behind a proxy refuses a token once, and so does its proxy. */
async function allAreCalled(run: (input: ProgramInput) => Promise<ProgramOutput>): Promise<void> {
  await using first = await startFlyteBackend();
  await using second = await startFlyteBackend({ version: 2 });
  await using fronted = await startFlyteBackend({ hasFront: true });
  fronted.flyte.revokeNext.add("front").add("api");

  const output = await run({
    ...client,
    first: first.flyte.origin,
    second: second.flyte.origin,
    fronted: fronted.flyte.origin,
    frontTokenEndpoint: fronted.frontTokenEndpoint,
    frontAudience,
  });

  const good = "200 flytesnacks";
  assertEquals(output, {
    flyteadmin: good,
    "Flyte 2": good,
    "an API key": good,
    "a config file": good,
    "a proxy in front": good,
  });
  assertEquals(fronted.asked().length, 2);
}

Deno.test("Flyte's platforms are called on Deno", () => allAreCalled(callPlatforms));

async function onProgram(executable: string, input: ProgramInput): Promise<ProgramOutput> {
  await using folder = await temporaryFolder("flyte_");
  const file = join(folder.path, "script.mjs");
  await Deno.writeTextFile(file, await bundle(new URL("flyte_script.ts", import.meta.url)));
  const { success, stdout, stderr } = await runToEnd(executable, { args: [file, JSON.stringify(input)] });
  assert(success, stderr);
  return JSON.parse(stdout);
}

const testOnBun = await testsOn("Bun", bunExecutable);
testOnBun("Flyte's platforms are called on Bun", (bun) => allAreCalled((input) => onProgram(bun, input)));

for (const version of nodeVersions) {
  const testOnNode = await testsOn(`Node ${version}`, () => nodeExecutable(version));
  testOnNode(
    `Flyte's platforms are called on Node ${version}`,
    (node) => allAreCalled((input) => onProgram(node, input)),
  );
}

const testOnWorkerd = await testsOn("workerd", workerdExecutable);
for (const date of ["2024-09-01", "2026-11-01"]) {
  testOnWorkerd(`Flyte's platforms are called on workerd, as of ${date}`, async (workerd) => {
    await allAreCalled(async (input) => {
      await using worker = await startWorker(workerd.path, {
        script: await bundle(new URL("flyte_worker.ts", import.meta.url)),
        compatibilityDate: compatibilityDate(workerd, date),
      });
      return await (await fetch(worker.url, { method: "POST", body: JSON.stringify(input) })).json();
    });
  });
}
