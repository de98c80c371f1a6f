import { assert, assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { gzippedSize, importsLeft, singleBundle } from "../structure/single_bundle.ts";

/** In bytes, minified and gzipped: a little above the present size, most of which is jose. */
const guard = 9_700;

Deno.test("./dpop: its bundle is small", async () => {
  const code = await singleBundle(`${root}/src/dpop/dpop.ts`);

  const size = await gzippedSize(code);
  console.log(`./dpop: ${size} bytes minified and gzipped (guard ${guard})`);
  assertLess(size, guard);
  assert(code.includes("dpop+jwt"), "the bundle has other code");
  assertEquals(importsLeft(code), []);
});
