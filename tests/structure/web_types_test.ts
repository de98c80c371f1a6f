import { assertEquals, assertStringIncludes } from "@std/assert";
import { dirname } from "node:path";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { denoOutput } from "./deno_output.ts";
import { read, sourceFiles } from "./files.ts";

/** Copies `src` and `mod.ts`, to be checked where only the web's own types exist. */
async function copySource() {
  const folder = await temporaryFolder("web_types_");
  const { compilerOptions, imports } = JSON.parse(read("deno.json"));
  const lib = ["esnext", "dom", "dom.iterable", "dom.asynciterable"];
  const config = JSON.stringify({ compilerOptions: { ...compilerOptions, lib }, imports });
  await Deno.writeTextFile(`${folder.path}/deno.json`, config);
  for (const path of sourceFiles()) {
    await Deno.mkdir(dirname(`${folder.path}/${path}`), { recursive: true });
    await Deno.writeTextFile(`${folder.path}/${path}`, read(path));
  }
  return folder;
}

/** Type-checks a module and all it imports; returns TypeScript's errors. */
async function check(folder: string, module: string): Promise<string[]> {
  // The last --config counts.
  const args = ["--no-lock", "--config", `${folder}/deno.json`, `${folder}/${module}`];
  const { success, stderr } = await denoOutput("check", ...args);
  const found = Array.from(stderr.matchAll(/^TS\d+ \[ERROR\]: .+$/gm), ([fault]) => fault);
  assertEquals(success, found.length === 0, stderr);
  return found;
}

Deno.test("core: type-checks against the web's own types, which know no runtime by name", async () => {
  await using folder = await copySource();
  assertEquals(await check(folder.path, "mod.ts"), []);

  for (const name of ["Deno", "Bun", "process", "Buffer", "require"]) {
    const code = `import "./mod.ts";\nexport const planted: unknown = ${name};\n`;
    await Deno.writeTextFile(`${folder.path}/planted.ts`, code);
    assertStringIncludes((await check(folder.path, "planted.ts")).join("\n"), `Cannot find name '${name}'`);
  }
});
