/** A signed assertion for each token request, over the same by Web Crypto alone. @module */

import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { root } from "../std/source.ts";
import { denoBundle } from "../structure/deno_output.ts";
import type { AssertionFigures } from "./assertion_calls.ts";
import { atMost, type Effort, type Report, show } from "./table.ts";

export async function measureAssertions({ smoke }: Effort): Promise<Report> {
  await using folder = await temporaryFolder("assertions_");
  const path = `${folder.path}/assertion_calls.js`;
  await denoBundle(`${root}/tests/bench/assertion_calls.ts`, "--no-lock", "--platform=deno", `--output=${path}`);
  const runtimes: Readonly<Record<string, readonly string[]>> = {
    "Node 24": [await nodeExecutable("24.21.0")],
    Deno: [Deno.execPath(), "run", "--quiet", "--no-config", "--no-lock", "-A"],
    Bun: [await bunExecutable()],
  };
  const found: [what: string, figures: AssertionFigures][] = [];
  for (const [runtime, [executable = "", ...flags]] of Object.entries(runtimes)) {
    const args = [...flags, path, ...smoke ? ["--smoke"] : []];
    const { success, stdout, stderr } = await runToEnd(executable, { args, timeout: 120_000 });
    if (!success) throw new Error(`${runtime}: ${stderr}`);
    const byAlgorithm: Readonly<Record<string, AssertionFigures>> = JSON.parse(stdout);
    for (const [alg, figures] of Object.entries(byAlgorithm)) found.push([`${alg}, ${runtime}`, figures]);
  }
  const clients = Object.keys(found[0]![1].ratios);
  return {
    title: "A signed assertion",
    how: "The client authentication of a token request, as a ratio to the same JWT by hand, from JSON, base64url and " +
      "bare Web Crypto; in turns, the median of the rounds.",
    columns: ["key", "by hand, µs", ...clients, "imports"],
    rows: found.map(([what, { byHand, ratios, imports }]) => [
      ...[what, show(byHand)],
      ...clients.map((name) => ratios[name]!.toFixed(2)),
      String(imports),
    ]),
    budgets: found.flatMap(([what, { ratios, imports }]) => [
      atMost(`a signed assertion over bare Web Crypto, ${what}`, ratios.ours!, 1.2, "times"),
      atMost(`imports of its key, ${what}`, imports, 1, ""),
    ]),
  };
}
