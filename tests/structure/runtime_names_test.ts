import { assert, assertEquals } from "@std/assert";
import { read, sourceFiles } from "./files.ts";
import { isRuntimeSpecific } from "./rooms.ts";
import { readModule } from "./syntax.ts";

Deno.test("the names of runtimes stand only in the modules that exist for one", () => {
  const strays = sourceFiles().filter((path) => !isRuntimeSpecific(path)).flatMap((path) =>
    readModule(path, read(path)).runtimeNames.map((name) => `${path} names ${name}`)
  );

  assertEquals(strays, []);
});

Deno.test("the modules that exist for one runtime do name it", () => {
  const names = new Set(sourceFiles().flatMap((path) => readModule(path, read(path)).runtimeNames));

  assert(names.has("Deno") && names.has("navigator"), `only ${[...names]} found`);
});

const planted: Record<string, readonly string[]> = {
  'Deno.env.get("HOME")': ["Deno"],
  "globalThis.process?.env": ["process"],
  'globalThis["Bun"]': ["Bun"],
  "`${navigator.userAgent}`": ["navigator"],
  "({ caches })": ["caches"],
  "x as typeof Deno.env": ["Deno"],
  'Symbol.for("Deno.customInspect")': [],
  '"Deno" // Deno': [],
};
for (const [code, names] of Object.entries(planted)) {
  Deno.test(`the reader finds ${names.length === 0 ? "no runtime" : names} in ${code}`, () => {
    assertEquals(readModule("src/sample.ts", `export const sample = ${code};`).runtimeNames, names);
  });
}
