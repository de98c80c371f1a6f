/** HTTP clients that take no `fetch`, each with its adapter, against servers on loopback, on each runtime. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { runDeno, runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { bundle, denoCommand, path } from "../sdk/programs.ts";

const program = "../adapters/program.ts";

const runOn = (executable: string) => async () => {
  await using folder = await temporaryFolder("adapters_");
  const file = join(folder.path, "program.mjs");
  await Deno.writeTextFile(file, await bundle(program, "deno"));
  const { success, stdout, stderr } = await runToEnd(executable, { args: [file], timeout: 120_000 });
  assert(success, stderr);
  return stdout;
};

const runtimes: Readonly<Record<string, () => Promise<() => Promise<string>>>> = {
  "Deno": () => Promise.resolve(async () => await runDeno(await denoCommand("run", "--allow-all", path(program)))),
  "Node 24": async () => runOn(await nodeExecutable("24.21.0")),
  "Bun": async () => runOn(await bunExecutable()),
};

for (const [runtime, obtain] of Object.entries(runtimes)) {
  const testOn = await testsOn(runtime, obtain);
  testOn(`adapters: each client does what it has to on ${runtime}`, async (run) => {
    const { count, failures } = JSON.parse((await run()).trim().split("\n").at(-1)!);

    assertEquals(failures, []);
    console.log(`${count} cases`);
  });
}
