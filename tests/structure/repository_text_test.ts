import { assert, assertEquals } from "@std/assert";
import { root } from "../std/source.ts";
import { repositoryFiles } from "./files.ts";

/** Words this file must not hold itself are put together from halves. */
const word = (...parts: string[]) => parts.join("");

/** What no text of the repository names, and why. */
const forbiddenText: Readonly<Record<string, RegExp>> = {
  "the host of a package registry (a specifier says which package, and from where)": new RegExp(
    [
      ["registry", "\\.(npmjs\\.org|yarnpkg\\.com|npmmirror\\.com)"],
      ["npm", "\\.jsr\\.io"],
      ["\\bj", "sr\\.io\\b"],
      ["\\besm", "\\.sh\\b"],
      ["deno", "\\.land/x/"],
      ["un", "pkg\\.com"],
      ["cdn\\.", "jsdelivr\\.net"],
    ].map((parts) => word(...parts)).join("|"),
  ),
  // As the path of a URL, or behind a dot or a variable, such a word is nobody's folder.
  "a path of somebody's machine": new RegExp(
    "(file://|(?<![\\w.:/$}\\])-]))/(work|root|(home|Users|tmp)/[\\w-]+)/",
  ),
};

/** Names under which everything and nothing finds a place. */
const forbiddenName = new RegExp(
  `^(${["utils?", "helpers?", "commons?", "misc", "types"].join("|")})(\\.|$)`,
);

function forbiddenWords(text: string): string[] {
  return Object.entries(forbiddenText).flatMap(([what, pattern]) => {
    const match = pattern.exec(text);
    return match === null ? [] : [`${match[0]}: ${what}`];
  });
}

function forbiddenNames(path: string): string[] {
  return path.split("/").filter((part) => forbiddenName.test(part));
}

Deno.test("no file of the repository names a registry's host or a path of this machine", async () => {
  const files = await repositoryFiles();
  const faults = files.flatMap((path) =>
    forbiddenWords(Deno.readTextFileSync(`${root}/${path}`)).map((fault) => `${path} names ${fault}`)
  );

  assertEquals(faults, []);
  assert(files.includes("deno.lock") && files.includes("tests/structure/repository_text_test.ts"));
});

Deno.test("no file or folder of the repository has a name that says nothing", async () => {
  assertEquals((await repositoryFiles()).filter((path) => forbiddenNames(path).length > 0), []);
});

Deno.test("the judge of the repository's texts finds what it looks for", () => {
  const slash = "/";
  const planted = [
    `https://${word("registry", ".npmjs.org")}/jose`,
    `https://${word("j", "sr.io")}/@std/assert`,
    `cd ${slash}work/main`,
    `"${slash}home/somebody/project"`,
    `file://${slash}root/.cache`,
  ];
  const innocent = ["jsr:@std/assert", "https://example.com/work/items", "./tmp/x/y", "`${folder}/root/x`"];

  assertEquals(planted.filter((text) => forbiddenWords(text).length === 0), []);
  assertEquals(innocent.filter((text) => forbiddenWords(text).length > 0), []);
  assertEquals(forbiddenNames("src/util/x.ts"), ["util"]);
  assertEquals(forbiddenNames("src/dpop/types.ts"), ["types.ts"]);
  assertEquals(forbiddenNames("src/token_endpoint/grant_type.ts"), []);
});
