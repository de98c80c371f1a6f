import { oldDenoPackage, oldestDeno } from "./old_deno.ts";
import { lacks, registerSuite, runProgram } from "./suite_on.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import { testsOn } from "./tests_on.ts";

const flags = ["--quiet", "--no-prompt", "--no-check", "--no-config", "--no-lock", "--no-remote", "--no-npm"];
// One host is allowed, and nothing else.
const args = ["run", ...flags, "--import-map=import_map.json", "--allow-net=127.0.0.1"];
const thisDeno = () => Promise.resolve(() => Promise.resolve(Deno.execPath()));

for (const [runtime, obtain] of [["Deno", thisDeno], ["Deno, the oldest supported", oldDenoPackage]] as const) {
  const testOn = await testsOn(runtime === "Deno" ? runtime : `Deno ${oldestDeno}`, obtain);
  registerSuite(testOn, { runtime, lacks: lacks.program }, async (unpack, input) => {
    await using folder = await temporaryFolder("deno_");
    // A cache of its own: one version of Deno isn't to find another's.
    const env = { DENO_DIR: `${folder.path}/cache`, DENO_NO_PACKAGE_JSON: "1", DENO_NO_UPDATE_CHECK: "1" };
    return await runProgram(await unpack(folder.path), { args, env }, input);
  });
}
