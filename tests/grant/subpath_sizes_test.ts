import { assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { exportedModules } from "../structure/deno_output.ts";
import { gzippedSize, importsLeft, singleBundle } from "../structure/single_bundle.ts";

/** The most that each may add to the core, minified and gzipped, in bytes. */
const guards: Readonly<Record<string, number>> = {
  "./grant/jwt-bearer": 900,
  "./grant/signed-assertion": 8_900,
  "./grant/token-exchange": 1_300,
  "./revocation": 1_000,
};
/** A word that minified code has only if it contains jose. */
const joseWord = "setProtectedHeader";

/** Bundles all exports of these modules. */
async function bundleModules(...modules: string[]): Promise<{ code: string; size: number }> {
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
  Deno.test(`${name}: adds few bytes to the core, and jose only to sign`, async () => {
    const core = await bundleModules("mod.ts");

    const { code, size } = await bundleModules("mod.ts", exportedModules[name]!);

    console.log(`${name}: ${size - core.size} bytes minified and gzipped, on top of the core (guard ${guard})`);
    assertLess(size - core.size, guard);
    assertEquals(code.includes(joseWord), name === "./grant/signed-assertion");
    assertEquals(importsLeft(code), []);
  });
}
