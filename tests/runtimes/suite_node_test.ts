import { nodeExecutable, nodeVersions } from "./node.ts";
import { program as lacks } from "./platforms.ts";
import { testSuite } from "./report.ts";
import { runAsProgram } from "./suite_project.ts";
import { testsOn } from "./tests_on.ts";

for (const version of nodeVersions) {
  const testOnNode = await testsOn(`Node ${version}`, () => nodeExecutable(version));

  testOnNode(`the portable suite passes on Node ${version}`, async (executable) => {
    // Node warns that its TypeScript is experimental.
    const args = ["--disable-warning=ExperimentalWarning"];
    await testSuite({ runtime: "Node", version, lacks }, runAsProgram({ executable, args }));
  });
}
