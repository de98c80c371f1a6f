/** Bun, from the npm package that carries its executable for this platform. @module */
import { fileURLToPath } from "node:url";
import { npmPackage } from "./npm_package.ts";

/** The version that is used. */
export const bunVersion = "1.4.5";

/** By `os-arch` as `Deno.build` names them: the package, and its integrity. On Linux: for glibc. */
const packages: Readonly<Record<string, readonly [name: string, integrity: string]>> = {
  "darwin-aarch64": [
    "@oven/bun-darwin-aarch64",
    "sha512-4MIFXHmctH2EhAxLXm2/qxNtv17dFtLJylvaOCsrgq6KSqHTs6eW5YSrJjRbJxYUJaR901fsN8JfZOa+CsWpWQ==",
  ],
  "darwin-x86_64": [
    "@oven/bun-darwin-x64",
    "sha512-qkLPMGHZM9NI6CeHTWwVezzmlo6cC4Ta7yUAjYIWXS366qQcOlcp75t2uZyiuVRBMPS0h9qE0tCcvCHGaFqjJg==",
  ],
  "linux-aarch64": [
    "@oven/bun-linux-aarch64",
    "sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==",
  ],
  "linux-x86_64": [
    "@oven/bun-linux-x64",
    "sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==",
  ],
  "windows-x86_64": [
    "@oven/bun-windows-x64",
    "sha512-FNvply651vcE/GHgNWz6mZvhmkwBuu8Hw54oNzA+CQog+HW+542rXQmZqNHRkFxazD9L3xi+iTtvO3engAgJfw==",
  ],
};

/** Path of Bun's executable. */
export async function bunExecutable(): Promise<string> {
  const platform = `${Deno.build.os}-${Deno.build.arch}`;
  const found = packages[platform];
  if (found === undefined) throw new Error(`no package of Bun ${bunVersion} for ${platform}`);
  const [name, integrity] = found;
  const executable = Deno.build.os === "windows" ? "bin/bun.exe" : "bin/bun";
  return fileURLToPath(new URL(executable, await npmPackage({ name, version: bunVersion, integrity })));
}
