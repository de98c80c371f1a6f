/**
 * Deno subcommands on the repository.
 *
 * @module
 */

import { tmpdir } from "node:os";
import { type RunResult, runToEnd } from "../runtimes/run_to_end.ts";
import { chooseSource, environment, flags, root } from "../std/source.ts";

/** Runs a Deno subcommand in the top folder, with `@std` from the source in use. */
export async function denoOutput(subcommand: string, ...args: string[]): Promise<RunResult> {
  const source = await chooseSource();
  // `deno doc` looks for packages where the configuration of its folder says, whatever its flags are.
  const cwd = subcommand === "doc" ? tmpdir() : root;
  const absolute = args.map((each) => each.startsWith("./") ? root + each.slice(1) : each);
  return await runToEnd(Deno.execPath(), {
    args: [subcommand, ...flags(source, subcommand), ...absolute],
    cwd,
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
