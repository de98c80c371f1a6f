import { assert, assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { denoOutput } from "../structure/deno_output.ts";

/** In bytes, minified and gzipped: a little above what it has come to, most of which is jose. */
const guard = 9_700;

Deno.test("the bundle of ./dpop is small", async () => {
  const module = `${root}/src/dpop/dpop.ts`;

  const { success, stdout, stderr } = await denoOutput("bundle", "--minify", "--platform=browser", module);

  assert(success, stderr);
  const stream = new Blob([stdout]).stream().pipeThrough(new CompressionStream("gzip"));
  const size = (await new Response(stream).bytes()).length;
  console.log(`./dpop: ${size} bytes minified and gzipped (guard ${guard})`);
  assertLess(size, guard);
  assert(stdout.includes("dpop+jwt"), "this is not its code");
  // Bundlers for the web would stop at one.
  assertEquals(stdout.match(/(?:\bfrom|\bimport)\s*"[^"]+"/g), null);
});
