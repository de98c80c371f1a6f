/**
 * The one gate, in steps; it stops at the first that fails: `deno task ok`, or some steps only: `deno task ok lint`.
 *
 * @module
 */

import { runToEnd } from "../runtimes/run_to_end.ts";
import { runDeno } from "../std/deno_process.ts";
import { chooseSource, environment, flags, ownFlags, root } from "../std/source.ts";
import { denoOutput, exportedModules } from "../structure/deno_output.ts";
import { buildDocs } from "./build_docs.ts";
import { publishDryRun } from "./publish_dry_run.ts";
import { findAllWords } from "./words.ts";

const source = await chooseSource();
// For all that follows.
Deno.env.set("STD_SOURCE", source);

/** Each gives whether it passed. A step is silent unless it fails; the tests talk. */
const steps: Record<string, () => Promise<boolean>> = {
  format: () => deno("fmt", "--check"),
  lint: () => deno("lint"),
  words: async () => isPassed((await findAllWords()).join("\n")),
  types: async () => await checkTypes() && await checkApart(),
  docs: async () => await deno("doc", "--lint", ...Object.values(exportedModules)) && isPassed(await buildDocs()),
  publish: async () => {
    const { success, output } = await publishDryRun(source);
    return isPassed(output, success);
  },
  tests: async () => {
    const permissions = ["--allow-env", "--allow-net=127.0.0.1", "--allow-read=.", "--allow-run"];
    const args = ["run", ...flags(source, "run"), "--quiet", ...permissions, "tests/gate/run_tests.ts"];
    return await runDeno(args, { cwd: root, env: environment(source) }) === 0;
  },
};

/** Folders whose packages are in a lock file of their own, by its folder: `deno.lock` would have all tasks download them. */
const apart: Readonly<Record<string, readonly string[]>> = {
  "tests/conformance": ["tests/conformance"],
  "tests/sdk": ["tests/adapters", "tests/sdk"],
};

async function checkTypes(): Promise<boolean> {
  const tests = Array.from(Deno.readDirSync(`${root}/tests`), ({ name }) => `tests/${name}`);
  const checked = tests.filter((path) => !Object.values(apart).flat().includes(path) && !/\.md$/.test(path));
  return await deno("check", "--doc", "mod.ts", "src", ...checked.sort(), "examples", "README.md", "SKILL.md");
}

async function checkApart(): Promise<boolean> {
  for (const [folder, checked] of Object.entries(apart)) {
    const { success, stdout, stderr } = await runToEnd(Deno.execPath(), {
      args: ["check", ...ownFlags(source, `${root}/${folder}/packages.lock`), ...checked],
      cwd: root,
      env: environment(source),
      timeout: 300_000,
    });
    if (!isPassed(stdout + stderr, success)) return false;
  }
  return true;
}

async function deno(subcommand: string, ...args: string[]): Promise<boolean> {
  const { success, stdout, stderr } = await denoOutput(subcommand, ...args);
  return isPassed(stdout + stderr, success);
}

/** Shows the output of a step that fails; without other word, one with any output does. */
function isPassed(output: string, success = output === ""): boolean {
  if (!success) console.error(output);
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
