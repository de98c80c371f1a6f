import { assert, assertGreater } from "@std/assert";
import { root } from "../std/source.ts";
import { denoOutput, exportedModules } from "./deno_output.ts";

Deno.test("every export can be bundled by itself, and what that weighs is printed", async () => {
  const sizes: [string, number][] = [];
  for (const [name, module] of Object.entries(exportedModules)) {
    // Undici is made for Node.
    const platform = name === "./transport/node" ? "deno" : "browser";
    const { success, stdout, stderr } = await denoOutput(
      "bundle",
      "--minify",
      `--platform=${platform}`,
      `${root}/${module}`,
    );
    assert(success, `${name}: ${stderr}`);
    const stream = new Blob([stdout]).stream().pipeThrough(new CompressionStream("gzip"));
    sizes.push([name, (await new Response(stream).bytes()).length]);
  }

  console.log("bytes, minified and gzipped, what is loaded when needed included:");
  for (const [name, size] of sizes) {
    console.log(`${name.padEnd(36)} ${size.toLocaleString("en").padStart(8)}`);
    assertGreater(size, 100, name);
  }
});
