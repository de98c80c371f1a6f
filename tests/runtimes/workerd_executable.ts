/**
 * workerd, the runtime of Cloudflare Workers, from npm. Not by the package `workerd`, which requires one version for
 * every platform: the newest isn't published for all of them.
 *
 * @module
 */
import { packagedFile } from "./npm_package.ts";

const version = Deno.build.os === "linux" ? "1.20261117.1" : "1.20261023.1";

/** By `os-arch`. */
const packages = {
  "darwin-aarch64": `@cloudflare/workerd-darwin-arm64@${version}`,
  "darwin-x86_64": `@cloudflare/workerd-darwin-64@${version}`,
  "linux-aarch64": `@cloudflare/workerd-linux-arm64@${version}`,
  "linux-x86_64": `@cloudflare/workerd-linux-64@${version}`,
  "windows-x86_64": `@cloudflare/workerd-windows-64@${version}`,
};

/** An executable, and the newest compatibility date it supports, as `YYYY-MM-DD`. */
export interface WorkerdExecutable {
  readonly path: string;
  readonly newestDate: string;
}

/** Downloads workerd. */
export async function workerdExecutable(): Promise<WorkerdExecutable> {
  const file = Deno.build.os === "windows" ? "bin/workerd.exe" : "bin/workerd";
  const path = await packagedFile("workerd", packages, file);
  return { path, newestDate: version.replace(/^1\.(\d{4})(\d{2})(\d{2})\..*$/, "$1-$2-$3") };
}

/** A date, or the newest supported one if that is earlier. */
export function compatibilityDate({ newestDate }: WorkerdExecutable, wanted: string): string {
  return wanted < newestDate ? wanted : newestDate;
}
