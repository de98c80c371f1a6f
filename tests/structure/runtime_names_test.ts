import { assert, assertEquals } from "@std/assert";
import { read, sourceFiles } from "./files.ts";
import { isRuntimeSpecific } from "./rooms.ts";
import { readModule } from "./syntax.ts";

Deno.test("src: only modules for one runtime name a runtime", () => {
  const named = sourceFiles().flatMap((path) =>
    readModule(path, read(path)).runtimeNames.map((name) => ({ path, name }))
  );

  assertEquals(named.filter(({ path }) => !isRuntimeSpecific(path)), []);
  for (const name of ["Deno", "navigator"]) assert(named.some((each) => each.name === name), name);
});

const cases: Record<string, readonly string[]> = {
  'Deno.env.get("HOME")': ["Deno"],
  "globalThis.process?.env": ["process"],
  'globalThis["Bun"]': ["Bun"],
  "`${navigator.userAgent}`": ["navigator"],
  "({ caches })": ["caches"],
  "x as typeof Deno.env": ["Deno"],
  'Symbol.for("Deno.customInspect")': [],
  '"Deno" // Deno': [],
};
Deno.test("readModule: finds the names of runtimes", () => {
  for (const [code, names] of Object.entries(cases)) {
    assertEquals(readModule("src/sample.ts", `export const sample = ${code};`).runtimeNames, names, code);
  }
});
