import { assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, type AuthenticationErrorCode, type ClientConfigRequest } from "@m2m/authenticator";
import type { LookupOptions } from "@m2m/authenticator/config-store/discovery";
import { until } from "../servers/loopback.ts";
import { asOnWorkerd } from "../refresh/isolate.ts";
import { api, HandClock, issuer, MetadataStub, silence, stores } from "./metadata_stub.ts";

const hour = 3_600_000;

type Kind = keyof typeof stores;

/** How many requests a search makes that succeeds, fails or is rate limited; how many go out at once. */
const counts: Record<Kind, [requests: number, failed: number, limited: number, atOnce: number]> = {
  discovery: [1, 2, 1, 1],
  api: [3, 3, 2, 1],
  flyte: [2, 4, 2, 2],
};

function arrange(kind: Kind, options: LookupOptions = {}) {
  const stub = new MetadataStub();
  const clock = new HandClock();
  const store = stores[kind]({ fetch: stub.fetch, clock, ...options });
  return {
    stub,
    clock,
    store,
    /** The number in the token endpoint, an error's code, or the reason of an abort. */
    get: (request?: ClientConfigRequest) =>
      Promise.resolve(store.getClientConfig(request)).then(
        ({ tokenEndpoint }) => Number(String(tokenEndpoint).split("-")[1]),
        (error) => error.code ?? error,
      ),
    count: () => stub.urls.length,
    /** Waits for this many requests, and no more. */
    async reach(count: number) {
      await until(() => stub.urls.length >= count);
      await stub.calm();
      assertEquals(stub.urls.length, count);
    },
  };
}

/** One whose settings, of version 1, are an hour old. */
async function arrangeStale(kind: Kind, options?: LookupOptions) {
  const scene = arrange(kind, options);
  assertEquals(await scene.get(), 1);
  scene.stub.version = 2;
  scene.clock.now += hour;
  return scene;
}

const deaf = () => new Promise<Response>(() => {});
const down = () => new Response(null, { status: 503 });
const evil = { issuer: "https://evil.test", resource: api, authorization_servers: ["https://evil.test"] };
const failures: Record<string, [failure: () => Response | Promise<Response>, code: AuthenticationErrorCode]> = {
  "is down": [down, "config_store_failed"],
  "can't be reached": [() => Promise.reject(new TypeError("connection refused")), "network_error"],
  "publishes nothing any more": [() => new Response(null, { status: 404 }), "config_not_found"],
  "answers a page": [() => new Response("<html>"), "invalid_config"],
  "names another issuer": [() => Response.json(evil), "invalid_config"],
  "has an expired certificate": [() => Promise.reject(new AuthenticationError("tls_failed", "expired")), "tls_failed"],
};

