import { assert, assertEquals, assertFalse, assertGreater, assertLess } from "@std/assert";
import { bundleNames, cloudflare } from "../bench/esbuild.ts";
import { root } from "../std/source.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { exportedModules } from "./deno_output.ts";
import { gzippedSize, importsLeft, singleBundle } from "./single_bundle.ts";

/** Bytes of the core with host transports, minified and gzipped: a little above today's. `@std` differs by its source. */
const guard = 22_200;

/** What the core's bundle must not hold. A package's name is in quotes: messages may name it. */
const strangers = [
  ...['"jose"', "AWS4", "BroadcastChannel", "DPoP", "HMAC", "dpop+jwt", "getRandomValues", "importKey", "indexedDB"],
  ...["openKv", "opentelemetry", "playwright", "setProtectedHeader", "urn:ietf:params:oauth:client-assertion-type"],
  ...["urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange", "well-known"],
];
const ofTransports = ['"undici"', "createHttpClient", "node:", "rejectUnauthorized", "proxy_failed", "BEGIN"];

function assertIsCoreAlone(code: string, ...others: readonly string[]): void {
  assertEquals([...strangers, ...others].filter((name) => code.includes(name)), []);
  assert(code.includes("client_credentials"), "this is not the core's code");
}

Deno.test("core: bundled into one file, it is small, imports nothing, and holds nothing of other exports", async () => {
  const code = await singleBundle(`${root}/mod.ts`);

  // Bundlers put lazy parts into the same file: a static import of a runtime's module would stop other runtimes.
  assertEquals(importsLeft(code), []);
  assertFalse(/\bimport\s*\(/.test(code), "service workers can load no part later");
  assertIsCoreAlone(code);
  const size = gzippedSize(code);
  console.log(`core: ${size} bytes minified and gzipped (guard ${guard})`);
  assertLess(size, guard);
});

Deno.test("core: bundled as for Cloudflare, it holds no transport", async () => {
  const names = ["ClientCredentialsAuthenticator", "StaticClientConfigStore"];

  assertIsCoreAlone(await bundleNames(`${root}/mod.ts`, names, cloudflare), ...ofTransports);
});

Deno.test("exports: each can be bundled by itself; their sizes are printed", async () => {
  for (const [name, module] of Object.entries(exportedModules)) {
    // Undici is made for Node.
    const platform = name === "./transport/node" ? "deno" : "browser";
    const size = gzippedSize(await singleBundle(`${root}/${module}`, platform));
    console.log(`${name.padEnd(36)} ${size.toLocaleString("en").padStart(8)} bytes, minified and gzipped`);
    assertGreater(size, 100, name);
  }
});

/** The most that each may add to the core, in bytes, minified and gzipped: a little above the present size. */
const added: Readonly<Record<string, number>> = {
  "./client-auth/client-assertion": 550,
  "./client-auth/client-secret-jwt": 2_700,
  "./client-auth/rotating-keys": 750,
  "./client-auth/rotating-secrets": 290,
  "./client-auth/private-key-jwt": 9_900,
  "./client-auth/secret-file": 400,
  "./client-auth/tls": 220,
  "./client-metadata": 5_700,
  "./config-store/flyte": 6_000,
  "./config-store/flyte-config-file": 20_000,
  "./config-store/protected-resource": 6_000,
  "./dpop": 7_700,
  "./fapi2": 11_000,
  "./grant/identity-assertion": 2_200,
  "./grant/jwt-bearer": 1_000,
  "./grant/signed-assertion": 9_800,
  "./grant/token-exchange": 1_400,
  "./revocation": 1_100,
  "./scope-step-up": 2_400,
  "./telemetry/opentelemetry": 9_200,
  "./token-store": 3_200,
  "./token-store/redis": 1_500,
  "./token-store/sealed": 1_520,
  "./workload": 5_150,
  "./workload/aws": 5_500,
  "./workload/github-actions": 2_200,
};
/** Names that minifiers keep. */
const [ofJose, ofYaml] = ["setProtectedHeader", "tag:yaml.org,2002"];

Deno.test("exports: each adds few bytes to the core, none jose, and YAML only to read it", async () => {
  await using folder = await temporaryFolder("sizes_");
  const entry = `${folder.path}/entry.ts`;
  const bundleWith = async (...modules: string[]) => {
    const lines = ["mod.ts", ...modules].map((module) => `export * from "${new URL(module, `file://${root}/`)}";`);
    await Deno.writeTextFile(entry, lines.join("\n"));
    const code = await singleBundle(entry);
    return { code, size: gzippedSize(code) };
  };
  const core = await bundleWith();
  for (const [name, most] of Object.entries(added)) {
    const { code, size } = await bundleWith(exportedModules[name]!);
    console.log(`${name}: ${size - core.size} bytes on top of the core (guard ${most})`);
    assertLess(size - core.size, most, name);
    assertFalse(code.includes(ofJose), name);
    assertEquals(code.includes(ofYaml), name.endsWith("-config-file"), name);
    assertEquals(importsLeft(code), [], name);
  }
});
