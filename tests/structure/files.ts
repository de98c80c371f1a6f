/**
 * The files the structure tests look at, as paths within the repository.
 *
 * @module
 */

import { root } from "../std/source.ts";

/** The modules that are published, sorted. */
export function sourceFiles(): string[] {
  return ["mod.ts", ...modulesIn("src")].sort();
}

/** What git tracks, and what it would track: a new file counts before it is added. */
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

/** The text of a file of the repository. */
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
