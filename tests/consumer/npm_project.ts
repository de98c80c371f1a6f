/**
 * A fresh project with the packed package in `node_modules`, and beside it what the package depends on, as npm's
 * clients put it there.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { type TemporaryFolder, temporaryFolder } from "../runtimes/temporary_folder.ts";
import type { PackedPackage } from "./packed_package.ts";

/** Lays out the project, with the consumer's own files, and further ones whose texts are given by name. */
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
  await installPackage("jose/package.json", join(modules, "jose"));
  await installPackage("undici/package.json", join(modules, "undici"));
  await installPackage("js-yaml/package.json", join(modules, "js-yaml"));
  await writeConsumer(folder.path, {
    "package.json": JSON.stringify({ private: true, type: "module" }),
    ...texts,
  });
  stack.move();
  return folder;
}

/** Writes the files of a consumer: `program.ts` and `probe.ts` of this folder, and others as given. */
export async function writeConsumer(folder: string, texts: Readonly<Record<string, string>>): Promise<void> {
  for (const file of ["program.ts", "probe.ts"]) {
    await Deno.copyFile(new URL(file, import.meta.url), join(folder, file));
  }
  for (const [name, text] of Object.entries(texts)) await Deno.writeTextFile(join(folder, name), text);
}

async function unpack(archive: string, folder: string): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const { success, stderr } = await runToEnd("tar", {
    args: ["-xzf", archive, "-C", folder, "--strip-components=1"],
  });
  if (!success) throw new Error(`Cannot unpack ${archive}: ${stderr}`);
}

/** Copies the folder of this file of a package, which has no place on disk before it is imported. */
async function installPackage(specifier: string, folder: string): Promise<void> {
  await import(specifier, specifier.endsWith(".json") ? { with: { type: "json" } } : undefined);
  await cp(fileURLToPath(new URL(".", import.meta.resolve(specifier))), folder, { recursive: true });
}
