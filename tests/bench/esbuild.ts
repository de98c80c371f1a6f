/** What a program weighs in one file, as esbuild makes it. @module */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { npmPackage } from "../runtimes/npm_package.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";

const version = "0.27.2";

/** By `os-arch` as `Deno.build` names them: the package, and its integrity. */
const packages: Readonly<Record<string, readonly [name: string, integrity: string]>> = {
  "linux-x86_64": [
    "@esbuild/linux-x64",
    "sha512-uwp2Tip5aPmH+NRUwTcfLb+W32WXjpFejTIOWZFw/v7/KnpCDKG66u4DLcurQpiYTiYwQ9B7KOeMJvLCu/OvbA==",
  ],
  "linux-aarch64": [
    "@esbuild/linux-arm64",
    "sha512-hYxN8pr66NsCCiRFkHUAsxylNOcAQaxSSkHMMjcpx0si13t1LHFphxJZUiGwojB1a/Hd5OiPIqDdXONia6bhTw==",
  ],
  "darwin-x86_64": [
    "@esbuild/darwin-x64",
    "sha512-ZxtijOmlQCBWGwbVmwOF/UCzuGIbUkqB1faQRf5akQmxRJ1ujusWsb3CVfk/9iZKr2L5SMU5wPBi1UWbvL+VQA==",
  ],
  "darwin-aarch64": [
    "@esbuild/darwin-arm64",
    "sha512-davCD2Zc80nzDVRwXTcQP/28fiJbcOwvdolL0sOiOsbwBa72kegmVU0Wrh1MYrbuCL98Omp5dVhQFWRKR2ZAlg==",
  ],
};

/** As Cloudflare's bundler does. */
export const cloudflare: readonly string[] = [`--define:navigator.userAgent="Cloudflare-Workers"`];

/** Bytes, gzipped by -9, of one file with what `names` of a module take. `folder` is for the entry. */
export async function gzippedSize(
  module: string,
  names: readonly string[],
  folder: string,
  args: readonly string[] = [],
): Promise<number> {
  return gzipSync(await bundleNames(module, names, folder, args), { level: 9 }).length;
}

/** One file with what `names` of a module take, minified. `folder` is for the entry. */
export async function bundleNames(
  module: string,
  names: readonly string[],
  folder: string,
  args: readonly string[] = [],
): Promise<string> {
  const found = packages[`${Deno.build.os}-${Deno.build.arch}`];
  if (found === undefined) throw new Error(`no package of esbuild ${version} for this platform`);
  const [name, integrity] = found;
  const executable = fileURLToPath(new URL("bin/esbuild", await npmPackage({ name, version, integrity })));
  const entry = join(folder, "size_entry.js");
  await Deno.writeTextFile(entry, `export { ${names.join(", ")} } from ${JSON.stringify(module)};\n`);
  const { success, stdout, stderr } = await runToEnd(executable, {
    args: [
      entry,
      "--bundle",
      "--minify",
      "--format=esm",
      "--target=es2022",
      `--alias:@std/encoding/base64=${await base64()}`,
      "--log-level=error",
      ...args,
    ],
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
