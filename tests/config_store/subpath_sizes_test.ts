import { assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { exportedModules } from "../structure/deno_output.ts";
import { gzippedSize, importsLeft, singleBundle } from "../structure/single_bundle.ts";

/** What each may weigh, what it needs of the core included, minified and gzipped, in bytes: a little above what it is. */
const guards: Readonly<Record<string, number>> = {
  "./config-store/flyte": 26_500,
  "./config-store/flyte-config-file": 41_500,
  "./config-store/protected-resource": 8_300,
};
/** Words that only the YAML library's code has in it, even when it is minified. */
const ofYaml = "tag:yaml.org,2002";

for (const [name, guard] of Object.entries(guards)) {
  Deno.test(`the bundle of ${name} is small, and holds the YAML library only if it reads YAML`, async () => {
    const code = await singleBundle(`${root}/${exportedModules[name]}`);

    const size = await gzippedSize(code);
    console.log(`${name}: ${size} bytes minified and gzipped (guard ${guard})`);
    assertLess(size, guard);
    assertEquals(code.includes(ofYaml), name.endsWith("-config-file"));
    assertEquals(importsLeft(code), []);
  });
}
