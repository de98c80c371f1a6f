import { bundle } from "./bundle.ts";
import { edgeRuntime, edgeRuntimeVersion as version } from "./edge_runtime.ts";
import { edge as lacks } from "./platforms.ts";
import { testSuite } from "./report.ts";
import { readRun, resultsMark as mark } from "./suite_project.ts";
import { testsOn } from "./tests_on.ts";

const testOnEdgeRuntime = await testsOn("Vercel's edge runtime", edgeRuntime);

testOnEdgeRuntime("the portable suite passes on Vercel's edge runtime", async (run) => {
  const script = await bundle(new URL("suite_listener.ts", import.meta.url), "iife");

  await testSuite(
    { runtime: "edge-runtime", version, lacks },
    async (input) => readRun(await run({ script, input: JSON.stringify(input), mark })),
  );
});
