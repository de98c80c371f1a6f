import { bundle } from "./bundle.ts";
import { edge } from "./platforms.ts";
import { report } from "./report.ts";
import { startStageServer } from "./stage_server.ts";
import type { SuiteInput } from "./suite/case.ts";
import { testsOn } from "./tests_on.ts";
import { startWorker } from "./workerd.ts";
import { compatibilityDate, workerdExecutable } from "./workerd_executable.ts";

const testOnWorkerd = await testsOn("workerd", workerdExecutable);

let script: Promise<string> | undefined;

// An old date and a new one differ in what fetch takes and in what a redirect carries.
for (const date of ["2024-09-01", "2026-11-01"]) {
  for (const flag of [undefined, "nodejs_compat"]) {
    const how = `of ${date}${flag === undefined ? "" : ` with ${flag}`}`;
    testOnWorkerd(`the portable suite passes on workerd ${how}`, async (workerd) => {
      script ??= bundle(new URL("suite_worker.ts", import.meta.url));
      await using stage = await startStageServer();
      await using worker = await startWorker(workerd.path, {
        script: await script,
        compatibilityDate: compatibilityDate(workerd, date),
        compatibilityFlags: flag === undefined ? [] : [flag],
      });
      const input: SuiteInput = { stage: stage.origin, real: stage.real, lacks: edge };

      const response = await fetch(worker.url, {
        method: "POST",
        body: JSON.stringify(input),
        signal: AbortSignal.timeout(120_000),
      });

      const version = `${workerd.version} ${compatibilityDate(workerd, date)}`;
      report(
        flag === undefined ? "workerd" : "workerd, nodejs_compat",
        version,
        await response.json(),
        worker.printed(),
      );
    });
  }
}
