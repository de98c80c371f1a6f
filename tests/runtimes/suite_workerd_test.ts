import { assert } from "@std/assert";
import { bundle } from "./bundle.ts";
import { lacks, registerSuite } from "./suite_on.ts";
import { testsOn } from "./tests_on.ts";
import { startWorker } from "./workerd.ts";
import { compatibilityDate, workerdExecutable } from "./workerd_executable.ts";

const testOnWorkerd = await testsOn("workerd", workerdExecutable);

// An old date and a new one differ in `fetch`, and in what a redirect carries.
for (const date of ["2024-09-01", "2026-11-01"]) {
  for (const compatibilityFlags of [[], ["nodejs_compat"]]) {
    const runtime = [`workerd of ${date}`, ...compatibilityFlags].join(", ");
    registerSuite(testOnWorkerd, { runtime, lacks: lacks.edge }, async (workerd, input) => {
      const script = await bundle(new URL("suite_worker.ts", import.meta.url));
      const options = { script, compatibilityDate: compatibilityDate(workerd, date), compatibilityFlags };
      await using worker = await startWorker(workerd.path, options);
      const init = { method: "POST", body: JSON.stringify(input), signal: AbortSignal.timeout(120_000) };
      const response = await fetch(new URL("/run", worker.url), init);
      assert(response.ok, await response.text());
      return worker.printed();
    });
  }
}
