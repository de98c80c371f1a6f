import { bunExecutable, bunVersion } from "./bun.ts";
import { program } from "./platforms.ts";
import { report } from "./report.ts";
import { runSuiteAs } from "./suite_project.ts";
import { testsOn } from "./tests_on.ts";

const testOnBun = await testsOn("Bun", bunExecutable);

testOnBun("the portable suite passes on Bun", async (executable) => {
  const { results, printed } = await runSuiteAs(() =>
    Promise.resolve({ executable, args: ["--no-install"], lacks: program })
  );

  report("Bun", bunVersion, results, printed);
});
