import { assert, assertEquals } from "@std/assert";
import { startBackend } from "../examples/backend.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { startWorker } from "../runtimes/workerd.ts";
import { compatibilityDate, workerdExecutable } from "../runtimes/workerd_executable.ts";
import { assertProgramWorked } from "./expected_output.ts";
import { compareExports } from "./exports.ts";
import { npmProject } from "./npm_project.ts";
import { packedOnce } from "./packed_once.ts";
import type { PackedPackage } from "./packed_package.ts";
import { startProbeStage } from "./probe_stage.ts";

const packed = packedOnce();
const testOnWorkerd = await testsOn("workerd", workerdExecutable);

const callsApi = `import { main } from "./program.ts";
export default { fetch: async (_request, env) => Response.json(await main(env)) };
`;
const probesExports = `import { probe } from "./probe.ts";
export default { fetch: async (_request, { INPUT }) => Response.json(await probe(JSON.parse(INPUT))) };
`;

/** Bundles a worker that imports the package by name, as bundlers for Workers do. */
async function bundleWorker(package_: PackedPackage, worker: string): Promise<string> {
  await using project = await npmProject(package_, { "worker.js": worker });
  const { success, stdout, stderr } = await runToEnd(Deno.execPath(), {
    args: ["bundle", "--quiet", "--no-lock", "--node-modules-dir=manual", "--platform=browser", "worker.js"],
    cwd: project.path,
    timeout: 60_000,
  });
  assert(success, stderr);
  return stdout;
}

/** With a timeout: a worker that hangs must fail the test. */
async function getText(url: URL): Promise<string> {
  return await (await fetch(url, { signal: AbortSignal.timeout(15_000) })).text();
}

for (const [kind, date] of [["workerd of 2024", "2024-09-01"], ["workerd of 2026", "2026-11-01"]] as const) {
  testOnWorkerd(`a worker that imports the package by name calls an API on ${kind}`, async (workerd) => {
    await using backend = await startBackend();
    await using worker = await startWorker(workerd.path, {
      script: await bundleWorker(packed(), callsApi),
      compatibilityDate: compatibilityDate(workerd, date),
      bindings: backend.settings,
    });

    assertProgramWorked(await getText(worker.url), backend);
    backend.assertNoSecretIn(worker.printed());
  });

  testOnWorkerd(`a worker uses every export on ${kind}, or gets a clear refusal`, async (workerd) => {
    await using stage = startProbeStage();
    await using worker = await startWorker(workerd.path, {
      script: await bundleWorker(packed(), probesExports),
      compatibilityDate: compatibilityDate(workerd, date),
      bindings: { ...stage.env, INPUT: JSON.stringify({ ...stage.input, secretFile: "secret.txt" }) },
    });

    assertEquals(compareExports(kind, JSON.parse(await getText(worker.url))), []);
  });
}
