/** The TypeScript compiler, from npm. @module */
import { npmPackage } from "../runtimes/npm_package.ts";

/** Path of the compiler, for Node to run. */
export async function typescriptCompiler(): Promise<string> {
  return await npmPackage("typescript@5.9.3", "lib/tsc.js");
}
