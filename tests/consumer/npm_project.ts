/**
 * A new project with the packed package and its dependencies in `node_modules`, as npm's clients lay it out.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { type TemporaryFolder, temporaryFolder } from "../runtimes/temporary_folder.ts";
import type { PackedPackage } from "./packed_package.ts";

/** Lays out the project, with the consumer's own files and others, given by name and text. */
export async function npmProject(
  { archive }: PackedPackage,
  texts: Readonly<Record<string, string>>,
): Promise<TemporaryFolder> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("npm_project_"));
  const modules = join(folder.path, "node_modules");
  await unpack(archive, join(modules, "@m2m", "authenticator"));
  await installPackage("npm:deno-std@1.4.0/encoding/base64.js", join(modules, "@std", "encoding"));
  const encoding = { name: "@std/encoding", type: "module", exports: { "./*": "./*.js" } };
  await Deno.writeTextFile(join(modules, "@std", "encoding", "package.json"), JSON.stringify(encoding));
  for (const name of ["jose", "undici", "js-yaml"]) await installPackage(`${name}/package.json`, join(modules, name));
  const manifest = JSON.stringify({ private: true, type: "module" });
  await writeConsumer(folder.path, { "package.json": manifest, ...texts });
  stack.move();
  return folder;
}

/** Writes the consumer's files: `program.ts`, `probe.ts` and others. */
export async function writeConsumer(folder: string, texts: Readonly<Record<string, string>>): Promise<void> {
  for (const file of ["program.ts", "probe.ts"]) {
    await Deno.copyFile(new URL(file, import.meta.url), join(folder, file));
  }
  for (const [name, text] of Object.entries(texts)) await Deno.writeTextFile(join(folder, name), text);
}

async function unpack(archive: string, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const args = ["-xzf", archive, "-C", folder, "--strip-components=1"];
  const { success, stderr } = await runToEnd("tar", { args });
  if (!success) throw new Error(`Cannot unpack ${archive}: ${stderr}`);
}

/** Copies the folder of a package's file, which has no place on disk before it is imported. */
async function installPackage(specifier: string, folder: string): Promise<void> {
  await import(specifier, specifier.endsWith(".json") ? { with: { type: "json" } } : undefined);
  await cp(fileURLToPath(new URL(".", import.meta.resolve(specifier))), folder, { recursive: true });
}
