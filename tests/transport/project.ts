/**
 * The package as its own project, for runtimes that strip types, but not below `node_modules`: a package may import
 * itself by its name. Beside it lie `@std/encoding` and undici.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { type TemporaryFolder, temporaryFolder } from "../runtimes/temporary_folder.ts";

/** Lays out the project in a temporary folder, with copies of these files (paths from here) in it. */
export async function ownProject(files: readonly string[]): Promise<TemporaryFolder> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("project_"));
  const copy = (from: string, to: string) =>
    cp(fileURLToPath(new URL(from, import.meta.url)), join(folder.path, to), { recursive: true });
  const { name, version, exports } = config;
  await writeManifest(folder.path, { name, version, exports });
  for (const part of ["mod.ts", "src"]) await copy(`../../${part}`, part);
  for (const file of files) await copy(file, basename(file));
  const modules = join(folder.path, "node_modules");
  await installEncoding(modules);
  await installPackage("undici/package.json", join(modules, "undici"));
  stack.move();
  return folder;
}

/** Copies the folder of a package's file, or one that is above it. It has no place on disk before it is imported. */
export async function installPackage(specifier: string, folder: string, top = "."): Promise<void> {
  await import(specifier, specifier.endsWith(".json") ? { with: { type: "json" } } : undefined);
  await cp(fileURLToPath(new URL(top, import.meta.resolve(specifier))), folder, { recursive: true });
}

/** Copies `@std/encoding` from npm. */
export async function installEncoding(modules: string): Promise<void> {
  const folder = join(modules, "@std", "encoding");
  await installPackage("npm:deno-std@1.4.0/encoding/base64.js", folder);
  await writeManifest(folder, { name: "@std/encoding", exports: { "./*": "./*.js" } });
}

async function writeManifest(folder: string, manifest: object): Promise<void> {
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ ...manifest, type: "module" }));
}
