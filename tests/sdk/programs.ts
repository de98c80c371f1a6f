/**
 * The programs of these tests: the API, and what tries all clients on each runtime. Their packages are many megabytes, and
 * stand in a lock file of their own, for the reason given in `../runtimes/npm_package.ts`.
 *
 * @module
 */

import { assert } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bunExecutable } from "../runtimes/bun.ts";
import type { BundlePlatform } from "../runtimes/bundle.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { runDeno, runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { askWorker } from "../runtimes/every_runtime.ts";
import { startWorker } from "../runtimes/workerd.ts";
import { compatibilityDate, type WorkerdExecutable, workerdExecutable } from "../runtimes/workerd_executable.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { chooseSource, environment, ownFlags } from "../std/source.ts";
import type { SeenCall } from "./table.ts";
import type { Input, Result } from "./trials.ts";

/** The path of a file, from this folder. */
export const path = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Builds a Deno command. Packages that the lock file lacks are added to it. */
export async function denoCommand(subcommand: string, ...args: string[]) {
  const source = await chooseSource();
  const flags = ["--quiet", ...ownFlags(source, path("packages.lock"))];
  // The first time, it downloads all packages.
  return { args: [subcommand, ...flags, ...args], env: environment(source), timeout: 300_000 };
}

/** Starts the API, for tokens of one issuer. */
export async function startApi({ issuer, jwksUri }: { readonly issuer: string; readonly jwksUri: string }) {
  const command = await denoCommand("run", "--allow-all", path("api.ts"), issuer, jwksUri);
  const program = await startProgram(Deno.execPath(), { ...command, ready: /^(http:\S+)\n/m });
  const origin = program.match[1]!;
  return {
    origin,
    /** Lists the calls of a client's trial, oldest first. */
    async listCalls(place: string): Promise<SeenCall[]> {
      return await (await fetch(`${origin}/control/calls/${place}`)).json();
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

/** Tries all clients; resolves to the results by name. */
export type Run = (input: Input) => Promise<Record<string, Result>>;

async function runOnDeno(input: Input): ReturnType<Run> {
  const command = await denoCommand("run", "--allow-all", path("program.ts"), JSON.stringify(input));
  return JSON.parse(await runDeno(command));
}

const bundles = new Map<string, Promise<string>>();

/** Bundles a program, once. */
export function bundle(file: string, platform: BundlePlatform): Promise<string> {
  const make = async () => await runDeno(await denoCommand("bundle", "--platform", platform, path(file)));
  return bundles.get(file) ?? bundles.set(file, make()).get(file)!;
}

const runOn = (executable: string): Run => async (input) => {
  await using folder = await temporaryFolder("sdk_");
  const file = join(folder.path, "program.mjs");
  await Deno.writeTextFile(file, await bundle("program.ts", "deno"));
  const { success, stdout, stderr } = await runToEnd(executable, {
    args: [file, JSON.stringify(input)],
    timeout: 90_000,
  });
  assert(success, stderr);
  return JSON.parse(stdout);
};

const runOnWorkerd = (workerd: WorkerdExecutable, date: string): Run => async (input) => {
  const script = await bundle("worker.ts", "browser");
  await using worker = await startWorker(workerd.path, { script, compatibilityDate: compatibilityDate(workerd, date) });
  return await askWorker(worker, input);
};

/** By runtime: obtains it. */
export const programs: Readonly<Record<string, () => Promise<Run>>> = {
  "Deno": () => Promise.resolve(runOnDeno),
  "Node 24": async () => runOn(await nodeExecutable("24.21.0")),
  "Bun": async () => runOn(await bunExecutable()),
  "workerd of 2024-09-01": async () => runOnWorkerd(await workerdExecutable(), "2024-09-01"),
  "workerd of 2026-11-01": async () => runOnWorkerd(await workerdExecutable(), "2026-11-01"),
};
