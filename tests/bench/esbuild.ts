/** Bundles by esbuild, and their sizes. @module */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { packagedFile } from "../runtimes/npm_package.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";

const version = "0.27.2";

const packages = {
  "linux-x86_64": `@esbuild/linux-x64@${version}`,
  "linux-aarch64": `@esbuild/linux-arm64@${version}`,
  "darwin-x86_64": `@esbuild/darwin-x64@${version}`,
  "darwin-aarch64": `@esbuild/darwin-arm64@${version}`,
};

/** As Cloudflare's bundler does. */
export const cloudflare: readonly string[] = [`--define:navigator.userAgent="Cloudflare-Workers"`];

/** The size of a bundle, gzipped by -9, in bytes. */
export async function gzippedSize(
  module: string,
  names: readonly string[],
  folder: string,
  args: readonly string[] = [],
): Promise<number> {
  return gzipSync(await bundleNames(module, names, folder, args), { level: 9 }).length;
}

/** Bundles some exports of a module, minified. `folder` is for the entry. */
export async function bundleNames(
  module: string,
  names: readonly string[],
  folder: string,
  args: readonly string[] = [],
): Promise<string> {
  const executable = await packagedFile(`esbuild ${version}`, packages, "bin/esbuild");
  const entry = join(folder, "size_entry.js");
  await Deno.writeTextFile(entry, `export { ${names.join(", ")} } from ${JSON.stringify(module)};\n`);
  const options = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=error"];
  const alias = `--alias:@std/encoding/base64=${await base64()}`;
  const { success, stdout, stderr } = await runToEnd(executable, {
    args: [entry, ...options, alias, ...args],
    cwd: folder,
  });
  if (!success) throw new Error(`Cannot bundle ${module}: ${stderr}`);
  return stdout;
}

/** Where npm has the code of `@std/encoding/base64`, as the runtimes' tests use it. */
async function base64(): Promise<string> {
  // A package has no place on disk before something of it is imported.
  await import("npm:deno-std@1.4.0/encoding/base64.js");
  return fileURLToPath(import.meta.resolve("npm:deno-std@1.4.0/encoding/base64.js"));
}
