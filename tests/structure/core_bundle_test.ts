import { bundleNames, cloudflare } from "../bench/esbuild.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { assert, assertEquals, assertFalse, assertLess } from "@std/assert";
import { root } from "../std/source.ts";
import { denoOutput } from "./deno_output.ts";
import { gzippedSize, importsLeft, singleBundle } from "./single_bundle.ts";

/**
 * Bytes, minified and gzipped, of all that the core exports, host transports included. The goal is the smallest peer that
 * renews, with a third of the duties; it is far. What fails is the guard, a little above what it has come to: @std's own
 * size differs by its source. Nothing is loaded later, for in service workers `import()` is forbidden.
 */
const goal = 3_788;
const guard = 18_000;

/** What no program should pay for that imports the core. A package's name is in quotes: messages may speak of it. */
const strangers = [
  '"jose"',
  "AWS4",
  "BroadcastChannel",
  "DPoP",
  "HMAC",
  "dpop+jwt",
  "getRandomValues",
  "importKey",
  "indexedDB",
  "openKv",
  "opentelemetry",
  "playwright",
  "setProtectedHeader",
  "urn:ietf:params:oauth:client-assertion-type",
  "urn:ietf:params:oauth:grant-type:jwt-bearer",
  "urn:ietf:params:oauth:grant-type:token-exchange",
  "well-known",
];

/** The minified code a program gets at once: the entry and its static imports, not what is loaded when needed. */
async function bundle(module: string): Promise<string> {
  const folder = await Deno.makeTempDir();
  try {
    const { success, stderr } = await denoOutput(
      "bundle",
      "--minify",
      "--platform=browser",
      "--code-splitting",
      `--outdir=${folder}`,
      module,
    );
    assert(success, stderr);
    const loaded = new Map<string, string>();
    const load = async (name: string) => {
      if (loaded.has(name)) return;
      const code = await Deno.readTextFile(`${folder}/${name}`);
      loaded.set(name, code);
      // In minified code a static import has its quote where a dynamic one has a parenthesis.
      for (const [, chunk] of code.matchAll(/(?:\bfrom|\bimport)"\.\/([^"]+)"/g)) await load(chunk!);
    };
    await load(module.replace(/^.*\//, "").replace(/\.ts$/, ".js"));
    return [...loaded.values()].join("\n");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the core bundled into one file imports nothing, whatever the bundler took in", async () => {
  // Bundlers put what is loaded lazily into the same file: a runtime's module that is imported statically in there
  // stops every other runtime.
  const code = await singleBundle(`${root}/mod.ts`);
  assertEquals(importsLeft(code), []);
  assertFalse(/\bimport\s*\(/.test(code), "service workers can't load a part later");
});

Deno.test("the core's bundle is small", async () => {
  const size = await gzippedSize(await bundle(`${root}/mod.ts`));

  console.log(`core: ${size} bytes minified and gzipped (goal ${goal}, guard ${guard})`);
  assertLess(size, guard);
});

Deno.test("the core's bundle holds nothing that belongs to an export of its own", async () => {
  const code = await bundle(`${root}/mod.ts`);

  assertEquals(strangers.filter((name) => code.includes(name)), []);
  assert(code.includes("client_credentials"), "this is not the core's code");
});

Deno.test("a bundle of Cloudflare's holds no transport", async () => {
  await using folder = await temporaryFolder("cloudflare_");
  const names = ["ClientCredentialsAuthenticator", "StaticClientConfigStore"];

  const code = await bundleNames(`${root}/mod.ts`, names, folder.path, cloudflare);

  const ofTransports = ['"undici"', "createHttpClient", "node:", "rejectUnauthorized", "proxy_failed", "BEGIN"];
  assertEquals([...strangers, ...ofTransports].filter((name) => code.includes(name)), []);
  assert(code.includes("client_credentials"), "this is not the core's code");
});

Deno.test("a bundle counts what is imported at once, and not what is loaded when needed", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/shared.ts`, `export const shared = String(Date) + "opentelemetry";`);
  await Deno.writeTextFile(
    `${folder}/lazy.ts`,
    `export { shared } from "./shared.ts"; console.log("openKv");`,
  );
  await Deno.writeTextFile(
    `${folder}/entry.ts`,
    `import { shared } from "./shared.ts"; console.log(shared); export const lazy = () => import("./lazy.ts");`,
  );

  const code = await bundle(`${folder}/entry.ts`);
  await Deno.remove(folder, { recursive: true });

  assertEquals(strangers.filter((name) => code.includes(name)), ["opentelemetry"]);
});
