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

const repository = new URL("../../", import.meta.url);

/** Lays out the project in a temporary folder, with copies of these files (paths from here) in it. Without undici if told so. */
export async function ownProject(files: readonly string[], undici = true): Promise<TemporaryFolder> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("project_"));
  const { name, version, exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", repository)));
  await writeManifest(folder.path, { name, version, exports });
  for (const part of ["mod.ts", "src"]) {
    await cp(fileURLToPath(new URL(part, repository)), join(folder.path, part), { recursive: true });
  }
  for (const file of files) {
    await cp(fileURLToPath(new URL(file, import.meta.url)), join(folder.path, basename(file)));
  }
  const modules = join(folder.path, "node_modules");
  const encoding = await packageFile("npm:deno-std@1.4.0/encoding/base64.js");
  await cp(fileURLToPath(new URL(".", encoding)), join(modules, "@std", "encoding"), { recursive: true });
  await writeManifest(join(modules, "@std", "encoding"), {
    name: "@std/encoding",
    exports: { "./base64": "./base64.js", "./base64url": "./base64url.js" },
  });
  if (undici) {
    const manifest = await packageFile("undici/package.json");
    await cp(fileURLToPath(new URL(".", manifest)), join(modules, "undici"), { recursive: true });
  }
  stack.move();
  return folder;
}

/** A package has no place on disk before something of it is imported. */
async function packageFile(specifier: string): Promise<string> {
  await import(specifier, specifier.endsWith(".json") ? { with: { type: "json" } } : undefined);
  return import.meta.resolve(specifier);
}

async function writeManifest(folder: string, manifest: Record<string, unknown>): Promise<void> {
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ ...manifest, type: "module" }));
}
