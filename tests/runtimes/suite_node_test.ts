import { nodeExecutable, nodeVersions } from "./node.ts";
import { program } from "./platforms.ts";
import { report } from "./report.ts";
import { runSuiteAs } from "./suite_project.ts";
import { testsOn } from "./tests_on.ts";

for (const version of nodeVersions) {
  const testOnNode = await testsOn(`Node ${version}`, () => nodeExecutable(version));

  testOnNode(`the portable suite passes on Node ${version}`, async (executable) => {
    // Node says of TypeScript that it is experimental, which is known.
    const args = ["--disable-warning=ExperimentalWarning"];
    const { results, printed } = await runSuiteAs(() => Promise.resolve({ executable, args, lacks: program }));

    report("Node", version, results, printed);
  });
}
