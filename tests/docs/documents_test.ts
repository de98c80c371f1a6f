/** The documents for people and agents: their links, their length, and the form of `llms.txt` (llmstxt.org). */

import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { exportedModules } from "../structure/deno_output.ts";
import { read, repositoryFiles } from "../structure/files.ts";

const text = read("llms.txt");
const files = await repositoryFiles();
const documents = files.filter((path) => path.endsWith(".md") || path === "llms.txt");

/** Names and targets of links and pictures, but those to other hosts. */
function findLinks(path: string) {
  const folder = new URL(path, "https://repository.test/");
  return Array.from(read(path).matchAll(/\[([^\]]*)\]\(([^)#]+)(?:#[^)]*)?\)/g), ([, name, target]) => {
    return { name: name!, url: new URL(target!, folder) };
  }).filter(({ url }) => url.host === "repository.test").map(({ name, url }) => ({
    name,
    path: url.pathname.slice(1),
  }));
}

Deno.test("documents: links lead to files and folders of the repository", () => {
  const links = documents.flatMap((document) => findLinks(document).map(({ path }) => ({ document, path })));
  const isThere = (path: string) =>
    files.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, "")}/`));

  assertEquals(links.filter(({ path }) => !isThere(path)), []);
  assert(["README.md", "llms.txt"].every((document) => links.some((link) => link.document === document)));
});

Deno.test("README.md: can be read in a few minutes", () => {
  const readme = read("README.md");

  assertLess(readme.trimEnd().split("\n").length, 201);
  assertLess(readme.split(/\s+/).length, 1_601);
});

Deno.test("llms.txt: has a title, a summary, and sections of links alone", () => {
  const [head = "", ...sections] = text.split(/^## /m);

  assertMatch(head, /^# @m2m\/authenticator\n\n(> .*\n)+/);
  assert(sections.length > 3);
  for (const section of sections) assertMatch(section, /^\S.*\n\n(- \[[^\]]+\]\([^)]+\)(: .*(\n {2}.*)*)?\n)+\n?$/);
});

Deno.test("llms.txt: has each export with its module", () => {
  const exported = findLinks("llms.txt").filter(({ name }) => name.startsWith("."));
  const modules = Object.entries(exportedModules).map(([name, module]) => ({ name, path: module.slice("./".length) }));
  const sort = (links: typeof exported) => links.toSorted((a, b) => a.name < b.name ? -1 : 1);

  assertEquals(sort(exported), sort(modules));
});
