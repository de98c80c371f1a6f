/** Deno's own cache, which is a database on this machine. Chromium's is in `indexed_db_test.ts`. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { webCacheTokenStore } from "@m2m/authenticator/token-store/web-cache";
import { runCases } from "./run_cases.ts";

const options = { signal: new AbortController().signal };

/** A cache of its own, and what removes it. */
async function openCache() {
  const name = `m2m-test-${crypto.randomUUID()}`;
  const cache = await caches.open(name);
  return { name, cache, [Symbol.asyncDispose]: async () => void await caches.delete(name) };
}

Deno.test("a cache of Deno passes all cases, opened once or for each operation", async () => {
  await using opened = await openCache();
  const stores = [opened.cache, () => caches.open(opened.name)].map((cache) => webCacheTokenStore(cache));
  await Promise.all(stores.map((store) => runCases(store)));
});

Deno.test("a cache that was deleted: is made again where a function opens it", async () => {
  await using opened = await openCache();
  const write = { ...options, lifetime: 60_000 };
  await caches.delete(opened.name);
  await assertRejects(() => webCacheTokenStore(opened.cache).set("key", "value", write));
  const store = webCacheTokenStore(() => caches.open(opened.name), { prefix: "https://worker.test/tokens/" });
  await store.set("key", "value", write);
  assertEquals(await store.get("key", options), { value: "value" });
});

/** What isn't this module's, or was written by a clock that is set back since. */
const records: Record<string, unknown> = {
  "another format": { value: "value" },
  "no text": { value: 1, start: 0, end: Date.now() + 60_000 },
  "a clock that is set back since": { value: "value", start: Date.now() + 60_000, end: Date.now() + 120_000 },
};

for (const [what, record] of Object.entries(records)) {
  Deno.test(`a record of ${what}: is none`, async () => {
    await using opened = await openCache();
    await opened.cache.put("https://m2m-token.invalid/key", Response.json(record));
    assertEquals(await webCacheTokenStore(opened.cache).get("key", options), undefined);
  });
}

Deno.test("a response as Cloudflare keeps it: with a max-age of whole seconds, of 1 at least", async () => {
  await using opened = await openCache();
  await webCacheTokenStore(opened.cache).set("key", "value", { ...options, lifetime: 1 });
  const response = await opened.cache.match("https://m2m-token.invalid/key");
  await response?.body?.cancel();
  assertEquals(response?.headers.get("cache-control"), "max-age=1");
});

Deno.test("a cache that fails, or opens too late: the operation rejects", async () => {
  const failing = webCacheTokenStore(() => Promise.reject(new Error("no cache")));
  await assertRejects(() => failing.get("key", options), Error, "no cache");
  await using opened = await openCache();
  const late = webCacheTokenStore(opened.cache).set("key", "value", { lifetime: 1, signal: AbortSignal.abort() });
  await assertRejects(() => late, DOMException, "aborted");
});

Deno.test("what is no cache, or no URL: a TypeError says what to pass", () => {
  for (const cache of [undefined, "my-tokens", caches]) {
    assertThrows(() => webCacheTokenStore(cache as never), TypeError, "a function that opens one");
  }
  assertThrows(() => webCacheTokenStore({} as Cache, { prefix: "tokens" }), TypeError);
});
