import { assert, assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { denoOutput, exportedModules } from "../structure/deno_output.ts";

/** What each may add to the core, minified and gzipped, in bytes: a little above what it has come to. */
const guards: Readonly<Record<string, number>> = {
  "./grant/jwt-bearer": 600,
  "./grant/signed-assertion": 8_300,
  "./grant/token-exchange": 1_000,
  "./revocation": 850,
};
/** Words that only jose's code has in it, even when it is minified. */
const ofJose = "setProtectedHeader";

/** What a program's code comes to that takes all there is in these modules. */
async function bundled(...modules: string[]): Promise<{ code: string; size: number }> {
  const folder = await Deno.makeTempDir();
  try {
    const lines = modules.map((module) => `export * from "${new URL(module, `file://${root}/`)}";`);
    await Deno.writeTextFile(`${folder}/entry.ts`, lines.join("\n"));
    const { success, stdout, stderr } = await denoOutput(
      "bundle",
      "--minify",
      "--platform=browser",
      `${folder}/entry.ts`,
    );
    assert(success, stderr);
    const stream = new Blob([stdout]).stream().pipeThrough(new CompressionStream("gzip"));
    return { code: stdout, size: (await new Response(stream).bytes()).length };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const [name, guard] of Object.entries(guards)) {
  Deno.test(`${name} adds little to the core, and jose only if it signs`, async () => {
    const core = await bundled("mod.ts");

    const { code, size } = await bundled("mod.ts", exportedModules[name]!);

    console.log(`${name}: ${size - core.size} bytes minified and gzipped, beside the core (guard ${guard})`);
    assertLess(size - core.size, guard);
    assertEquals(code.includes(ofJose), name === "./grant/signed-assertion");
    // Bundlers for the web would stop at one.
    assertEquals(code.match(/(?:\bfrom|\bimport)\s*"[^"]+"/g), null);
  });
}
