import { assert, assertArrayIncludes, assertEquals } from "@std/assert";
import { denoOutput, exportedModules } from "./deno_output.ts";
import { type Documentation, gaps } from "./documentation.ts";
import { exists } from "./files.ts";

for (const [name, module] of Object.entries(exportedModules)) {
  Deno.test(`the export ${name} is there, and all it exports is documented`, async () => {
    assert(exists(module), `${module} is missing`);

    const { success, stdout, stderr } = await denoOutput("doc", "--json", module);

    assert(success, stderr);
    const documentation: Documentation = JSON.parse(stdout);
    assert(
      Object.values(documentation.nodes).some(({ symbols }) => symbols.length > 0),
      "nothing is exported",
    );
    assertEquals(gaps(documentation), []);
  });
}

Deno.test("what an export's documentation lacks is found", async () => {
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

  const { stdout } = await denoOutput("doc", "--json", file);
  await Deno.remove(file);

  const found = gaps(JSON.parse(stdout));
  assertArrayIncludes(found, [
    "the module has no documentation",
    "add has no @example",
    "add has no @param a",
    "add has no @param b",
    "add has no @returns",
    "Box has no documentation",
    "Box has no @example",
    "new Box has no @param size",
    "Box.open has no @returns",
  ]);
  assertEquals(found.filter((gap) => gap.startsWith("nothing")), []);
});
