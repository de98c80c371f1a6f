/**
 * One program on every runtime that has the whole of the module: Deno itself, Bun, both Nodes, and workerd as of two
 * dates. What a program is told, and what it answers, is JSON.
 *
 * @module
 */

import { assert } from "@std/assert";
import { join } from "node:path";
import { bunExecutable } from "./bun.ts";
import { bundle } from "./bundle.ts";
import { nodeExecutable, nodeVersions } from "./node.ts";
import { type RunOptions, type RunResult, runToEnd } from "./run_to_end.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import { testsOn } from "./tests_on.ts";
import { type RunningWorker, startWorker, type WorkerOptions } from "./workerd.ts";
import { compatibilityDate, workerdExecutable } from "./workerd_executable.ts";

/** A runtime, by its name in a test's: `Node 22.18.0`, `workerd, as of 2024-09-01`. */
export interface Runtime {
  readonly name: string;
  /** Its name in a table: `Node 22`, `workerd of 2024-09-01`. */
  readonly column: string;
}

const deno: Runtime = { name: "Deno", column: "Deno" };
const programs: readonly (Runtime & { readonly obtain: () => Promise<string> })[] = [
  { name: "Bun", column: "Bun", obtain: bunExecutable },
  ...nodeVersions.map((version) => ({
    name: `Node ${version}`,
    column: `Node ${version.split(".", 1)[0]}`,
    obtain: () => nodeExecutable(version),
  })),
];
const dates = ["2024-09-01", "2026-11-01"];
const workers = dates.map((date) => ({ name: `workerd, as of ${date}`, column: `workerd of ${date}`, date }));

/** The runtimes, in the order of a table's columns. */
export const runtimes: readonly Runtime[] = [deno, ...programs, ...workers];

/** Which test it is: what is true, to be followed by where. */
export type TestName = string | ((runtime: Runtime) => string);

/** A program in the three shapes in which runtimes want it. */
export interface Program<Input, Output> {
  /** Runs it here. */
  readonly run: (input: Input) => Promise<Output>;
  /** Prints its answer; what it is told is its last argument. */
  readonly script: URL;
  /** Answers the request that tells it. */
  readonly worker: URL;
}

/** Registers a test for each runtime; `check` runs the program there as often as it likes. */
export async function testOnEveryRuntime<Input, Output>(
  name: TestName,
  { run, script, worker }: Program<Input, Output>,
  check: (run: (input: Input) => Promise<Output>, runtime: Runtime) => Promise<void>,
): Promise<void> {
  Deno.test(named(name, deno), () => check(run, deno));
  await testOnPrograms(name, async (executable, runtime) => {
    await check(async (input) => {
      const { success, stdout, stderr } = await runScript(executable, script, { args: [JSON.stringify(input)] });
      assert(success, stderr);
      return JSON.parse(stdout);
    }, runtime);
  });
  await testOnWorkerd(name, worker, async (start, runtime) => {
    await check(async (input) => {
      await using running = await start();
      return await askWorker(running, input);
    }, runtime);
  });
}

/** Registers a test for Bun and each Node, which is given the executable. */
export async function testOnPrograms(
  name: TestName,
  check: (executable: string, runtime: Runtime) => Promise<void>,
): Promise<void> {
  for (const runtime of programs) {
    const testOn = await testsOn(runtime.name, runtime.obtain);
    testOn(named(name, runtime), (executable) => check(executable, runtime));
  }
}

/** Registers a test for workerd as of each date, which is given what starts the worker there. */
export async function testOnWorkerd(
  name: TestName,
  worker: URL,
  check: (
    start: (options?: Omit<WorkerOptions, "script" | "compatibilityDate">) => Promise<RunningWorker>,
    runtime: Runtime,
  ) => Promise<void>,
): Promise<void> {
  const testOn = await testsOn("workerd", workerdExecutable);
  for (const runtime of workers) {
    testOn(named(name, runtime), async (workerd) => {
      await check(async (options) =>
        await startWorker(workerd.path, {
          ...options,
          script: await bundled(worker),
          compatibilityDate: compatibilityDate(workerd, runtime.date),
        }), runtime);
    });
  }
}

/** Runs a program that gets one file. */
export async function runScript(
  executable: string,
  script: URL,
  options: Partial<Pick<RunOptions, "args" | "env">> = {},
): Promise<RunResult> {
  await using folder = await temporaryFolder("script_");
  const file = join(folder.path, "script.mjs");
  await Deno.writeTextFile(file, await bundled(script));
  return await runToEnd(executable, { ...options, args: [file, ...options.args ?? []] });
}

/** Tells a worker what it needs, and takes its answer. */
export async function askWorker<Output>(worker: RunningWorker, input: unknown): Promise<Output> {
  const response = await fetch(worker.url, { method: "POST", body: JSON.stringify(input) });
  const text = await response.text();
  assert(response.ok, text + worker.printed());
  return JSON.parse(text);
}

function named(name: TestName, runtime: Runtime): string {
  return typeof name === "string" ? `${name} on ${runtime.name}` : name(runtime);
}

const made = new Map<string, Promise<string>>();

/** The bundle of an entry, made once in a test file. */
function bundled({ href }: URL): Promise<string> {
  const text = made.get(href) ?? bundle(new URL(href));
  made.set(href, text);
  return text;
}
