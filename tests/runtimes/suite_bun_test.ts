import { bunExecutable, bunVersion } from "./bun.ts";
import { program as lacks } from "./platforms.ts";
import { testSuite } from "./report.ts";
import { runAsProgram } from "./suite_project.ts";
import { testsOn } from "./tests_on.ts";

const testOnBun = await testsOn("Bun", bunExecutable);

testOnBun("the portable suite passes on Bun", async (executable) => {
  await testSuite({ runtime: "Bun", version: bunVersion, lacks }, runAsProgram({ executable, args: ["--no-install"] }));
});
