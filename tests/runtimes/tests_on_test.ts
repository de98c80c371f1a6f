import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { runToEnd } from "./run_to_end.ts";
import { temporaryFolder } from "./temporary_folder.ts";

/** Runs a test file with one test on a runtime that the expression `obtain` evaluates to. */
async function runTests(obtain: string, env: Record<string, string>) {
  await using folder = await temporaryFolder("tests_on_");
  const file = join(folder.path, "some_test.ts");
  await Deno.writeTextFile(
    file,
    `import { testsOn } from ${JSON.stringify(import.meta.resolve("./tests_on.ts"))};
const testOnMoon = await testsOn("the Moon", ${obtain});
testOnMoon("the Moon answers", (moon) => Promise.resolve(console.log(moon)));
`,
  );
  return await runToEnd(Deno.execPath(), {
    args: ["test", "--no-config", "--no-check", "--allow-env=CI", file],
    env,
  });
}

const outOfReach = `() => Promise.reject(new Error("it is far\\naway"))`;

Deno.test("testsOn: gives a test the runtime", async () => {
  const { success, stdout } = await runTests(`() => Promise.resolve("hello from up here")`, { CI: "true" });

  assert(success);
  assertStringIncludes(stdout, "hello from up here");
});

Deno.test("testsOn: ignores tests on an unavailable runtime, and prints why", async () => {
  const { success, stdout } = await runTests(outOfReach, { CI: "" });

  assertEquals(success, true);
  assertMatch(stdout, /^skipped: the Moon — it is far$/m);
  assertStringIncludes(stdout, "0 passed | 0 failed | 1 ignored");
});

Deno.test("testsOn: fails with CI=true where the runtime is unavailable", async () => {
  const { success, stdout, stderr } = await runTests(outOfReach, { CI: "true" });

  assertFalse(success);
  assertStringIncludes(stdout + stderr, "Cannot test on the Moon");
});
