import { assert, assertEquals } from "@std/assert";
import { read, repositoryFiles } from "./files.ts";

/** In halves, for this file too must not hold them. */
const registries = [
  ["registry", "\\.(npmjs\\.org|yarnpkg\\.com|npmmirror\\.com)"],
  ["npm", "\\.jsr\\.io"],
  ["\\bj", "sr\\.io\\b"],
  ["\\besm", "\\.sh\\b"],
  ["deno", "\\.land/x/"],
  ["un", "pkg\\.com"],
  ["cdn\\.", "jsdelivr\\.net"],
];
/** A specifier says which package, and from where: no text names a registry's host, or a path of one machine. */
const forbiddenText = [
  new RegExp(registries.map((parts) => parts.join("")).join("|")),
  // In a URL's path, or behind a dot or a variable, such a word is no folder of a machine.
  new RegExp("(file://|(?<![\\w.:/$}\\])-]))/(work|root|(home|Users|tmp)/[\\w-]+)/"),
];
const isForbidden = (text: string) => forbiddenText.some((pattern) => pattern.test(text));

/** Names that say nothing of the content. */
const forbiddenName = new RegExp(`^(${["utils?", "helpers?", "commons?", "misc", "types"].join("|")})(\\.|$)`);
const hasForbiddenName = (path: string) => path.split("/").some((part) => forbiddenName.test(part));

Deno.test("repository: no text names a registry's host or a path of this machine, and no file has an empty name", async () => {
  const files = await repositoryFiles();

  assertEquals(files.filter((path) => isForbidden(read(path))), []);
  assertEquals(files.filter(hasForbiddenName), []);
  assert(files.includes("deno.lock") && files.includes("tests/structure/repository_text_test.ts"));
});

Deno.test("repository: the patterns find what they look for", () => {
  const slash = "/";
  const planted = [
    `https://${["registry", ".npmjs.org"].join("")}/jose`,
    `https://${["j", "sr.io"].join("")}/@std/assert`,
    `cd ${slash}work/main`,
    `"${slash}home/user/project"`,
    `file://${slash}root/.cache`,
  ];
  const innocent = ["jsr:@std/assert", "https://example.com/work/items", "./tmp/x/y", "`${folder}/root/x`"];

  assertEquals([...planted, ...innocent].filter(isForbidden), planted);
  const paths = ["src/util/x.ts", "src/dpop/types.ts", "src/token_endpoint/grant_type.ts"];
  assertEquals(paths.filter(hasForbiddenName), paths.slice(0, 2));
});
