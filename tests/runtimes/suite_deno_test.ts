import { join } from "node:path";
import { oldDenoPackage, oldestDeno } from "./old_deno.ts";
import { program } from "./platforms.ts";
import { report } from "./report.ts";
import { runSuiteAs } from "./suite_project.ts";
import { testsOn } from "./tests_on.ts";

// One host and no other permission, and nothing but what lies in the folder.
const args = [
  "run",
  "--quiet",
  "--no-prompt",
  "--no-check",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--import-map=import_map.json",
  "--allow-net=127.0.0.1",
];

/** Its own cache: a Deno of another version is not to find this one's. */
function environment(folder: string): Record<string, string> {
  return { DENO_DIR: join(folder, ".deno"), DENO_NO_PACKAGE_JSON: "1", DENO_NO_UPDATE_CHECK: "1" };
}

Deno.test("the portable suite passes on this Deno, with one host allowed", async () => {
  const { results, printed } = await runSuiteAs((folder) =>
    Promise.resolve({ executable: Deno.execPath(), args, env: environment(folder), lacks: program })
  );

  report("Deno", Deno.version.deno, results, printed);
});

const testOnOldDeno = await testsOn(`Deno ${oldestDeno}`, oldDenoPackage);

testOnOldDeno("the portable suite passes on the oldest Deno supported, with one host allowed", async (unpack) => {
  const { results, printed } = await runSuiteAs(async (folder) => ({
    executable: await unpack(folder),
    args,
    env: environment(folder),
    lacks: program,
  }));

  report("Deno", oldestDeno, results, printed);
});
