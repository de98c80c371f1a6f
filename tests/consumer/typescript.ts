/** The TypeScript compiler, from npm. @module */
import { fileURLToPath } from "node:url";
import { npmPackage } from "../runtimes/npm_package.ts";

/** Path of the compiler, for Node to run. */
export async function typescriptCompiler(): Promise<string> {
  const folder = await npmPackage({
    name: "typescript",
    version: "5.9.3",
    integrity: "sha512-jl1vZzPDinLr9eUt3J/t7V6FgNEw9QjvBPdysz9KfQDD41fQrC2Y4vKQdiaUpFT4bXlb1RHhLpp8wtm6M5TgSw==",
  });
  return fileURLToPath(new URL("lib/tsc.js", folder));
}
