import { assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { exportedModules } from "../structure/deno_output.ts";
import { gzippedSize, importsLeft, singleBundle } from "../structure/single_bundle.ts";

/** What each may add to the core, minified and gzipped, in bytes: a little above what it has come to. */
const guards: Readonly<Record<string, number>> = {
  "./grant/jwt-bearer": 900,
  "./grant/signed-assertion": 8_300,
  "./grant/token-exchange": 1_300,
  "./revocation": 1_000,
};
/** Words that only jose's code has in it, even when it is minified. */
const ofJose = "setProtectedHeader";

/** What a program's code comes to that takes all there is in these modules. */
async function bundled(...modules: string[]): Promise<{ code: string; size: number }> {
  const folder = await Deno.makeTempDir();
  try {
    const lines = modules.map((module) => `export * from "${new URL(module, `file://${root}/`)}";`);
    await Deno.writeTextFile(`${folder}/entry.ts`, lines.join("\n"));
    const code = await singleBundle(`${folder}/entry.ts`);
    return { code, size: await gzippedSize(code) };
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
    assertEquals(importsLeft(code), []);
  });
}
