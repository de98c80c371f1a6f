/**
 * A project with the package installed as package managers for npm lay it out: `node_modules` with this repository's
 * own files and with `@std/encoding`. For runtimes that run TypeScript.
 *
 * @module
 */
import { cp } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type TemporaryFolder, temporaryFolder } from "./temporary_folder.ts";

const repository = new URL("../../", import.meta.url);

/** Lays out the project in a temporary folder, with copies of `files` (file URLs) beside `node_modules`. */
export async function consumerProject(...files: readonly URL[]): Promise<TemporaryFolder> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("consumer_"));
  await Deno.writeTextFile(join(folder.path, "package.json"), `{ "private": true, "type": "module" }\n`);
  await installAuthenticator(join(folder.path, "node_modules", "@m2m", "authenticator"));
  await installEncoding(join(folder.path, "node_modules", "@std", "encoding"));
  for (const file of files) await Deno.copyFile(file, join(folder.path, basename(fileURLToPath(file))));
  stack.move();
  return folder;
}

async function installAuthenticator(folder: string): Promise<void> {
  const { name, version, exports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", repository)));
  for (const part of ["mod.ts", "src"]) {
    await cp(fileURLToPath(new URL(part, repository)), join(folder, part), { recursive: true });
  }
  await writeManifest(folder, { name, version, exports });
}

/** The code of `@std/encoding`, which npm's `deno-std` carries under another name. */
async function installEncoding(folder: string): Promise<void> {
  // A package has no place on disk before something of it is imported.
  await import("npm:deno-std@1.4.0/encoding/base64.js");
  const encoding = new URL(".", import.meta.resolve("npm:deno-std@1.4.0/encoding/base64.js"));
  await cp(fileURLToPath(encoding), folder, { recursive: true });
  const exports = { "./base64": "./base64.js", "./base64url": "./base64url.js" };
  await writeManifest(folder, { name: "@std/encoding", version: "1.0.10", exports });
}

async function writeManifest(folder: string, manifest: Record<string, unknown>): Promise<void> {
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify({ ...manifest, type: "module" }));
}
