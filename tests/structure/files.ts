/**
 * The repository's files, as paths within it.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { root } from "../std/source.ts";

/** Lists the published modules, sorted. */
export function sourceFiles(): string[] {
  return ["mod.ts", ...modulesIn("src")].sort();
}

/** Lists what git tracks, and new files before they are added. */
export async function repositoryFiles(): Promise<string[]> {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const { success, stdout, stderr } = await runToEnd("git", { args, cwd: root });
  if (!success) throw new Error(`Cannot list the repository's files: ${stderr}`);
  return stdout.split("\0").filter((name) => name !== "" && existsSync(`${root}/${name}`)).sort();
}

/** Reads a file of the repository. */
export function read(path: string): string {
  return Deno.readTextFileSync(`${root}/${path}`);
}

function* modulesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${root}/${folder}`)) {
    if (isDirectory) yield* modulesIn(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield `${folder}/${name}`;
  }
}
