import { bunExecutable } from "./bun.ts";
import { lacks, registerSuite, runProgram } from "./suite_on.ts";
import { testsOn } from "./tests_on.ts";

const args = ["--no-install"];
const testOn = await testsOn("Bun", bunExecutable);
registerSuite(testOn, { runtime: "Bun", lacks: lacks.program }, (bun, input) => runProgram(bun, { args }, input));
