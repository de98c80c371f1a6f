import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { read, sourceFiles } from "./files.ts";
import { judgeImport } from "./rooms.ts";
import { readModule } from "./syntax.ts";

Deno.test("imports in src go downward only, and implementations don't know each other", () => {
  const faults = sourceFiles().flatMap((path) =>
    readModule(path, read(path)).imports.map((specifier) => judgeImport(path, specifier)).filter(Boolean)
  );

  assertEquals(faults, []);
});

Deno.test("no file of src has more than 250 lines", () => {
  assertEquals(sourceFiles().filter((path) => read(path).split("\n").length > 251), []);
});

Deno.test("the reader is not blind: the modules of src import more than there are of them", () => {
  const files = sourceFiles();

  assertGreater(files.flatMap((path) => readModule(path, read(path)).imports).length, files.length);
});

Deno.test("the reader finds every form of import, and none in comments or strings", () => {
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

  assertEquals(imports, [
    "./a.ts",
    "./c.ts",
    "./d.ts",
    "./e.ts",
    "./f.ts",
    "./g.ts",
    "./h.ts",
    "<computed>",
  ]);
});

const planted = [
  { what: "an upward import", from: "src/errors.ts", to: "./credentials.ts", says: "above" },
  { what: "an upward import of types", from: "src/token_endpoint/x.ts", to: "../authenticator.ts", says: "above" },
  {
    what: "a sideways import of rooms",
    from: "src/config_store/x.ts",
    to: "../client_auth/none.ts",
    says: "beside",
  },
  {
    what: "a sideways import",
    from: "src/config_store/chain.ts",
    to: "./static.ts",
    says: "don't know each other",
  },
  { what: "an unknown room", from: "src/util/x.ts", to: "../errors.ts", says: "tests/structure/rooms.ts" },
  { what: "an import of an unknown room", from: "src/refresh/renewal.ts", to: "../shared/x.ts", says: '"shared"' },
  { what: "an import of the tests", from: "src/refresh/renewal.ts", to: "../../tests/x.ts", says: "outside" },
  { what: "an import of the front door", from: "src/refresh/renewal.ts", to: "../../mod.ts", says: "outside" },
  { what: "a vendor's package in the core", from: "src/refresh/renewal.ts", to: "npm:jose@6", says: "isn't ours" },
  {
    what: "a package of some exports in another",
    from: "src/client_auth/client_assertion.ts",
    to: "jose",
    says: "isn't ours",
  },
  { what: "a runtime's module in the core", from: "src/refresh/renewal.ts", to: "node:fs", says: "isn't ours" },
  { what: "an import nobody can see", from: "src/refresh/renewal.ts", to: "<computed>", says: "name the module" },
];
for (const { what, from, to, says } of planted) {
  Deno.test(`the judge of imports refuses ${what}`, () => {
    assertStringIncludes(judgeImport(from, to) ?? "nothing wrong", says);
  });
}

const allowed = [
  ["mod.ts", "./src/authenticator.ts"],
  ["src/client_credentials.ts", "./authenticator.ts"],
  ["src/authenticator.ts", "./errors.ts"],
  ["src/config_store/static.ts", "./client_config_store.ts"],
  ["src/token_endpoint/get_token.ts", "./exchange.ts"],
  ["src/credentials.ts", "@std/encoding/base64url"],
  ["src/transport/pem.ts", "node:fs/promises"],
  ["src/client_auth/sign_assertion.ts", "jose"],
] as const;
for (const [from, to] of allowed) {
  Deno.test(`the judge of imports lets ${from} import ${to}`, () => {
    assertEquals(judgeImport(from, to), undefined);
  });
}
