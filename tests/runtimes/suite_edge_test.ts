import { bundle } from "./bundle.ts";
import { edgeRuntime, edgeRuntimeVersion } from "./edge_runtime.ts";
import { edge } from "./platforms.ts";
import { report } from "./report.ts";
import { startStageServer } from "./stage_server.ts";
import type { SuiteInput } from "./suite/case.ts";
import { readRun, resultsMark } from "./suite_project.ts";
import { testsOn } from "./tests_on.ts";

const testOnEdgeRuntime = await testsOn("Vercel's edge runtime", edgeRuntime);

testOnEdgeRuntime("the portable suite passes on Vercel's edge runtime", async (run) => {
  await using stage = await startStageServer();
  const script = await bundle(new URL("suite_listener.ts", import.meta.url), "iife");
  const input: SuiteInput = { stage: stage.origin, real: stage.real, lacks: edge };

  const { results, printed } = readRun(await run({ script, input: JSON.stringify(input), mark: resultsMark }));

  report("edge-runtime", edgeRuntimeVersion, results, printed);
});
