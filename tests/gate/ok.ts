/**
 * The one gate, in steps; it stops at the first that fails: `deno task ok`, or some steps only: `deno task ok lint`.
 *
 * @module
 */

import { runDeno } from "../std/deno_process.ts";
import { chooseSource, environment, flags, root } from "../std/source.ts";
import { publishDryRun } from "./publish_dry_run.ts";
import { findAllWords } from "./words.ts";

const source = await chooseSource();
const config: { exports: Record<string, string> } = JSON.parse(Deno.readTextFileSync(`${root}/deno.json`));

/** Each gives whether it passed. A step is silent unless it fails; the tests talk. */
const steps: Record<string, () => Promise<boolean>> = {
  format: () => deno("fmt", "--check"),
  lint: () => deno("lint"),
  words: async () => {
    const found = await findAllWords();
    for (const line of found) console.error(line);
    return found.length === 0;
  },
  types: () => deno("check", "--doc", "mod.ts", "src", "tests", "examples", "README.md"),
  docs: () => deno("doc", "--lint", ...Object.values(config.exports)),
  publish: async () => {
    const { success, output } = await publishDryRun(source);
    if (!success) console.error(output);
    return success;
  },
  tests: async () => {
    const permissions = ["--allow-env", "--allow-net=127.0.0.1", "--allow-read=.", "--allow-run"];
    const args = ["run", ...flags(source, "run"), "--quiet", ...permissions, "tests/gate/run_tests.ts"];
    return await runDeno(args, { cwd: root, env: environment(source) }) === 0;
  },
};

async function deno(subcommand: string, ...rest: string[]): Promise<boolean> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [subcommand, ...flags(source, subcommand), ...rest],
    cwd: root,
    env: environment(source),
    stdin: "null",
  }).output();
  if (!success) {
    await Deno.stderr.write(stdout);
    await Deno.stderr.write(stderr);
  }
  return success;
}

const chosen = Deno.args.length > 0 ? Deno.args : Object.keys(steps);
const unknown = chosen.filter((name) => !(name in steps));
if (unknown.length > 0) {
  console.error(`Cannot run ${unknown.join(", ")}: the steps are ${Object.keys(steps).join(", ")}`);
  Deno.exit(2);
}
const start = performance.now();
for (const name of chosen) {
  const began = performance.now();
  const passed = await steps[name]!();
  console.error(`${name.padEnd(8)} ${passed ? "ok" : "FAILED"} (${seconds(began)})`);
  if (!passed) Deno.exit(1);
}
console.error(`all ok (${seconds(start)})`);

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
