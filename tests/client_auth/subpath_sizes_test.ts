import { assert, assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { denoOutput, exportedModules } from "../structure/deno_output.ts";

/** What each may weigh beside the core, minified and gzipped, in bytes: a little above what it has come to. */
const guards: Readonly<Record<string, number>> = {
  "./client-auth/client-assertion": 1_000,
  "./client-auth/client-secret-jwt": 6_300,
  "./client-auth/overlapping-secrets": 500,
  "./client-auth/private-key-jwt": 8_600,
  "./client-auth/secret-file": 800,
  "./client-auth/tls": 200,
};
/** Words that only jose's code has in it, even when it is minified. */
const ofJose = "setProtectedHeader";

for (const [name, guard] of Object.entries(guards)) {
  Deno.test(`the bundle of ${name} is small, and holds jose only if it signs`, async () => {
    const module = `${root}/${exportedModules[name]}`;

    const { success, stdout, stderr } = await denoOutput("bundle", "--minify", "--platform=browser", module);

    assert(success, stderr);
    const stream = new Blob([stdout]).stream().pipeThrough(new CompressionStream("gzip"));
    const size = (await new Response(stream).bytes()).length;
    console.log(`${name}: ${size} bytes minified and gzipped (guard ${guard})`);
    assertLess(size, guard);
    assertEquals(stdout.includes(ofJose), name.endsWith("-jwt"));
    // Bundlers for the web would stop at one.
    assertEquals(stdout.match(/(?:\bfrom|\bimport)\s*"[^"]+"/g), null);
  });
}
