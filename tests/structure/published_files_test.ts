import { assert, assertEquals } from "@std/assert";
import { publishDryRun } from "../gate/publish_dry_run.ts";
import { chooseSource } from "../std/source.ts";
import { sourceFiles } from "./files.ts";

Deno.test("package: can be published, and holds its modules and documents alone", async () => {
  const { success, output, files } = await publishDryRun(await chooseSource());

  assert(success, output);
  assertEquals(files, ["LICENSE", "README.md", "deno.json", ...sourceFiles()].sort());
});
