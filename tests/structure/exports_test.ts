import { assert, assertEquals } from "@std/assert";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { denoOutput, exportedModules } from "./deno_output.ts";
import { type Documentation, findGaps } from "./documentation.ts";

async function readDocumentation(module: string): Promise<Documentation> {
  const { success, stdout, stderr } = await denoOutput("doc", "--json", module);
  assert(success, stderr);
  return JSON.parse(stdout);
}

for (const [name, module] of Object.entries(exportedModules)) {
  Deno.test(`export ${name}: exists, and all it exports is documented`, async () => {
    const documentation = await readDocumentation(module);

    assert(Object.values(documentation.nodes).some(({ symbols }) => symbols.length > 0), "nothing is exported");
    assertEquals(findGaps(documentation), []);
  });
}

Deno.test("findGaps: finds what an export's documentation lacks", async () => {
  await using folder = await temporaryFolder("gaps_");
  const module = `${folder.path}/module.ts`;
  await Deno.writeTextFile(
    module,
    `
    /** Adds. @throws {TypeError} */
    export function add(a: number, b = 1): number { return a + b; }
    export class Box { constructor(size: number) {} open(): Promise<string> { return Promise.resolve(""); } }
    /**
     * Does nothing.
     * @example
     * nothing();
     */
    export function nothing(): void {}
    `,
  );
  assertEquals(findGaps(await readDocumentation(module)).sort(), [
    "Box has no @example",
    "Box has no documentation",
    "Box.open has no @returns",
    "add has no @example",
    "add has no @param a",
    "add has no @param b",
    "add has no @returns",
    "new Box has no @param size",
    "the module has no documentation",
  ]);
});
