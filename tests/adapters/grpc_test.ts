import { assertEquals } from "@std/assert";
import { bunExecutable } from "../runtimes/bun.ts";
import { runScript } from "../runtimes/every_runtime.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { cases } from "./grpc_program.ts";

for (const [name, obtain] of [["Node 24", () => nodeExecutable("24.21.0")], ["Bun", bunExecutable]] as const) {
  const testOn = await testsOn(name, obtain);
  testOn(`gRPC: all cases on ${name}`, async (executable) => {
    const script = new URL("grpc_program.ts", import.meta.url);
    const { stdout, stderr } = await runScript(executable, script, { platform: "deno" });
    assertEquals([stdout.trim(), stderr], [`${Object.keys(cases).length} cases`, ""]);
  });
}
