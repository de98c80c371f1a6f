import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { denoOutput } from "../structure/deno_output.ts";
import { read, sourceFiles } from "../structure/files.ts";
import { findCodeBlocks, findFault, isRun } from "./code_blocks.ts";

const documents = ["README.md", "SKILL.md", ...sourceFiles()];

Deno.test("documentation: every block of code is an example that runs, or says why it isn't", () => {
  const blocks = documents.flatMap((path) => findCodeBlocks(path, read(path)));
  assertEquals(blocks.map(findFault).filter(Boolean), []);
});

Deno.test("findCodeBlocks: finds the examples that Deno runs", async () => {
  // Of all documents it takes a minute.
  for (const path of ["README.md", "SKILL.md", "mod.ts", "src/dpop/dpop.ts"]) {
    const examples = findCodeBlocks(path, read(path)).filter(isRun);
    const args = ["--doc", "--no-check", "--filter=no example has this name", path];
    const { success, stdout, stderr } = await denoOutput("test", ...args);

    assert(success && examples.length > 0, stderr);
    assertEquals(Number(/(\d+) filtered out/.exec(stdout)?.[1]), examples.length, stdout);
  }
});

Deno.test("findFault: names the fault of a block's fence", () => {
  const faults = { "ts ignore": "says why", "ts skip": '"skip"', "typescrip": '"typescrip"', "": "no language" };
  for (const [words, fault] of Object.entries({ "ts": "none", "sh": "none", "json": "none", ...faults })) {
    const [block] = findCodeBlocks("a.md", `~~~${words}\nsay();\n~~~`.replaceAll("~", "`"));
    assertStringIncludes(findFault(block!) ?? "none", fault);
  }
});
