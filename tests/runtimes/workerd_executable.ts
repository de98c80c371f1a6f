/**
 * workerd, the runtime of Cloudflare Workers, from the npm package that carries its executable for this
 * platform. Not by way of the package `workerd`: that one asks for every platform in one and the same version,
 * and the newest isn't published for all of them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { npmPackage, type PinnedPackage } from "./npm_package.ts";

/** By `os-arch` as `Deno.build` names them. */
const packages: Readonly<Record<string, PinnedPackage>> = {
  "darwin-aarch64": {
    name: "@cloudflare/workerd-darwin-arm64",
    version: "1.20261023.1",
    integrity: "sha512-5e79fHgabdDD8EgmjOhJ1S+xMsf6DbC7fL7IgTBizMnzOp0P2isDn7pYmUxI9AJZE9FVQ4RUilH/I36YNg+GQQ==",
  },
  "darwin-x86_64": {
    name: "@cloudflare/workerd-darwin-64",
    version: "1.20261023.1",
    integrity: "sha512-lsEx0i7nR0PNG/erUFFHmQmiidEhLfDE5uQmAL9421/y4/ycuxDDOSaxu3VGGYFFPK5sduyUeMmjIlX4CwOBFg==",
  },
  "linux-aarch64": {
    name: "@cloudflare/workerd-linux-arm64",
    version: "1.20261117.1",
    integrity: "sha512-gxWngFojq41ULKNKb9rpWYvKotN5hT2I/xot+Bpy31cXzrwcTgtDLSMb2t75sW5BJxH7hihFvikgYb577kB3Zg==",
  },
  "linux-x86_64": {
    name: "@cloudflare/workerd-linux-64",
    version: "1.20261117.1",
    integrity: "sha512-gZLA8X11m/luZwn+YA3+mDu61vdxNJzpksP/QZqjydKTQ+VUCulsK5gtn9Bqst1p3KJu2kafQpJ1nDQv4B23jA==",
  },
  "windows-x86_64": {
    name: "@cloudflare/workerd-windows-64",
    version: "1.20261023.1",
    integrity: "sha512-279WLVjNsMycAwr0EZNiNEf0l2SY6NUtsN80NwZzbTHzakmiN+WSx4w38muxPm+PAU0oSPPAPXKVD+H6Hya8xw==",
  },
};

/** An executable, and the newest compatibility date it is sure to support, as `YYYY-MM-DD`. */
export interface WorkerdExecutable {
  readonly path: string;
  readonly version: string;
  readonly newestDate: string;
}

/** Fetches workerd. */
export async function workerdExecutable(): Promise<WorkerdExecutable> {
  const platform = `${Deno.build.os}-${Deno.build.arch}`;
  const found = packages[platform];
  if (found === undefined) throw new Error(`no package of workerd for ${platform}`);
  const executable = Deno.build.os === "windows" ? "bin/workerd.exe" : "bin/workerd";
  return {
    path: fileURLToPath(new URL(executable, await npmPackage(found))),
    version: found.version,
    newestDate: found.version.replace(/^1\.(\d{4})(\d{2})(\d{2})\..*$/, "$1-$2-$3"),
  };
}

/** The date wanted, or the newest supported one if that is earlier. */
export function compatibilityDate(workerd: WorkerdExecutable, wanted: string): string {
  return wanted < workerd.newestDate ? wanted : workerd.newestDate;
}
