/** What a program pays for importing a client. @module */

import { gzipSync } from "node:zlib";
import { chooseSource, environment, flags, root } from "../std/source.ts";
import { libraries, ours } from "./clients/all.ts";
import { atMost, type Effort, type Report, show, times } from "./table.ts";

/** Bytes, minified and gzipped. */
const goal = 3_788;
const guard = 6_000;

interface Size {
  minified: number;
  gzipped: number;
}

export async function measureBundleSize({ smoke }: Effort): Promise<Report> {
  // One is enough to see that it runs.
  const measured = smoke ? [ours] : libraries;
  const sizes: { atOnce: Size; whole: Size }[] = [];
  for (const { program } of measured) sizes.push(await bundle(program));
  const own = sizes[0]!.atOnce.gzipped;
  return {
    title: "Bundle size",
    how: "Bytes of a program that re-exports what the job takes (of ours, the whole core), as `deno bundle --minify` " +
      "makes it: what is loaded at once, gzipped as a whole, and everything. A runtime's own modules aren't counted.",
    columns: ["client", "minified", "gzipped", "of ours", "gzipped, with what is loaded when needed"],
    rows: sizes.map(({ atOnce, whole }, index) => [
      measured[index]!.name,
      show(atOnce.minified),
      show(atOnce.gzipped),
      times(atOnce.gzipped, own),
      show(whole.gzipped),
    ]),
    budgets: [
      atMost(`${ours.name}: the goal`, own, goal, "bytes"),
      atMost(`${ours.name}: the guard`, own, guard, "bytes"),
    ],
  };
}

async function bundle(program: string): Promise<{ atOnce: Size; whole: Size }> {
  const folder = await Deno.makeTempDir();
  try {
    const source = await chooseSource();
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        ...flags(source, "bundle"),
        "--quiet",
        "--minify",
        // Some are made for Node, and find each other's Node files only that way.
        program === "authenticator.ts" ? "--platform=browser" : "--platform=deno",
        "--code-splitting",
        `--outdir=${folder}`,
        `${root}/tests/bench/programs/${program}`,
      ],
      cwd: root,
      env: environment(source),
    }).output();
    if (!success) throw new Error(`Cannot bundle ${program}: ${new TextDecoder().decode(stderr)}`);
    const chunks = new Map<string, string>();
    for (const { name } of Deno.readDirSync(folder)) {
      chunks.set(name, await Deno.readTextFile(`${folder}/${name}`));
    }
    return {
      atOnce: measureSize([...staticImports(chunks, program.replace(/\.ts$/, ".js"))]),
      whole: measureSize([...chunks.values()]),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The entry, and what it imports other than by `import()`. */
function staticImports(chunks: ReadonlyMap<string, string>, entry: string): Set<string> {
  const loaded = new Set<string>();
  const load = (name: string) => {
    const code = chunks.get(name);
    if (code === undefined || loaded.has(code)) return;
    loaded.add(code);
    // In minified code a static import has its quote where a dynamic one has a parenthesis.
    for (const [, chunk] of code.matchAll(/(?:\bfrom|\bimport)"\.\/([^"]+)"/g)) load(chunk!);
  };
  load(entry);
  return loaded;
}

function measureSize(chunks: readonly string[]): Size {
  const code = chunks.join("\n");
  return { minified: new TextEncoder().encode(code).length, gzipped: gzipSync(code).length };
}
