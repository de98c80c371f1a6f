import { assert, assertEquals } from "@std/assert";
import { publishDryRun } from "../gate/publish_dry_run.ts";
import { chooseSource } from "../std/source.ts";
import { read, repositoryFiles, sourceFiles } from "./files.ts";

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
const forbiddenName = new RegExp(`(^|/)(${["utils?", "helpers?", "commons?", "misc", "types"].join("|")})(\\.|/|$)`);
const hasForbiddenName = (path: string) => forbiddenName.test(path);

Deno.test("repository: no text names a registry's host or a path of this machine, and no file has an empty name", async () => {
  const files = await repositoryFiles();

  assertEquals(files.filter((path) => isForbidden(read(path))), []);
  assertEquals(files.filter(hasForbiddenName), []);
  assert(files.includes("deno.lock") && files.includes("tests/structure/files.ts"));
});

Deno.test("repository: the patterns find what they look for", () => {
  const slash = "/";
  const hosts = [["registry", ".npmjs.org"], ["j", "sr.io"]].map((parts) => `https://${parts.join("")}/jose`);
  const planted = [...hosts, `cd ${slash}work/main`, `"${slash}home/user/project"`, `file://${slash}root/.cache`];
  const innocent = ["jsr:@std/assert", "https://example.com/work/items", "./tmp/x/y", "`${folder}/root/x`"];

  assertEquals([...planted, ...innocent].filter(isForbidden), planted);
  const paths = ["src/util/x.ts", "src/dpop/types.ts", "src/token_endpoint/grant_type.ts"];
  assertEquals(paths.filter(hasForbiddenName), paths.slice(0, 2));
});

Deno.test("package: can be published, and holds its modules and documents alone", async () => {
  const { success, output, files } = await publishDryRun(await chooseSource());

  assert(success, output);
  assertEquals(files, ["LICENSE", "README.md", "SKILL.md", "deno.json", ...sourceFiles()].sort());
});

Deno.test("deno.lock: pins npm packages and @std on JSR, and names no stand-in, runtime or browser", () => {
  const { npm, workspace, redirects, remote } = JSON.parse(read("deno.lock"));
  const imports: Record<string, string> = JSON.parse(read("deno.json")).imports;
  // These have lock files of their own, beside their tests: each task downloads all that this one names.
  const heavy = /^(@(cloudflare|esbuild|oven|sparticuz)\/|(bun|esbuild|miniflare|typescript|workerd|wrangler)@)/;
  // The lock file writes some ranges otherwise.
  const locked: string[] = workspace.dependencies.map((each: string) => each.replace(/@~/, "@^"));
  const isPinned = (target: string) =>
    /^(jsr:@std\/.+|npm:.+@\d+\.\d+\.\d+(\/.*)?)$/.test(target) && locked.includes(target);

  assertEquals(Object.keys(npm).filter((name) => heavy.test(name)), []);
  assertEquals([workspace.links, redirects, remote], [undefined, undefined, undefined]);
  assertEquals(Object.values(imports).filter((target) => !isPinned(target)), []);
});
