import { assert, assertArrayIncludes, assertEquals } from "@std/assert";
import { denoOutput, exportedModules } from "./deno_output.ts";
import { type Documentation, findGaps } from "./documentation.ts";
import { exists } from "./files.ts";

async function readDocumentation(module: string): Promise<Documentation> {
  const { success, stdout, stderr } = await denoOutput("doc", "--json", module);
  assert(success, stderr);
  return JSON.parse(stdout);
}

for (const [name, module] of Object.entries(exportedModules)) {
  Deno.test(`export ${name}: exists, and all it exports is documented`, async () => {
    assert(exists(module), `${module} is missing`);
    const documentation = await readDocumentation(module);

    assert(Object.values(documentation.nodes).some(({ symbols }) => symbols.length > 0), "nothing is exported");
    assertEquals(findGaps(documentation), []);
  });
}

Deno.test("findGaps: finds what an export's documentation lacks", async () => {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    file,
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
  const found = findGaps(await readDocumentation(file));
  await Deno.remove(file);

  const lacks = ["add has no @example", "add has no @param a", "add has no @param b", "add has no @returns"];
  const boxLacks = ["documentation", "@example"].map((what) => `Box has no ${what}`);
  const memberLacks = ["new Box has no @param size", "Box.open has no @returns"];
  assertArrayIncludes(found, ["the module has no documentation", ...lacks, ...boxLacks, ...memberLacks]);
  assertEquals(found.filter((gap) => gap.startsWith("nothing")), []);
});
