import { bundle } from "./bundle.ts";
import { edge as lacks } from "./platforms.ts";
import { testSuite } from "./report.ts";
import { testsOn } from "./tests_on.ts";
import { startWorker } from "./workerd.ts";
import { compatibilityDate, workerdExecutable } from "./workerd_executable.ts";

const testOnWorkerd = await testsOn("workerd", workerdExecutable);

// An old date and a new one differ in `fetch`, and in what a redirect carries.
for (const wanted of ["2024-09-01", "2026-11-01"]) {
  for (const compatibilityFlags of [[], ["nodejs_compat"]]) {
    const runtime = ["workerd", ...compatibilityFlags].join(", ");
    testOnWorkerd(`the portable suite passes on ${runtime} of ${wanted}`, async (workerd) => {
      const date = compatibilityDate(workerd, wanted);
      const script = await bundle(new URL("suite_worker.ts", import.meta.url));
      await using worker = await startWorker(workerd.path, { script, compatibilityDate: date, compatibilityFlags });

      await testSuite({ runtime, version: `${workerd.version} ${date}`, lacks }, async (input) => {
        const signal = AbortSignal.timeout(120_000);
        const response = await fetch(worker.url, { method: "POST", body: JSON.stringify(input), signal });
        return { results: await response.json(), printed: worker.printed() };
      });
    });
  }
}
