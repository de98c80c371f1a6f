import { assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { exportedModules } from "../structure/deno_output.ts";
import { gzippedSize, importsLeft, singleBundle } from "../structure/single_bundle.ts";

/** The most bytes of each, with what it needs of the core, minified and gzipped: a little above its size. */
const guards: Readonly<Record<string, number>> = {
  "./config-store/flyte": 26_500,
  "./config-store/flyte-config-file": 41_500,
  "./config-store/protected-resource": 9_000,
};
/** Words of the YAML library's minified code. */
const ofYaml = "tag:yaml.org,2002";

for (const [name, guard] of Object.entries(guards)) {
  Deno.test(`bundle of ${name}: is small, and has the YAML library only to read YAML`, async () => {
    const code = await singleBundle(`${root}/${exportedModules[name]}`);

    const size = await gzippedSize(code);
    console.log(`${name}: ${size} bytes minified and gzipped (guard ${guard})`);
    assertLess(size, guard);
    assertEquals(code.includes(ofYaml), name.endsWith("-config-file"));
    assertEquals(importsLeft(code), []);
  });
}
