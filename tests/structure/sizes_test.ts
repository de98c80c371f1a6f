import { assertGreater } from "@std/assert";
import { root } from "../std/source.ts";
import { exportedModules } from "./deno_output.ts";
import { gzippedSize, singleBundle } from "./single_bundle.ts";

Deno.test("every export can be bundled by itself, and what that weighs is printed", async () => {
  const sizes: [string, number][] = [];
  for (const [name, module] of Object.entries(exportedModules)) {
    // Undici is made for Node.
    const platform = name === "./transport/node" ? "deno" : "browser";
    sizes.push([name, await gzippedSize(await singleBundle(`${root}/${module}`, platform))]);
  }

  console.log("bytes, minified and gzipped, what is loaded when needed included:");
  for (const [name, size] of sizes) {
    console.log(`${name.padEnd(36)} ${size.toLocaleString("en").padStart(8)}`);
    assertGreater(size, 100, name);
  }
});
