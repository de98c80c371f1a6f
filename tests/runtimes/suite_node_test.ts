import { nodeExecutable, nodeVersions } from "./node.ts";
import { lacks, registerSuite, runProgram } from "./suite_on.ts";
import { testsOn } from "./tests_on.ts";

// Node warns that its TypeScript is experimental.
const args = ["--disable-warning=ExperimentalWarning"];
for (const version of nodeVersions) {
  const testOn = await testsOn(`Node ${version}`, () => nodeExecutable(version));
  const platform = { runtime: `Node ${version.slice(0, 2)}`, lacks: lacks.program };
  registerSuite(testOn, platform, (node, input) => runProgram(node, { args }, input));
}
