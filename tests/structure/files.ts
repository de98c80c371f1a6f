/**
 * The repository's files, as paths within it.
 *
 * @module
 */

import { root } from "../std/source.ts";

/** Lists the published modules, sorted. */
export function sourceFiles(): string[] {
  return ["mod.ts", ...modulesIn("src")].sort();
}

/** Lists what git tracks, and new files before they are added. */
export async function repositoryFiles(): Promise<string[]> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    cwd: root,
    stdin: "null",
  }).output();
  if (!success) throw new Error("Cannot list the repository's files: git failed");
  const names = new TextDecoder().decode(stdout).split("\0").filter((name) => name !== "");
  return names.filter((name) => exists(name)).sort();
}

/** Reads a file of the repository. */
export function read(path: string): string {
  return Deno.readTextFileSync(`${root}/${path}`);
}

export function exists(path: string): boolean {
  try {
    return Deno.statSync(`${root}/${path}`).isFile;
  } catch {
    return false;
  }
}

function* modulesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(`${root}/${folder}`)) {
    if (isDirectory) yield* modulesIn(`${folder}/${name}`);
    else if (name.endsWith(".ts")) yield `${folder}/${name}`;
  }
}
