import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { read, sourceFiles } from "./files.ts";
import { checkImport, isRuntimeSpecific } from "./rooms.ts";
import { readModule } from "./syntax.ts";

const modules = sourceFiles().map((path) => ({ path, text: read(path), ...readModule(path, read(path)) }));

Deno.test("src: imports go downward only, and implementations don't import each other", () => {
  const imports = modules.flatMap(({ path, imports }) => imports.map((specifier) => [path, specifier] as const));

  assertEquals(imports.map(([path, specifier]) => checkImport(path, specifier)).filter(Boolean), []);
  assert(imports.length > modules.length, "the reader finds some in most modules");
});

Deno.test("src: only modules for one runtime name a runtime", () => {
  const strangers = modules.filter(({ path, runtimeNames }) => runtimeNames.length > 0 && !isRuntimeSpecific(path));

  assertEquals(strangers.map(({ path, runtimeNames }) => ({ path, runtimeNames })), []);
  const names = modules.flatMap(({ runtimeNames }) => runtimeNames);
  assert(["Deno", "navigator"].every((name) => names.includes(name)), "the reader finds names");
});

Deno.test("src: no file has more than 250 lines", () => {
  assertEquals(modules.filter(({ text }) => text.split("\n").length > 251).map(({ path }) => path), []);
});

/** Imports, and a word of their fault. */
const cases: readonly (readonly [from: string, to: string, fault?: string])[] = [
  ["src/errors.ts", "./credentials.ts", "above"],
  ["src/token_endpoint/x.ts", "../authenticator.ts", "above"],
  ["src/config_store/x.ts", "../client_auth/none.ts", "beside"],
  ["src/config_store/chain.ts", "./static.ts", "don't import each other"],
  ["src/util/x.ts", "../errors.ts", "tests/structure/rooms.ts"],
  ["src/refresh/x.ts", "../shared/x.ts", '"shared"'],
  ["src/refresh/x.ts", "../../tests/x.ts", "outside"],
  ["src/refresh/x.ts", "../../mod.ts", "outside"],
  ["src/refresh/x.ts", "npm:jose@6", "isn't ours"],
  ["src/client_auth/client_assertion.ts", "jose", "isn't ours"],
  ["src/refresh/x.ts", "node:fs", "isn't ours"],
  ["src/refresh/x.ts", "<computed>", "name the module"],
  ["mod.ts", "./src/authenticator.ts"],
  ["src/client_credentials.ts", "./authenticator.ts"],
  ["src/authenticator.ts", "./errors.ts"],
  ["src/config_store/static.ts", "./client_config_store.ts"],
  ["src/token_endpoint/get_token.ts", "./exchange.ts"],
  ["src/credentials.ts", "@std/encoding/base64url"],
  ["src/transport/pem.ts", "node:fs/promises"],
  ["src/testing/json_web_tokens.ts", "jose"],
];
Deno.test("checkImport: names the fault of an import", () => {
  for (const [from, to, fault = "none"] of cases) assertStringIncludes(checkImport(from, to) ?? "none", fault);
});
