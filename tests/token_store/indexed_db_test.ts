/** IndexedDB, Web Locks and caches in Chromium, in pages and in a service worker that is stopped. */

import { assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { indexedDbTokenStore } from "@m2m/authenticator/token-store/indexed-db";
import { bundle } from "../runtimes/bundle.ts";
import { type Page, startChromium } from "../runtimes/chromium.ts";
import { chromiumPackage } from "../runtimes/chromium_executable.ts";
import { stopWorkers } from "../runtimes/stop_workers.ts";
import { until } from "../runtimes/suite/world.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { serve } from "../servers/loopback.ts";
import { checks } from "./browser_program.ts";

const testOnChromium = await testsOn("Chromium", chromiumPackage);

/** An origin: a page's files, an API that answers with the token, and a token endpoint that waits while it is told to. */
async function startOrigin() {
  const program = await bundle(new URL("browser_program.ts", import.meta.url));
  const state = { requests: 0, gate: Promise.resolve(), open() {} };
  const hold = () => void (state.gate = new Promise((resolve) => state.open = resolve));
  const files: Readonly<Record<string, [text: string, type: string]>> = {
    "/": ["<!doctype html>", "text/html"],
    "/program.js": [program, "text/javascript"],
  };
  const server = serve(async ({ url, headers }) => {
    const { pathname } = new URL(url);
    if (pathname === "/api") return new Response(headers.get("authorization"));
    if (pathname === "/token") {
      const access_token = `token-${++state.requests}`;
      await state.gate;
      return Response.json({ access_token, token_type: "Bearer", expires_in: 3600 });
    }
    const [text, type] = files[pathname] ?? [];
    return new Response(text, { status: type ? 200 : 404, headers: { "content-type": `${type}` } });
  });
  const stop = async () => {
    state.open();
    await server[Symbol.asyncDispose]();
  };
  return { origin: server.origin, state, hold, [Symbol.asyncDispose]: stop };
}

type Origin = Awaited<ReturnType<typeof startOrigin>>;

const register = async () => {
  const { serviceWorker } = navigator as unknown as { serviceWorker: EventTarget & Record<string, unknown> };
  await (serviceWorker.register as (...script: unknown[]) => Promise<void>)("/program.js", { type: "module" });
  if (!serviceWorker.controller) {
    await new Promise((found) => serviceWorker.addEventListener("controllerchange", found));
  }
};

const doInPage = (page: Page, what: string) =>
  page.evaluate<unknown>(`async () => (await import("/program.js")).act(${JSON.stringify(what)})`);
const doInWorker = (page: Page, what: string) =>
  page.evaluate<unknown>(`async () => (await fetch("/act/${what}")).json()`);

testOnChromium("browsers' stores in pages and a service worker of Chromium", async (unpack, context) => {
  await using chromium = await startChromium(unpack);
  const step = (name: string, run: (origin: Origin, page: Page) => Promise<void>) =>
    context.step(name, async () => {
      await using origin = await startOrigin();
      const page = await chromium.open(`${origin.origin}/`);
      await run(origin, page);
    });

  await step("IndexedDB with and without Web Locks, and the cache: pass all cases in both", async (_, page) => {
    await page.evaluate(register);
    const counts = { result: [22, 22, 11] };
    assertEquals(await Promise.all([doInPage(page, "cases"), doInWorker(page, "cases")]), [counts, counts]);
  });

  await step("cold at once: one token request, and none after the worker was stopped", async (it, page) => {
    const { origin, state, hold } = it;
    await page.evaluate(register);
    const other = await chromium.open(`${origin}/`);
    hold();
    const calls = Promise.all([doInPage(page, "call"), doInPage(other, "call"), doInWorker(page, "call")]);
    await until(() => state.requests > 0);
    setTimeout(state.open, 300);
    const first = { result: ["Bearer token-1", 1] };
    assertEquals([await calls, state.requests], [[first, first, first], 1]);

    await stopWorkers(page, origin);
    // It counts from 1: another one has started.
    assertEquals([await doInWorker(page, "call"), state.requests], [first, 1]);
  });

  await step("a worker that is stopped while it has the lease: it is free at once", async (it, page) => {
    const { origin, state, hold } = it;
    await page.evaluate(register);
    hold();
    const stopped = doInWorker(page, "call");
    await until(() => state.requests === 1);
    await stopWorkers(page, origin);
    state.open();
    const start = performance.now();
    const second = { result: ["Bearer token-2", 1] };
    // Chromium starts the worker again for the page's request.
    assertEquals(await Promise.all([doInPage(page, "call"), stopped]), [second, second]);
    assertEquals(state.requests, 2);
    assertLess(performance.now() - start, 10_000);
  });

  await step("a database that the browser closes and empties: is opened again", async ({ origin }, page) => {
    const visits = [await doInPage(page, "visit"), await doInPage(page, "visit")];
    await page.command("Storage.clearDataForOrigin", { origin, storageTypes: "indexeddb" });
    visits.push(await doInPage(page, "visit"), await doInPage(page, "visit"));
    assertEquals(visits, ["nothing", "seen", "nothing", "seen"].map((result) => ({ result })));
  });

  for (const name of Object.keys(checks)) {
    await step(name, async (_, page) => assertEquals(await doInPage(page, name), {}));
  }
});

Deno.test("a database that can't be opened: each operation rejects, and tries again", async () => {
  let tries = 0;
  const open = () => {
    tries++;
    throw new DOMException("no storage here", "SecurityError");
  };
  const store = indexedDbTokenStore({ indexedDB: { open } });
  for (let time = 1; time <= 2; time++) {
    await assertRejects(() => store.get("key", { signal: new AbortController().signal }), DOMException, "no storage");
  }
  assertEquals(tries, 4);
});

Deno.test("no IndexedDB, or no options: a TypeError says what to pass", () => {
  assertThrows(() => indexedDbTokenStore(), TypeError, "indexedDB");
  const indexedDB = { open() {} };
  assertThrows(() => indexedDbTokenStore({ indexedDB, name: 1 as never }), TypeError, "name");
  assertThrows(() => indexedDbTokenStore({ indexedDB, locks: {} as never }), TypeError, "locks");
});
