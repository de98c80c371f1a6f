import { bunExecutable } from "./bun.ts";
import { lacks, registerSuite, runProgram } from "./suite_on.ts";
import { testsOn } from "./tests_on.ts";

const platform = { runtime: "Bun", lacks: lacks.program };
registerSuite(
  await testsOn("Bun", bunExecutable),
  platform,
  (bun, input) => runProgram(bun, { args: ["--no-install"] }, input),
);
