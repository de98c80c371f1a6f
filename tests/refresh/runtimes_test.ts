/** The same on Node and Bun, whose promises, streams and timers are other ones. */

import { assert, assertEquals } from "@std/assert";
import { bunExecutable } from "../runtimes/bun.ts";
import { runScript } from "../runtimes/every_runtime.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { testsOn } from "../runtimes/tests_on.ts";

// `using` is the newer Node's.
const version = nodeVersions[1];
for (const [name, obtain] of [["Bun", bunExecutable], [`Node ${version}`, () => nodeExecutable(version)]] as const) {
  const testOn = await testsOn(name, obtain);
  testOn(`the refresh policy holds on ${name}`, async (executable) => {
    const { success, stdout, stderr } = await runScript(executable, new URL("program.ts", import.meta.url));
    assert(success, stdout + stderr);
    const { tests, failures } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
    assertEquals(failures, {});
    assert(tests > 40, `${tests} tests`);
  });
}
