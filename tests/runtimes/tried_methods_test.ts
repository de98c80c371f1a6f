import { assert, assertEquals, assertThrows } from "@std/assert";
import { runtimes } from "./every_runtime.ts";
import { isComplete, noteTried, table } from "./tried_methods.ts";

const repository = new URL("../../", import.meta.url);
const heading = "## Methods\n";

/** The cells of the first table below the heading. */
function published(readme: string): string[][] {
  const below = readme.slice(readme.indexOf(heading) + heading.length);
  const [lines = ""] = below.match(/(^\|.*\n)+/m) ?? [];
  return lines.trim().split("\n")
    .filter((line) => !/^[|\s:-]+$/.test(line))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

// Test files run in the order of their names, and this one comes after those that try the methods.
Deno.test("tests/README.md: its table of methods shows what this test run has tried on every runtime", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", repository)));
  const server = imports["oidc-provider"].replace("npm:", "").replace("@", " ");
  const cells = table(runtimes, server);
  if (!isComplete(runtimes)) {
    const gap = "Not all methods were tried in this run: the others count as expected.";
    assert(Deno.env.get("CI") !== "true", gap);
    console.log(gap);
  }

  assertEquals(published(await Deno.readTextFile(new URL("tests/README.md", repository))), cells);
});

Deno.test("table: marks a row that failed where its trial ran; noteTried: refuses an unknown row", () => {
  const before = Deno.env.get("TRIED_METHODS") ?? "{}";
  Deno.env.set("TRIED_METHODS", "{}");
  try {
    const [deno, bun] = runtimes;
    noteTried(deno!, "methods", ["`audience`"]);
    const marks = new Map(table([deno!, bun!], "").map(([what, , ...marks]) => [what, marks]));

    assertEquals(marks.get("`audience`"), ["✓", "✓"]);
    assertEquals(marks.get("`beforeTokenRequest`"), ["✗", "✓"]);
    assertEquals(marks.get("`resource`, two ⁵"), ["✗", "–"]);
    assertEquals(marks.get("`tls_client_auth` ⁴"), ["✓", "✓"]);
    assertEquals(isComplete(runtimes), false);
    assertThrows(() => noteTried(deno!, "methods", ["`tls_client_auth`"]), Error, "No row of the table");
  } finally {
    Deno.env.set("TRIED_METHODS", before);
  }
});
