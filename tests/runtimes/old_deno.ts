/** An older Deno, from the npm package that carries its executable for this platform. @module */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { npmPackage } from "./npm_package.ts";

/** The oldest version that is supported. */
export const oldestDeno = "2.0.0";

/** By `os-arch` as `Deno.build` names them: the package, and its integrity. On Linux: for glibc. */
const packages: Readonly<Record<string, readonly [name: string, integrity: string]>> = {
  "linux-x86_64": [
    "@deno/linux-x64-glibc",
    "sha512-APKrMK5htreLjMRrohua6/C+bylDLmmIw21vzclfIQFhsFZmezj59ZU9hU3dz2qteyhgUv7p1tQK39Dj6wAGWA==",
  ],
};

/** Fetches it; resolves to the function that puts an executable into a folder, and gives its path. */
export async function oldDenoPackage(): Promise<(folder: string) => Promise<string>> {
  const platform = `${Deno.build.os}-${Deno.build.arch}`;
  const found = packages[platform];
  if (found === undefined) throw new Error(`no package of Deno ${oldestDeno} for ${platform}`);
  const [name, integrity] = found;
  const packed = fileURLToPath(new URL("deno", await npmPackage({ name, version: oldestDeno, integrity })));
  return async (folder) => {
    // In the package it may not be run: its install script, which isn't called here, sees to that.
    const executable = join(folder, "old_deno");
    await Deno.copyFile(packed, executable);
    await Deno.chmod(executable, 0o755);
    return executable;
  };
}
