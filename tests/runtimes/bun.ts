/** Bun, from npm. @module */
import { packagedFile } from "./npm_package.ts";

export const bunVersion = "1.4.5";

/** By `os-arch`. On Linux: for glibc. */
const packages = {
  "darwin-aarch64": `@oven/bun-darwin-aarch64@${bunVersion}`,
  "darwin-x86_64": `@oven/bun-darwin-x64@${bunVersion}`,
  "linux-aarch64": `@oven/bun-linux-aarch64@${bunVersion}`,
  "linux-x86_64": `@oven/bun-linux-x64@${bunVersion}`,
  "windows-x86_64": `@oven/bun-windows-x64@${bunVersion}`,
};

/** The path of Bun's executable. */
export async function bunExecutable(): Promise<string> {
  return await packagedFile(`Bun ${bunVersion}`, packages, Deno.build.os === "windows" ? "bin/bun.exe" : "bin/bun");
}
