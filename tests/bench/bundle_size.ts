/** What a program pays for importing a client. @module */

import { gzipSync } from "node:zlib";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { root } from "../std/source.ts";
import { denoBundle } from "../structure/deno_output.ts";
import { drawSizes } from "./size_chart.ts";
import { libraries, ours } from "./libraries.ts";
import { atMost, type Effort, type Report, show, times } from "./table.ts";

export async function measureBundleSize({ smoke, draw }: Effort): Promise<Report> {
  // One is enough to see that it runs.
  const measured = smoke ? [ours] : libraries;
  const rows: string[][] = [];
  const sizes: { name: string; note?: string | undefined; gzipped: number }[] = [];
  let own = NaN;
  for (const library of measured) {
    const { atOnce: { minified, gzipped }, whole } = await bundle(library);
    if (library === ours) own = gzipped;
    const { name, note } = library;
    sizes.push({ name, note: note?.includes("cache") ? `(${note})` : undefined, gzipped });
    rows.push([library.name, show(minified), show(gzipped), times(gzipped, own), show(whole.gzipped)]);
  }
  if (draw) await Deno.writeTextFile(`${root}/tests/bench/size.svg`, drawSizes(sizes, ours.name));
  return {
    title: "Bundle size",
    how: "Bytes of a program that re-exports what the job takes (of ours, the whole core), as `deno bundle --minify` " +
      "makes it: what is loaded at once, gzipped as a whole, and everything. A runtime's own modules aren't counted.",
    columns: ["client", "minified", "gzipped", "of ours", "gzipped, with what is loaded when needed"],
    rows,
    budgets: [
      atMost(`${ours.name}: the goal`, own, 3_788, "bytes"),
      atMost(`${ours.name}: the guard`, own, 6_000, "bytes"),
    ],
  };
}

/** Bundles what the job takes of a library, and measures that: what is loaded at once, and everything. */
export async function bundle(library: typeof ours) {
  await using folder = await temporaryFolder("size_");
  const isOurs = library === ours;
  const from = isOurs ? `${root}/mod.ts` : library.package;
  const program = `${folder.path}/program.ts`;
  await Deno.writeTextFile(program, `export ${library.imports} from ${JSON.stringify(from)};\n`);
  // Some are made for Node, and find each other's Node files only that way.
  const platform = `--platform=${isOurs ? "browser" : "deno"}`;
  const output = `${folder.path}/output`;
  await denoBundle(program, "--minify", "--no-lock", platform, "--code-splitting", `--outdir=${output}`);
  const chunks = new Map<string, string>();
  for (const { name } of Deno.readDirSync(output)) chunks.set(name, await Deno.readTextFile(`${output}/${name}`));
  return { atOnce: measureSize(staticImports(chunks, "program.js")), whole: measureSize([...chunks.values()]) };
}

/** The code of the entry, and of what it imports other than by `import()`. */
function staticImports(chunks: ReadonlyMap<string, string>, entry: string): string[] {
  const loaded = new Set([entry]);
  for (const name of loaded) {
    // In minified code a static import has its quote where a dynamic one has a parenthesis.
    const imports = (chunks.get(name) ?? "").matchAll(/(?:\bfrom|\bimport)"\.\/([^"]+)"/g);
    for (const [, chunk] of imports) loaded.add(chunk!);
  }
  return [...loaded].flatMap((name) => chunks.get(name) ?? []);
}

function measureSize(chunks: readonly string[]): { minified: number; gzipped: number } {
  const code = chunks.join("\n");
  return { minified: new TextEncoder().encode(code).length, gzipped: gzipSync(code).length };
}
