import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "node:path";
import { root } from "../std/source.ts";
import { denoOutput } from "./deno_output.ts";
import { read, sourceFiles } from "./files.ts";
import { readModule } from "./syntax.ts";

/**
 * Runs `use` on a copy of the core in which the modules it loads when needed, each for one runtime, are but their
 * own signatures: they are free to speak to their runtime, and to bring its types in.
 */
async function withCore<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir();
  try {
    const lazy = new Set(
      sourceFiles().flatMap((path) =>
        readModule(path, read(path)).lazyImports.map((specifier) => new URL(specifier, `file:///${path}`).pathname)
      ),
    );
    for (const path of sourceFiles()) {
      await Deno.mkdir(dirname(`${folder}/${path}`), { recursive: true });
      const text = read(path);
      const signatures = "// @ts-nocheck\n" + text.replace(/^import .*?;$/gms, "");
      await Deno.writeTextFile(`${folder}/${path}`, lazy.has(`/${path}`) ? signatures : text);
    }
    return await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What TypeScript finds wrong with a module and all it imports where only the web's own types exist. */
async function faults(folder: string, module: string): Promise<string[]> {
  const { compilerOptions, imports } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const lib = ["esnext", "dom", "dom.iterable", "dom.asynciterable"];
  const config = `${folder}/deno.json`;
  await Deno.writeTextFile(config, JSON.stringify({ compilerOptions: { ...compilerOptions, lib }, imports }));
  // The last --config counts.
  const { success, stderr } = await denoOutput(
    "check",
    "--no-lock",
    "--config",
    config,
    `${folder}/${module}`,
  );
  const found = Array.from(stderr.matchAll(/^TS\d+ \[ERROR\]: .+$/gm), ([fault]) => fault);
  assertEquals(success, found.length === 0, stderr);
  return found;
}

Deno.test("the core type-checks against the web's own types alone", async () => {
  assertEquals(await withCore((folder) => faults(folder, "mod.ts")), []);
});

Deno.test("the web's own types know no runtime by name", async () => {
  await withCore(async (folder) => {
    for (const name of ["Deno", "Bun", "process", "Buffer", "require"]) {
      await Deno.writeTextFile(
        `${folder}/planted.ts`,
        `import "./mod.ts";\nexport const planted: unknown = ${name};\n`,
      );
      const found = await faults(folder, "planted.ts");
      assertNotEquals(found, [], name);
      assertStringIncludes(found.join("\n"), `Cannot find name '${name}'`);
    }
  });
});
