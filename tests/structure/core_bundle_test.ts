import { assert, assertEquals, assertFalse, assertLess } from "@std/assert";
import { bundleNames, cloudflare } from "../bench/esbuild.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { root } from "../std/source.ts";
import { gzippedSize, importsLeft, singleBundle } from "./single_bundle.ts";

/** Bytes of the core with host transports, minified and gzipped: a little above today's. `@std` differs by its source. */
const guard = 19_600;

/** What the core's bundle must not hold. A package's name is in quotes: messages may name it. */
const strangers = [
  ...['"jose"', "AWS4", "BroadcastChannel", "DPoP", "HMAC", "dpop+jwt", "getRandomValues", "importKey", "indexedDB"],
  ...["openKv", "opentelemetry", "playwright", "setProtectedHeader", "urn:ietf:params:oauth:client-assertion-type"],
  ...["urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:token-exchange", "well-known"],
];

Deno.test("core: bundled into one file, it is small, imports nothing, and holds nothing of other exports", async () => {
  const code = await singleBundle(`${root}/mod.ts`);

  // Bundlers put lazy parts into the same file: a static import of a runtime's module would stop other runtimes.
  assertEquals(importsLeft(code), []);
  assertFalse(/\bimport\s*\(/.test(code), "service workers can load no part later");
  assertEquals(strangers.filter((name) => code.includes(name)), []);
  assert(code.includes("client_credentials"), "this is not the core's code");
  const size = await gzippedSize(code);
  console.log(`core: ${size} bytes minified and gzipped (guard ${guard})`);
  assertLess(size, guard);
});

Deno.test("core: bundled as for Cloudflare, it holds no transport", async () => {
  await using folder = await temporaryFolder("cloudflare_");
  const names = ["ClientCredentialsAuthenticator", "StaticClientConfigStore"];

  const code = await bundleNames(`${root}/mod.ts`, names, folder.path, cloudflare);

  const ofTransports = ['"undici"', "createHttpClient", "node:", "rejectUnauthorized", "proxy_failed", "BEGIN"];
  assertEquals([...strangers, ...ofTransports].filter((name) => code.includes(name)), []);
  assert(code.includes("client_credentials"), "this is not the core's code");
});
