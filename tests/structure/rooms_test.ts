import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { read, sourceFiles } from "./files.ts";
import { checkImport } from "./rooms.ts";
import { readModule } from "./syntax.ts";

const imports = sourceFiles().flatMap((path) =>
  readModule(path, read(path)).imports.map((specifier) => [path, specifier] as const)
);

Deno.test("src: imports go downward only, and implementations don't import each other", () => {
  assertEquals(imports.map(([path, specifier]) => checkImport(path, specifier)).filter(Boolean), []);
  // The reader finds some in most modules.
  assertGreater(imports.length, sourceFiles().length);
});

Deno.test("src: no file has more than 250 lines", () => {
  assertEquals(sourceFiles().filter((path) => read(path).split("\n").length > 251), []);
});

Deno.test("readModule: finds every form of import, and none in comments or strings", () => {
  const { imports } = readModule(
    "src/sample.ts",
    `
    import a, { type B } from "./a.ts";
    import type { C } from "./c.ts";
    import "./d.ts";
    export * from "./e.ts";
    export { f } from "./f.ts";
    const g: import("./g.ts").G = await import("./h.ts");
    const i = await import(a);
    // import "./comment.ts";
    const text = 'import "./text.ts"';
    `,
  );
  assertEquals(imports, [..."acdefgh"].map((name) => `./${name}.ts`).concat("<computed>"));
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
  ["src/client_auth/sign_assertion.ts", "jose"],
];
Deno.test("checkImport: names the fault of an import", () => {
  for (const [from, to, fault = "none"] of cases) assertStringIncludes(checkImport(from, to) ?? "none", fault);
});
