/**
 * The package as its own project, for runtimes that strip types, but not below `node_modules`: a package may import
 * itself by its name. Beside it lie `@std/encoding` and undici.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type TemporaryFolder, temporaryFolder } from "../runtimes/temporary_folder.ts";

/** Lays out the project in a temporary folder, with copies of these files (paths from here) in it. */
export async function ownProject(files: readonly string[]): Promise<TemporaryFolder> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("project_"));
  const copy = (from: string | URL, ...to: string[]) =>
    cp(fileURLToPath(new URL(from, import.meta.url)), join(folder.path, ...to), { recursive: true });
  const { name, version, exports } = JSON.parse(await Deno.readTextFile(new URL("../../deno.json", import.meta.url)));
  await writeManifest(folder.path, { name, version, exports });
  for (const part of ["mod.ts", "src"]) await copy(`../../${part}`, part);
  for (const file of files) await copy(file, basename(file));
  const encoding = ["node_modules", "@std", "encoding"];
  await copy(new URL(".", await resolveFile("npm:deno-std@1.4.0/encoding/base64.js")), ...encoding);
  await writeManifest(join(folder.path, ...encoding), {
    name: "@std/encoding",
    exports: { "./base64": "./base64.js", "./base64url": "./base64url.js" },
  });
  await copy(new URL(".", await resolveFile("undici/package.json")), "node_modules", "undici");
  stack.move();
  return folder;
}

/** Imports it first: before, the package may not be on disk. */
async function resolveFile(specifier: string): Promise<string> {
  await import(specifier, specifier.endsWith(".json") ? { with: { type: "json" } } : undefined);
  return import.meta.resolve(specifier);
}

async function writeManifest(folder: string, manifest: Record<string, unknown>): Promise<void> {
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ ...manifest, type: "module" }));
}