for (const kind of Object.keys(counts) as Kind[]) {
  const [requests, failed, limited, atOnce] = counts[kind];
  const name = `lookup by the ${kind} store`;

  for (const where of ["", " on workerd"]) {
    Deno.test(`${name}: concurrent callers${where} share one search, later ones need none`, async () => {
      using _ = where === "" ? undefined : asOnWorkerd();
      const { get, count } = arrange(kind);

      assertEquals(await Promise.all(Array.from({ length: 50 }, () => get())), Array(50).fill(1));

      assertEquals([await get(), count()], [1, requests]);
    });
  }

  for (const [maxAge, setBack] of [[undefined, 0], [1_000, 0], [undefined, 10 * hour]] as const) {
    const age = maxAge ?? hour;
    Deno.test(`${name}: refreshes after ${age} ms in the background, with the clock set back by ${setBack} ms`, async () => {
      const { stub, clock, get, reach } = arrange(kind, { maxAge });
      await get();
      stub.version = 2;

      clock.now += age - 1;
      assertEquals([await get(), stub.urls.length], [1, requests]);
      clock.now += 1;
      clock.setBack(setBack);
      assertEquals([await get(), await get()], [1, 1]);
      await reach(2 * requests);

      assertEquals([await get(), stub.urls.length], [2, 2 * requests]);
    });
  }

  for (const [what, [failure, code]] of Object.entries(failures)) {
    Deno.test(`${name}: while the server ${what}, rejects all callers, or keeps the last good result for days`, async () => {
      const { stub, clock, get } = arrange(kind);
      const getAll = async () => [await Promise.all([get(), get(), get()]), stub.urls.splice(0).length];
      stub.failure = failure;
      const first = await getAll();
      assertEquals(first[0], [code, code, code]);
      // The failure isn't kept.
      assertEquals(await getAll(), first);
      stub.failure = undefined;
      assertEquals(await get(), 1);
      stub.failure = failure;

      for (let hours = 0; hours < 72; hours += 12) {
        clock.now += 12 * hour;
        assertEquals(await get(), 1);
        await stub.calm();
      }
      assertEquals(stub.urls.filter((url) => url.includes("evil")), []);
      stub.failure = undefined;
      stub.version = 2;
      clock.now += 10_000;
      await get();
      await stub.calm();

      assertEquals(await get(), 2);
    });
  }

  for (const [header, seconds] of [["", 10], ["60", 60]] as const) {
    Deno.test(`${name}: waits ${seconds} s after a failed refresh with Retry-After ${header}`, async () => {
      const { stub, clock, get, reach } = await arrangeStale(kind);
      stub.failure = () => new Response(null, { status: 503, headers: { "retry-after": header } });
      await get();
      await reach(requests + failed);

      clock.now += seconds * 1_000 - 1;
      for (let calls = 0; calls < 20; calls++) assertEquals(await get(), 1);
      await reach(requests + failed);

      clock.now += 1;
      await get();
      await reach(requests + 2 * failed);
    });
  }

  const limits: [status: number, header: string, retryAfter: number | undefined, count: number][] = [
    [429, "60", 60_000, limited],
    [429, "Fri, 15 Jan 2027 08:02:00 GMT", 120_000, limited],
    [429, "soon", undefined, failed],
    [503, "7", 7_000, failed],
  ];
  for (const [status, header, expected, count] of limits) {
    Deno.test(`${name}: ${status} with Retry-After ${header} ends after ${count} requests`, async () => {
      const { stub, store, reach } = arrange(kind);
      stub.failure = () => new Response(null, { status, headers: { "retry-after": header } });

      const error = await assertRejects(async () => await store.getClientConfig(), AuthenticationError);

      await reach(count);
      const { code, retryable, retryAfter } = error;
      assertEquals([code, retryable, error.status, retryAfter], ["config_store_failed", true, status, expected]);
    });
  }

  Deno.test(`${name}: caches for each fetch, its own or the caller's`, async () => {
    const { stub, clock, get } = arrange(kind);
    const other = new MetadataStub();
    await get({ fetch: other.fetch });
    assertEquals([stub.urls.length, other.urls.length], [requests, 0]);
    const store = stores[kind]({ clock });

    for (const fetch of [other.fetch, other.fetch, stub.fetch]) await store.getClientConfig({ fetch });

    assertEquals([stub.urls.length, other.urls.length], [2 * requests, requests]);
  });

  for (const [leaver, failure] of [[0, silence], [0, deaf], [1, undefined]] as const) {
    const by = failure === deaf ? "a fetch that ignores signals" : "a fetch";
    Deno.test(`${name}: caller ${leaver} of three by ${by} aborts and leaves at once, the others get theirs`, async () => {
      const { stub, get, count } = arrange(kind);
      stub.failure = failure;
      const controllers = [0, 1, 2].map(() => new AbortController());
      const callers = controllers.map(({ signal }) => get({ signal }));
      if (failure) await until(() => count() === atOnce);

      controllers[leaver]!.abort("enough");
      stub.failure = undefined;

      assertEquals(await Promise.all(callers), [1, 1, 1].with(leaver, "enough" as never));
      assertEquals(await get({ signal: controllers[leaver]!.signal }), "enough");
      assertEquals(count(), failure ? atOnce + requests : requests);
    });
  }

  Deno.test(`${name}: a background refresh ends with its caller, which is no failure`, async () => {
    const { stub, get, count, reach } = await arrangeStale(kind);
    stub.failure = silence;
    const controller = new AbortController();

    await get({ signal: controller.signal });
    await until(() => count() === requests + atOnce);
    controller.abort();
    await stub.calm();
    stub.failure = undefined;
    await get();

    await reach(2 * requests + atOnce);
  });
}

