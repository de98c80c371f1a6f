import { assert, assertEquals } from "@std/assert";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { denoOutput, exportedModules } from "./deno_output.ts";
import { findGaps } from "./documentation.ts";

async function findModuleGaps(module: string): Promise<string[]> {
  const { success, stdout, stderr } = await denoOutput("doc", "--json", module);
  assert(success, stderr);
  return findGaps(JSON.parse(stdout));
}

for (const [name, module] of Object.entries(exportedModules)) {
  Deno.test(`export ${name}: exists, and all it exports is documented`, async () => {
    assertEquals(await findModuleGaps(module), []);
  });
}

Deno.test("findGaps: finds what an export's documentation lacks", async () => {
  await using folder = await temporaryFolder("gaps_");
  const module = `${folder.path}/module.ts`;
  const code = `
    /** Adds. @throws {TypeError} */
    export function add(a: number, b = 1): number { return a + b; }
    export class Box { constructor(size: number) {} open(): Promise<string> { return Promise.resolve(""); } }
    /** Does nothing.\n * @example\n * nothing(); */
    export function nothing(): void {}`;
  await Deno.writeTextFile(module, code);
  const ofBox = [
    "Box has no @example",
    "Box has no documentation",
    "Box.open has no @returns",
    "new Box has no @param size",
  ];
  const ofAdd = ["@example", "@param a", "@param b", "@returns"].map((tag) => `add has no ${tag}`);
  const expected = [...ofBox, ...ofAdd, "the module has no documentation"];
  assertEquals(new Set(await findModuleGaps(module)), new Set(expected));
});
