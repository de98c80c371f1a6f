import { assertEquals, assertMatch } from "@std/assert";
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
const cases = {
  "gives a test the runtime": ["true", `() => Promise.resolve("the Moon's answer")`, true, /the Moon's answer/],
  "ignores tests on an unavailable runtime, and prints why": ["", outOfReach, true, /it is far$[^]*1 ignored/m],
  "fails with CI=true where the runtime is unavailable": ["true", outOfReach, false, /Cannot test on the Moon/],
} as const;

for (const [name, [CI, obtain, isSuccess, printed]] of Object.entries(cases)) {
  Deno.test(`testsOn: ${name}`, async () => {
    const { success, stdout, stderr } = await runTests(obtain, { CI });

    assertEquals(success, isSuccess);
    assertMatch(stdout + stderr, printed);
  });
}
