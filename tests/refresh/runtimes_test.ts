/** The same on Node and Bun, whose promises, streams and timers are other ones. */

import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { singleBundle } from "../structure/single_bundle.ts";

async function runOn(executable: string): Promise<void> {
  await using folder = await temporaryFolder("refresh_");
  const file = join(folder.path, "program.mjs");
  await Deno.writeTextFile(file, await singleBundle(new URL("program.ts", import.meta.url).pathname, "deno"));
  const { success, stdout, stderr } = await runToEnd(executable, { args: [file], timeout: 60_000 });
  assert(success, stdout + stderr);
  const { tests, failures } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  assertEquals(failures, {});
  assert(tests > 40, `${tests} tests`);
}

// `using` is the newer Node's.
const version = nodeVersions[1];
const testOnNode = await testsOn(`Node ${version}`, () => nodeExecutable(version));
testOnNode(`the refresh policy holds on Node ${version}`, runOn);

const testOnBun = await testsOn("Bun", bunExecutable);
testOnBun("the refresh policy holds on Bun", runOn);
