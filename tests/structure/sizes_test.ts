import { assertGreater } from "@std/assert";
import { root } from "../std/source.ts";
import { exportedModules } from "./deno_output.ts";
import { gzippedSize, singleBundle } from "./single_bundle.ts";

Deno.test("exports: each can be bundled by itself; their sizes are printed", async () => {
  for (const [name, module] of Object.entries(exportedModules)) {
    // Undici is made for Node.
    const platform = name === "./transport/node" ? "deno" : "browser";
    const size = await gzippedSize(await singleBundle(`${root}/${module}`, platform));
    console.log(`${name.padEnd(36)} ${size.toLocaleString("en").padStart(8)} bytes, minified and gzipped`);
    assertGreater(size, 100, name);
  }
});
