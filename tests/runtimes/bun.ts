/** Bun, from npm. @module */
import { packagedFile } from "./npm_package.ts";

const version = "1.4.5";

/** By `os-arch`. On Linux: for glibc. */
const packages = {
  "darwin-aarch64": `@oven/bun-darwin-aarch64@${version}`,
  "darwin-x86_64": `@oven/bun-darwin-x64@${version}`,
  "linux-aarch64": `@oven/bun-linux-aarch64@${version}`,
  "linux-x86_64": `@oven/bun-linux-x64@${version}`,
  "windows-x86_64": `@oven/bun-windows-x64@${version}`,
};

/** The path of Bun's executable. */
export async function bunExecutable(): Promise<string> {
  return await packagedFile(`Bun ${version}`, packages, Deno.build.os === "windows" ? "bin/bun.exe" : "bin/bun");
}
