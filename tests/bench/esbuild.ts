/** Bundles by esbuild, and their sizes. @module */

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { packagedFile } from "../runtimes/npm_package.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";

const version = "0.27.2";
const packages = {
  "linux-x86_64": `@esbuild/linux-x64@${version}`,
  "linux-aarch64": `@esbuild/linux-arm64@${version}`,
  "darwin-x86_64": `@esbuild/darwin-x64@${version}`,
  "darwin-aarch64": `@esbuild/darwin-arm64@${version}`,
};
/** Where npm has the code of `@std/encoding/base64`, as the runtimes' tests use it. */
const base64 = "npm:deno-std@1.4.0/encoding/base64.js";

/** As Cloudflare's bundler does. */
export const cloudflare: readonly string[] = [`--define:navigator.userAgent="Cloudflare-Workers"`];

/** The size of a bundle, gzipped by -9, in bytes. */
export async function gzippedSize(...bundle: Parameters<typeof bundleNames>): Promise<number> {
  return gzipSync(await bundleNames(...bundle), { level: 9 }).length;
}

/** Bundles some exports of a module, minified. */
export async function bundleNames(module: string, names: readonly string[], args: readonly string[] = []) {
  const executable = await packagedFile(`esbuild ${version}`, packages, "bin/esbuild");
  await using folder = await temporaryFolder("esbuild_");
  const entry = `${folder.path}/entry.js`;
  await Deno.writeTextFile(entry, `export { ${names.join(", ")} } from ${JSON.stringify(module)};\n`);
  // A package has no place on disk before something of it is imported.
  await import(base64);
  const alias = `--alias:@std/encoding/base64=${fileURLToPath(import.meta.resolve(base64))}`;
  const options = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=error", alias, ...args];
  const { success, stdout, stderr } = await runToEnd(executable, { args: [entry, ...options], cwd: folder.path });
  if (!success) throw new Error(`Cannot bundle ${module}: ${stderr}`);
  return stdout;
}
