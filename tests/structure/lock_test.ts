import { assertEquals } from "@std/assert";
import { read } from "./files.ts";

interface Lock {
  readonly npm: Record<string, unknown>;
  readonly workspace: { readonly dependencies: readonly string[]; readonly links?: unknown };
  readonly redirects?: unknown;
  readonly remote?: unknown;
}

const lock: Lock = JSON.parse(read("deno.lock"));
const imports: Record<string, string> = JSON.parse(read("deno.json")).imports;

Deno.test("a first look at the repository downloads no runtime and no browser", () => {
  // Any task downloads all that deno.lock names. What is this big has a lock file of its own, beside its tests.
  const heavy =
    /^(@cloudflare\/|@esbuild\/|@oven\/|@sparticuz\/|bun@|esbuild@|miniflare@|typescript@|workerd@|wrangler@)/;

  assertEquals(Object.keys(lock.npm).filter((name) => heavy.test(name)), []);
});

Deno.test("the lock file names @std on JSR, and no stand-in for it", () => {
  assertEquals([lock.workspace.links, lock.redirects, lock.remote], [undefined, undefined, undefined]);
  assertEquals(
    ["assert", "dotenv", "encoding", "testing"].filter((name) =>
      !lock.workspace.dependencies.some((dependency) => dependency.startsWith(`jsr:@std/${name}@`))
    ),
    [],
  );
});

Deno.test("packages from npm are imported in one exact version, which the lock file pins", () => {
  const fromNpm = Object.values(imports).filter((target) => target.startsWith("npm:"));

  assertEquals(fromNpm.filter((target) => !/@\d+\.\d+\.\d+(\/.*)?$/.test(target)), []);
  assertEquals(fromNpm.filter((target) => !lock.workspace.dependencies.includes(target)), []);
});
