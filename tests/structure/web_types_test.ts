import { assertEquals, assertStringIncludes } from "@std/assert";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { denoOutput } from "./deno_output.ts";
import { read } from "./files.ts";

Deno.test("core: type-checks against the web's own types, which know no runtime by name", async () => {
  await using folder = await temporaryFolder("web_types_");
  const { compilerOptions, imports } = JSON.parse(read("deno.json"));
  const lib = ["esnext", "dom", "dom.iterable", "dom.asynciterable"];
  const [config, module] = [`${folder.path}/deno.json`, `${folder.path}/module.ts`];
  await Deno.writeTextFile(config, JSON.stringify({ compilerOptions: { ...compilerOptions, lib }, imports }));
  const check = async (code: string) => {
    await Deno.writeTextFile(module, `import "${new URL("../../mod.ts", import.meta.url)}";\n${code}`);
    // The last --config counts.
    const { success, stderr } = await denoOutput("check", "--no-lock", "--config", config, module);
    const found = Array.from(stderr.matchAll(/^TS\d+ \[ERROR\]: .+$/gm), ([fault]) => fault);
    assertEquals(success, found.length === 0, stderr);
    return found.join("\n");
  };

  assertEquals(await check(""), "");
  for (const name of ["Deno", "Bun", "process", "Buffer", "require"]) {
    assertStringIncludes(await check(`export const planted: unknown = ${name};\n`), `Cannot find name '${name}'`);
  }
});
