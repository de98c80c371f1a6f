import { assertEquals } from "@std/assert";
import { read } from "./files.ts";

interface Lock {
  readonly npm: Record<string, unknown>;
  readonly workspace: { readonly dependencies: readonly string[]; readonly links?: unknown };
  readonly redirects?: unknown;
  readonly remote?: unknown;
}

const { npm, workspace, redirects, remote }: Lock = JSON.parse(read("deno.lock"));
const imports: Record<string, string> = JSON.parse(read("deno.json")).imports;

Deno.test("deno.lock: names no runtime and no browser, for each task downloads all that it names", () => {
  // These have lock files of their own, beside their tests.
  const heavy =
    /^(@cloudflare\/|@esbuild\/|@oven\/|@sparticuz\/|bun@|esbuild@|miniflare@|typescript@|workerd@|wrangler@)/;
  assertEquals(Object.keys(npm).filter((name) => heavy.test(name)), []);
});

Deno.test("deno.lock: names @std on JSR, and no stand-in for it", () => {
  assertEquals([workspace.links, redirects, remote], [undefined, undefined, undefined]);
  const packages = ["assert", "dotenv", "encoding", "testing"].map((name) => `jsr:@std/${name}@`);
  assertEquals(packages.filter((name) => !workspace.dependencies.some((each) => each.startsWith(name))), []);
});

Deno.test("deno.json: imports npm packages in one exact version, which deno.lock pins", () => {
  const targets = Object.values(imports).filter((target) => target.startsWith("npm:"));
  const isPinned = (target: string) => /@\d+\.\d+\.\d+(\/.*)?$/.test(target) && workspace.dependencies.includes(target);
  assertEquals(targets.filter((target) => !isPinned(target)), []);
});
