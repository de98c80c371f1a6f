/**
 * What a program weighs whose bundler puts all of it into one file.
 *
 * @module
 */

import { assert } from "@std/assert";
import { denoOutput } from "./deno_output.ts";

/** A module and all it imports, whatever is loaded when needed included, minified into one file. */
export async function singleBundle(module: string, platform: "browser" | "deno" = "browser"): Promise<string> {
  const { success, stdout, stderr } = await denoOutput("bundle", "--minify", `--platform=${platform}`, module);
  assert(success, stderr);
  return stdout;
}

/** What minified code still imports. Bundlers for the web would stop at one. */
export function importsLeft(code: string): string[] {
  return Array.from(code.matchAll(/(?:\bfrom|\bimport)\s*"[^"]+"/g), ([text]) => text);
}

/** In bytes. */
export async function gzippedSize(text: string): Promise<number> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).bytes()).length;
}
