import { oldDenoPackage, oldestDeno } from "./old_deno.ts";
import { program as lacks } from "./platforms.ts";
import { testSuite } from "./report.ts";
import { runAsProgram } from "./suite_project.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import { testsOn } from "./tests_on.ts";

const flags = ["--quiet", "--no-prompt", "--no-check", "--no-config", "--no-lock", "--no-remote", "--no-npm"];

async function testOnDeno(version: string, executable: string): Promise<void> {
  // A cache of its own: one version of Deno isn't to find another's.
  await using cache = await temporaryFolder("deno_dir_");
  await testSuite(
    { runtime: "Deno", version, lacks },
    runAsProgram({
      executable,
      args: ["run", ...flags, "--import-map=import_map.json", "--allow-net=127.0.0.1"],
      env: { DENO_DIR: cache.path, DENO_NO_PACKAGE_JSON: "1", DENO_NO_UPDATE_CHECK: "1" },
    }),
  );
}

Deno.test("the portable suite passes on this Deno, with one host allowed", async () => {
  await testOnDeno(Deno.version.deno, Deno.execPath());
});

const testOnOldDeno = await testsOn(`Deno ${oldestDeno}`, oldDenoPackage);

testOnOldDeno("the portable suite passes on the oldest Deno supported, with one host allowed", async (unpack) => {
  await using folder = await temporaryFolder("old_deno_");
  await testOnDeno(oldestDeno, await unpack(folder.path));
});
