/** What telemetry costs a call with a live token, and a bundle. @module */

import { join } from "node:path";
import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { root } from "../std/source.ts";
import { denoBundle } from "../structure/deno_output.ts";
import { gzippedSize, singleBundle } from "../structure/single_bundle.ts";
import { startLoopback } from "./loopback.ts";
import { atMost, type Effort, type Report, show } from "./table.ts";
import type { TelemetryCost } from "./telemetry_calls.ts";

export async function measureTelemetry({ smoke }: Effort): Promise<Report> {
  await using loopback = startLoopback({ delay: 0, lifetime: 3_600_000 });
  await using folder = await temporaryFolder("telemetry_");
  const program = join(folder.path, "program.mjs");
  const output = ["--no-lock", "--platform=deno", `--output=${program}`];
  await denoBundle(`${root}/tests/bench/telemetry_calls.ts`, ...output);
  const runtimes = {
    "Node 24": [await nodeExecutable("24.21.0")],
    "Deno": [Deno.execPath(), "run", "--quiet", "--no-config", "--no-lock", "--allow-all"],
    "Bun": [await bunExecutable()],
  };
  const costs: Record<string, TelemetryCost> = {};
  for (const [name, [executable = "", ...flags]] of Object.entries(runtimes)) {
    const args = [...flags, program, loopback.api, smoke ? "smoke" : "whole"];
    const { success, stdout, stderr } = await runToEnd(executable, { args, timeout: 120_000 });
    if (!success) throw new Error(`${name}: ${stderr}`);
    costs[name] = JSON.parse(stdout);
  }
  const unused = await addedBytes(folder.path, "");
  const used = await addedBytes(folder.path, "export { openTelemetry };");
  return {
    title: "The cost of telemetry",
    how:
      "authenticator.fetch with a live token on loopback: four authenticators with `onEvent: openTelemetry(…)`, an " +
      "SDK and an exporter that drops everything, in turns with four without, which in halves show the noise; the fast " +
      `batches of each. A bundle of the core that imports it and doesn't use it: ${
        show(unused)
      } bytes more, minified ` +
      `and gzipped; used: ${show(used)}, with @opentelemetry/api.`,
    columns: ["runtime", "without, µs", "with telemetry, µs", "ratio", "ratio of those without"],
    rows: Object.entries(costs).map(([name, { without, with: telemetry, ratio, control }]) => [
      name,
      ...[without, telemetry].map(show),
      ...[ratio, control].map((ratio) => ratio.toFixed(3)),
    ]),
    budgets: [
      ...Object.entries(costs).map(([name, { ratio }]) =>
        atMost(`authenticator.fetch with telemetry over the same without, ${name}`, ratio, 1.05, "times")
      ),
      atMost("bytes that telemetry adds to the core when it is imported and not used", unused, 0, "bytes"),
    ],
  };
}

/** The bytes that importing it adds to a bundle of the core, with this use of it. */
async function addedBytes(folder: string, use: string): Promise<number> {
  const entry = join(folder, "entry.ts");
  const size = async (text: string) => {
    await Deno.writeTextFile(entry, text);
    return gzippedSize(await singleBundle(entry));
  };
  const core = `export * from ${JSON.stringify(`${root}/mod.ts`)};\n`;
  const telemetry = JSON.stringify(`${root}/src/telemetry/opentelemetry.ts`);
  return await size(`${core}import { openTelemetry } from ${telemetry};\n${use}`) - await size(core);
}
