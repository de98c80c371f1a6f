import { assert, assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { denoOutput, exportedModules } from "../structure/deno_output.ts";

/** What each may weigh, what it needs of the core included, minified and gzipped, in bytes: a little above what it is. */
const guards: Readonly<Record<string, number>> = {
  "./config-store/flyte": 22_000,
  "./config-store/flyte-config-file": 36_900,
  "./config-store/protected-resource": 8_300,
};
/** Words that only the YAML library's code has in it, even when it is minified. */
const ofYaml = "tag:yaml.org,2002";

for (const [name, guard] of Object.entries(guards)) {
  Deno.test(`the bundle of ${name} is small, and holds the YAML library only if it reads YAML`, async () => {
    const module = `${root}/${exportedModules[name]}`;

    const { success, stdout, stderr } = await denoOutput("bundle", "--minify", "--platform=browser", module);

    assert(success, stderr);
    const stream = new Blob([stdout]).stream().pipeThrough(new CompressionStream("gzip"));
    const size = (await new Response(stream).bytes()).length;
    console.log(`${name}: ${size} bytes minified and gzipped (guard ${guard})`);
    assertLess(size, guard);
    assertEquals(stdout.includes(ofYaml), name.endsWith("-config-file"));
    // Bundlers for the web would stop at one.
    assertEquals(stdout.match(/(?:\bfrom|\bimport)\s*"[^"]+"/g), null);
  });
}
