/**
 * One program on every runtime that runs the whole module: Deno itself, Bun, both Nodes, and workerd as of two dates.
 * Its input and its output are JSON.
 *
 * @module
 */

import { assert } from "@std/assert";
import { join } from "node:path";
import { bunExecutable } from "./bun.ts";
import { bundle, type BundlePlatform } from "./bundle.ts";
import { nodeExecutable, nodeVersions } from "./node.ts";
import { type RunOptions, type RunResult, runToEnd } from "./run_to_end.ts";
import { temporaryFolder } from "./temporary_folder.ts";
import { type RegisterTest, testsOn } from "./tests_on.ts";
import { type RunningWorker, startWorker, type WorkerOptions } from "./workerd.ts";
import { compatibilityDate, type WorkerdExecutable, workerdExecutable } from "./workerd_executable.ts";

/** A runtime. */
export interface Runtime {
  /** Its name in a test's: `Node 22.18.0`, `workerd, as of 2024-09-01`. */
  readonly name: string;
  /** Its name in a table: `Node 22`, `workerd of 2024-09-01`. */
  readonly column: string;
}

const deno: Runtime = { name: "Deno", column: "Deno" };
const programs = [
  { name: "Bun", column: "Bun", obtain: bunExecutable },
  ...nodeVersions.map((version) => {
    const obtain = () => nodeExecutable(version);
    return { name: `Node ${version}`, column: `Node ${version.slice(0, 2)}`, obtain };
  }),
];
const workers = ["2024-09-01", "2026-11-01"]
  .map((date) => ({ name: `workerd, as of ${date}`, column: `workerd of ${date}`, date }));

/** The runtimes, in the order of a table's columns. */
export const runtimes: readonly Runtime[] = [deno, ...programs, ...workers];

/** A test's name: "on", and the runtime's name, follow a string. */
export type TestName = string | ((runtime: Runtime) => string);

const named = (name: TestName, runtime: Runtime) =>
  typeof name === "string" ? `${name} on ${runtime.name}` : name(runtime);

/** A program in the three forms that runtimes need. */
export interface Program<Input, Output> {
  /** Runs it here. */
  readonly run: (input: Input) => Promise<Output>;
  /** Prints its output; its input is its last argument. */
  readonly script: URL;
  /** Answers a POST of its input. */
  readonly worker: URL;
}

/** Registers a test for each runtime; `check` runs the program there as often as it likes. */
export async function testOnEveryRuntime<Input, Output>(
  name: TestName,
  { run, script, worker }: Program<Input, Output>,
  check: (run: (input: Input) => Promise<Output>, runtime: Runtime) => Promise<void>,
): Promise<void> {
  Deno.test(named(name, deno), () => check(run, deno));
  await testOnPrograms(name, (executable, runtime) =>
    check(async (input) => {
      const { success, stdout, stderr } = await runScript(executable, script, { args: [JSON.stringify(input)] });
      assert(success, stderr);
      return JSON.parse(stdout);
    }, runtime));
  await testOnWorkerd(name, worker, (start, runtime) =>
    check(async (input) => {
      await using running = await start();
      return await askWorker(running, input);
    }, runtime));
}

/** Registers a test for Bun and each Node; `check` gets the executable. */
export async function testOnPrograms(
  name: TestName,
  check: (executable: string, runtime: Runtime) => Promise<void>,
): Promise<void> {
  for (const { obtain, ...runtime } of programs) {
    const testOn = await testsOn(runtime.name, obtain);
    testOn(named(name, runtime), (executable) => check(executable, runtime));
  }
}

/** Starts the worker under test. */
export type StartWorker = (options?: Omit<WorkerOptions, "script" | "compatibilityDate">) => Promise<RunningWorker>;

let onWorkerd: Promise<RegisterTest<WorkerdExecutable>> | undefined;

/** Registers a test for workerd as of each date; `check` gets a function that starts the worker. */
export async function testOnWorkerd(
  name: TestName,
  worker: URL,
  check: (start: StartWorker, runtime: Runtime) => Promise<void>,
): Promise<void> {
  const testOn = await (onWorkerd ??= testsOn("workerd", workerdExecutable));
  for (const { date, ...runtime } of workers) {
    testOn(named(name, runtime), async (workerd) => {
      const fixed = { script: await bundle(worker), compatibilityDate: compatibilityDate(workerd, date) };
      await check((options) => startWorker(workerd.path, { ...options, ...fixed }), runtime);
    });
  }
}

/** Runs a program from one file, which is bundled for browsers where nothing else is said. */
export async function runScript(
  executable: string,
  script: URL,
  { args = [], env = {}, platform }: Partial<Pick<RunOptions, "args" | "env">> & { platform?: BundlePlatform } = {},
): Promise<RunResult> {
  await using folder = await temporaryFolder("script_");
  const file = join(folder.path, "script.mjs");
  await Deno.writeTextFile(file, await bundle(script, "esm", platform));
  return await runToEnd(executable, { env, args: [file, ...args] });
}

/** Posts its input to a worker; resolves to its output. */
export async function askWorker<Output>(worker: RunningWorker, input: unknown): Promise<Output> {
  const response = await fetch(worker.url, { method: "POST", body: JSON.stringify(input) });
  const text = await response.text();
  assert(response.ok, text + worker.printed());
  return JSON.parse(text);
}
