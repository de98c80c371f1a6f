/**
 * Bundles of one file, and their sizes.
 *
 * @module
 */

import { gzipSync } from "node:zlib";
import { denoBundle } from "./deno_output.ts";

/** Bundles a module and all it imports into one minified file. */
export const singleBundle = (module: string, platform: "browser" | "deno" = "browser"): Promise<string> =>
  denoBundle(module, "--minify", `--platform=${platform}`);

/** Finds the imports left in minified code: bundlers for the web would stop at one. */
export function importsLeft(code: string): string[] {
  return Array.from(code.matchAll(/(?:\bfrom|\bimport)\s*"[^"]+"/g), ([text]) => text);
}

/** Returns the size in bytes. */
export const gzippedSize = (text: string): number => gzipSync(text).length;
