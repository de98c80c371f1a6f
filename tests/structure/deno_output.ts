/**
 * What a Deno subcommand prints about the repository.
 *
 * @module
 */

import { chooseSource, environment, flags, root } from "../std/source.ts";

/** What {@linkcode denoOutput} gives. */
export interface Output {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a Deno subcommand in the top folder, with `@std` from wherever it can be had. */
export async function denoOutput(subcommand: string, ...args: string[]): Promise<Output> {
  const source = await chooseSource();
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [subcommand, ...flags(source, subcommand), ...args],
    cwd: root,
    env: { ...environment(source), NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Where each export of the package is, by its name: `{ ".": "./mod.ts", … }`. */
export const exportedModules: Readonly<Record<string, string>> =
  JSON.parse(Deno.readTextFileSync(`${root}/deno.json`)).exports;
