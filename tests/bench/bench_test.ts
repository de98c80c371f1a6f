import { assertEquals, assertStringIncludes } from "@std/assert";
import { chooseSource, environment, flags, root } from "../std/source.ts";
import { libraries } from "./clients/all.ts";

async function runBench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const source = await chooseSource();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...flags(source, "run"),
      "--quiet",
      "--v8-flags=--expose-gc",
      "--allow-all",
      "tests/bench/main.ts",
      ...args,
    ],
    cwd: root,
    env: { ...environment(source), NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("bench: runs every measurement with every client", async () => {
  const { code, stdout, stderr } = await runBench("--smoke");

  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const titles = [
    "cached token",
    "bare fetch",
    "come first",
    "Steady load",
    "Bundle size",
    "Heap",
    "derived",
    "Budgets",
  ];
  for (const title of titles) assertStringIncludes(stdout, title);
  // In the list of versions and in all tables but the bundles', which take too long for a test.
  for (const { name } of libraries) assertEquals(stdout.split(name).length - 1 >= 6, true, name);
  assertEquals(/NaN|undefined/.exec(stdout), null, stdout);
});

Deno.test("bench: refuses an unknown measurement, and names its own", async () => {
  const { code, stderr } = await runBench("latency");

  assertEquals(code, 2);
  for (const name of ["latency", "cached, fetch, cold, load, bundle, memory, derived, budgets"]) {
    assertStringIncludes(stderr, name);
  }
});
