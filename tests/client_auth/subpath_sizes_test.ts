import { assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { exportedModules } from "../structure/deno_output.ts";
import { gzippedSize, importsLeft, singleBundle } from "../structure/single_bundle.ts";

/** In bytes, minified and gzipped: a little above the present size. */
const guards: Readonly<Record<string, number>> = {
  "./client-auth/client-assertion": 1_000,
  "./client-auth/client-secret-jwt": 6_300,
  "./client-auth/rotating-secrets": 500,
  "./client-auth/private-key-jwt": 9_700,
  "./client-auth/secret-file": 800,
  "./client-auth/tls": 200,
  "./dpop": 10_500,
};
/** A name of jose's that minifiers keep. */
const ofJose = "setProtectedHeader";

for (const [name, guard] of Object.entries(guards)) {
  Deno.test(`${name}: its bundle is small, and has jose only if it signs`, async () => {
    const code = await singleBundle(`${root}/${exportedModules[name]}`);

    const size = await gzippedSize(code);
    console.log(`${name}: ${size} bytes minified and gzipped (guard ${guard})`);
    assertLess(size, guard);
    assertEquals(code.includes(ofJose), /-jwt$|dpop/.test(name));
    assertEquals(importsLeft(code), []);
  });
}
