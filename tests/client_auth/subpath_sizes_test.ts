import { assertEquals, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { exportedModules } from "../structure/deno_output.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { gzippedSize, importsLeft, singleBundle } from "../structure/single_bundle.ts";

/** The most that each may add to the core, in bytes, minified and gzipped: a little above the present size. */
const guards: Readonly<Record<string, number>> = {
  "./client-auth/client-assertion": 550,
  "./client-auth/client-secret-jwt": 5_100,
  "./client-auth/rotating-secrets": 250,
  "./client-auth/private-key-jwt": 7_800,
  "./client-auth/secret-file": 320,
  "./client-auth/tls": 120,
  "./dpop": 8_000,
  "./grant/jwt-bearer": 900,
  "./grant/signed-assertion": 8_300,
  "./grant/token-exchange": 1_300,
  "./revocation": 1_000,
};
/** A name of jose's that minifiers keep. */
const ofJose = "setProtectedHeader";

/** Bundles all exports of the core, and of another module. */
async function bundleWith(...modules: string[]): Promise<{ code: string; size: number }> {
  await using folder = await temporaryFolder("sizes_");
  const entry = `${folder.path}/entry.ts`;
  const lines = ["mod.ts", ...modules].map((module) => `export * from "${new URL(module, `file://${root}/`)}";`);
  await Deno.writeTextFile(entry, lines.join("\n"));
  const code = await singleBundle(entry);
  return { code, size: await gzippedSize(code) };
}

const core = await bundleWith();
for (const [name, guard] of Object.entries(guards)) {
  Deno.test(`${name}: adds few bytes to the core, and jose only to sign`, async () => {
    const { code, size } = await bundleWith(exportedModules[name]!);

    console.log(`${name}: ${size - core.size} bytes minified and gzipped, on top of the core (guard ${guard})`);
    assertLess(size - core.size, guard);
    assertEquals(code.includes(ofJose), /-jwt$|dpop|signed/.test(name));
    assertEquals(importsLeft(code), []);
  });
}
