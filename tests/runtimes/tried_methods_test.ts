import { assert, assertEquals } from "@std/assert";
import { runtimes } from "./every_runtime.ts";
import { findTrial, readTried } from "./tried_methods.ts";

const read = (path: string) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url));

// The process that runs all tests runs this file after those that try the methods.
Deno.test("tests/README.md: its table of methods shows what this test run has tried on every runtime", async () => {
  const { imports, exports } = JSON.parse(await read("deno.json"));
  const [lines = ""] = (await read("tests/README.md")).match(/(?<=\n## Methods\n[^]*?\n)(\|.*\n)+/) ?? [];
  const [heading, , ...rows] = lines.trim().split("\n").map((line) =>
    line.split("|").slice(1, -1).map((it) => it.trim())
  );
  const columns = runtimes.map(({ column }) => column);
  const server = imports["oidc-provider"].replace("npm:", "").replace("@", " ");
  assertEquals(heading, [`against ${server}`, "import", ...columns]);

  const tried = new Set(readTried().map((each) => each.join(": ")));
  const names = rows.map(([what = ""]) => what.replace(/ [¹²³⁴⁵⁶]$/, ""));
  const expected = rows.map(([what, path], index) => [
    what,
    path,
    ...columns.map((column) => {
      const [hasRun, hasWorked] = [findTrial(names[index]!), names[index]!].map((it) => tried.has(`${column}: ${it}`));
      if (hasRun && !hasWorked) return "✗";
      return what === "`resource`, two ⁵" ? "–" : "✓";
    }),
  ]);
  assertEquals(rows, expected);
  assertEquals(rows.filter(([, path = ""]) => !/…`$/.test(path) && !(path.slice(1, -1) in exports)), []);
  const known = [...names, ...names.map(findTrial)];
  assertEquals(readTried().filter(([, trialOrRow]) => !known.includes(trialOrRow)), []);

  if (names.some((name) => columns.some((column) => !tried.has(`${column}: ${findTrial(name)}`)))) {
    const gap = "Not all methods were tried in this run: the others count as expected.";
    assert(Deno.env.get("ALL_TESTS") !== "true", gap);
    console.log(gap);
  }
});
