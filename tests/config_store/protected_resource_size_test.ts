import { assert, assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { denoOutput, exportedModules } from "../structure/deno_output.ts";

/** What it may weigh beside the core, minified and gzipped, in bytes: a little above what it has come to. */
const guard = 7_400;

Deno.test("the bundle of ./config-store/protected-resource is small, and holds no package", async () => {
  const name = "./config-store/protected-resource";

  const { success, stdout, stderr } = await denoOutput(
    "bundle",
    "--minify",
    "--platform=browser",
    `${root}/${exportedModules[name]}`,
  );

  assert(success, stderr);
  const stream = new Blob([stdout]).stream().pipeThrough(new CompressionStream("gzip"));
  const size = (await new Response(stream).bytes()).length;
  console.log(`${name}: ${size} bytes minified and gzipped (guard ${guard})`);
  assertLess(size, guard);
  assertEquals(stdout.match(/(?:\bfrom|\bimport)\s*"[^"]+"/g), null);
});
