import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { denoOutput } from "../structure/deno_output.ts";
import { read, sourceFiles } from "../structure/files.ts";
import { codeBlocks, fault, isRun } from "./code_blocks.ts";

const documents = ["README.md", ...sourceFiles()];

Deno.test("every block of code in the documentation is an example that runs, or says why it isn't", () => {
  const faults = documents.flatMap((path) => codeBlocks(path, read(path)).map(fault).filter(Boolean));

  assertEquals(faults, []);
});

Deno.test("Deno runs as many examples as the documentation holds", async () => {
  const ours = documents.flatMap((path) => codeBlocks(path, read(path))).filter(isRun);

  const { success, stdout, stderr } = await denoOutput(
    "test",
    "--doc",
    "--no-check",
    "--filter=no example has this name",
    ...documents,
  );

  assert(success, stderr);
  assertEquals(Number(/(\d+) filtered out/.exec(stdout)?.[1]), ours.length, stdout);
  for (const path of ["README.md", "mod.ts"]) {
    assert(ours.some(({ place }) => place.startsWith(path)), `${path} has no example that runs`);
  }
});

Deno.test("the reader of the documentation finds its blocks, and what is wrong with them", () => {
  const fence = "```";
  const text = `
/**
 * Says.
 *
 * ${fence}ts
 * say();
 * ${fence}
 *
 * @example Not here
 * ${fence}ts ignore
 * // Not run: it never ends
 * ${fence}
 */
const inner = "${fence}ts";
/** ${fence}ts ignore
 * say();
 * ${fence}
 */
`;
  const blocks = codeBlocks("src/say.ts", text);

  assertEquals(blocks.map(({ place }) => place), ["src/say.ts:5", "src/say.ts:10"]);
  assertEquals(blocks[0]?.lines, ["say();"]);
  assertEquals(blocks.map(isRun), [true, false]);
  assertEquals(blocks.map(fault), [undefined, undefined]);

  const of = (words: string) => fault(codeBlocks("a.md", `${fence}${words}\nsay();\n${fence}`)[0]!);
  assertEquals([of("ts"), of("sh"), of("json")], [undefined, undefined, undefined]);
  assertStringIncludes(of("ts ignore")!, "says why");
  assertStringIncludes(of("ts skip")!, '"skip"');
  assertStringIncludes(of("typescrip")!, '"typescrip"');
  assertStringIncludes(of("")!, "no language");
});