Deno.test("lookup on workerd: hands the refresh to waitUntil, which may throw", async () => {
  using _ = asOnWorkerd();
  const handed: Promise<unknown>[] = [];
  const handing = await arrangeStale("discovery", { waitUntil: (work) => void handed.push(work) });
  assertEquals([await handing.get(), handed.length], [1, 1]);
  await handed[0];
  assertEquals(await handing.get(), 2);

  const waitUntil = () => {
    throw new Error("outside of a request");
  };
  const throwing = await arrangeStale("discovery", { waitUntil });
  assertEquals(await throwing.get(), 1);
  await throwing.reach(2);
});

/** Tells which promises settle without a timer. */
async function settledAtOnce(...promises: Promise<unknown>[]): Promise<boolean[]> {
  const done = promises.map(() => false);
  promises.forEach((promise, index) => promise.then(() => done[index] = true));
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  return done;
}

for (const ends of ["is over", "is aborted"]) {
  Deno.test(`lookup on workerd without waitUntil: one caller waits until the refresh, or a second, ${ends}`, async () => {
    using _ = asOnWorkerd();
    const { stub, clock, get, count } = await arrangeStale("discovery", { timeout: 2 ** 31 - 1 });
    assertEquals(await get(), 2);
    stub.failure = silence;
    clock.now += hour;
    const controller = new AbortController();
    const first = get({ signal: controller.signal });

    assertEquals(await settledAtOnce(first, get(), get(), get()), [false, true, true, true]);
    if (ends === "is aborted") {
      await until(() => count() === 3);
      controller.abort("enough");
    }
    assertEquals([await first, count()], [ends === "is aborted" ? "enough" : 2, 3]);
    // The search may go on; no caller waits before the pause is over, even if it ends.
    controller.abort();
    await stub.calm();
    clock.now += 9_999;
    assertEquals(await settledAtOnce(get(), get()), [true, true]);
    assertEquals(count(), 3);
    stub.failure = undefined;
    stub.version = 3;
    clock.now += 1;
    assertEquals(await get(), 3);
  });
}

for (const outcome of ["metadata", "a failure"]) {
  Deno.test(`lookup on workerd: ${outcome} of a frozen request that wakes late replaces nothing newer`, async () => {
    using _ = asOnWorkerd();
    const { stub, clock, get, count } = await arrangeStale("discovery");
    // The leader's request is frozen, and so are its timers.
    const late = Promise.withResolvers<Response>();
    stub.failure = () => late.promise;
    const setInterval = globalThis.setInterval;
    globalThis.setInterval = (() => 0) as unknown as typeof setInterval;
    const first = get();
    globalThis.setInterval = setInterval;
    await until(() => count() === 2);
    stub.failure = undefined;
    stub.version = 3;
    await first;
    // A caller that waited in vain caused a pause.
    clock.now += 10_000;
    assertEquals(await get(), 3);
    clock.now += hour - 1;

    stub.failure = down;
    late.resolve(outcome === "a failure" ? down() : Response.json({ issuer, token_endpoint: `${issuer}/token-2` }));
    await stub.calm();

    assertEquals(await get(), 3);
    // The late outcome causes no pause either.
    const requested = count();
    stub.failure = undefined;
    clock.now += 1;
    stub.version = 4;
    assertEquals([await get(), count()], [4, requested + 1]);
  });
}
