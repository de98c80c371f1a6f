/**
 * Deno subcommands on the repository.
 *
 * @module
 */

import { type RunResult, runToEnd } from "../runtimes/run_to_end.ts";
import { chooseSource, environment, flags, root } from "../std/source.ts";

/** Runs a Deno subcommand in the top folder, with `@std` from the source in use. */
export async function denoOutput(subcommand: string, ...args: string[]): Promise<RunResult> {
  const source = await chooseSource();
  return await runToEnd(Deno.execPath(), {
    args: [subcommand, ...flags(source, subcommand), ...args],
    cwd: root,
    env: environment(source),
    timeout: 300_000,
  });
}

/** Bundles a module; returns the code, if it goes to no file. */
export async function denoBundle(module: string, ...options: string[]): Promise<string> {
  const { success, stdout, stderr } = await denoOutput("bundle", "--quiet", ...options, module);
  if (!success) throw new Error(`Cannot bundle ${module}: ${stderr}`);
  return stdout;
}

/** The package's exports: `{ ".": "./mod.ts", … }`. */
export const exportedModules: Readonly<Record<string, string>> =
  JSON.parse(Deno.readTextFileSync(`${root}/deno.json`)).exports;
