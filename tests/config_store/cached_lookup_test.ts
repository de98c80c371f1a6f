import { assertEquals, assertRejects } from "@std/assert";
import {
  AuthenticationError,
  type AuthenticationErrorCode,
  type ClientConfigRequest,
  type ClientConfigStore,
  ClientCredentialsAuthenticator,
  type Fetch,
} from "@m2m/authenticator";
import { DiscoveryClientConfigStore, type LookupOptions } from "@m2m/authenticator/config-store/discovery";
import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { until } from "../faults/until.ts";
import { asOnWorkerd } from "../refresh/isolate.ts";
import { api, HandClock, issuer, MetadataStub, platform, silence } from "./metadata_stub.ts";

const hour = 3_600_000;

/** A store; how many requests a search makes that succeeds, fails or is rate limited; how many go out at once. */
type Kind = [
  create: (options: LookupOptions) => ClientConfigStore,
  requests: number,
  failed: number,
  limited: number,
  atOnce: number,
];

const discovery: Kind = [(options) => new DiscoveryClientConfigStore(issuer, options), 1, 2, 1, 1];
const kinds: Record<string, Kind> = {
  DiscoveryClientConfigStore: discovery,
  ProtectedResourceClientConfigStore: [
    (options) => new ProtectedResourceClientConfigStore(api, { issuer, ...options }),
    ...[3, 3, 2, 1] as const,
  ],
  FlyteClientConfigStore: [(options) => new FlyteClientConfigStore(platform, options), 2, 4, 2, 2],
};

function arrange([create]: Kind, options: LookupOptions = {}) {
  const stub = new MetadataStub();
  const clock = new HandClock();
  const store = create({ fetch: stub.fetch, clock, ...options });
  return {
    stub,
    clock,
    /** The number in the token endpoint. */
    get: async (request?: ClientConfigRequest) =>
      Number(String((await store.getClientConfig(request)).tokenEndpoint).split("-")[1]),
    count: () => stub.urls.length,
    /** Waits for this many requests, and no more. */
    reach: async (count: number) => {
      await until(() => stub.urls.length >= count);
      await stub.calm();
      assertEquals(stub.urls.length, count);
    },
  };
}

const down = () => new Response(null, { status: 503 });
const catchIt = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);
const evil = { issuer: "https://evil.test", resource: api, authorization_servers: ["https://evil.test"] };
const failures: Record<string, [failure: () => Response | Promise<Response>, code: AuthenticationErrorCode]> = {
  "is down": [down, "config_store_failed"],
  "can't be reached": [() => Promise.reject(new TypeError("connection refused")), "network_error"],
  "publishes nothing any more": [() => new Response(null, { status: 404 }), "config_not_found"],
  "answers a page": [() => new Response("<html>"), "invalid_config"],
  "names another issuer": [() => Response.json(evil), "invalid_config"],
  "has an expired certificate": [() => Promise.reject(new AuthenticationError("tls_failed", "expired")), "tls_failed"],
};

for (const [name, kind] of Object.entries(kinds)) {
  const [create, requests, failed, limited, atOnce] = kind;

  for (const where of ["", " on workerd"]) {
    Deno.test(`${name}: concurrent callers${where} share one search, later ones need none`, async () => {
      using _ = where === "" ? undefined : asOnWorkerd();
      const { get, count } = arrange(kind);
      assertEquals(count(), 0);

      assertEquals(await Promise.all(Array.from({ length: 50 }, () => get())), Array(50).fill(1));

      assertEquals([await get(), count()], [1, requests]);
    });
  }

  for (const maxAge of [undefined, 1_000]) {
    Deno.test(`${name}: uses a result of age ${maxAge ?? "1 h"} while it refreshes in the background`, async () => {
      const { stub, clock, get, count, reach } = arrange(kind, { maxAge });
      await get();
      stub.version = 2;

      clock.now += (maxAge ?? hour) - 1;
      assertEquals([await get(), count()], [1, requests]);
      clock.now += 1;
      assertEquals([await get(), await get()], [1, 1]);
      await reach(2 * requests);

      assertEquals([await get(), count()], [2, 2 * requests]);
    });
  }

  Deno.test(`${name}: ages by the monotonic clock, too`, async () => {
    const clock = new HandClock();
    let monotonic = 0;
    clock.monotonic = () => monotonic;
    const { get, reach } = arrange(kind, { clock });
    await get();

    clock.now -= 10 * hour;
    monotonic += hour;
    await get();

    await reach(2 * requests);
  });

  for (const [what, [failure, code]] of Object.entries(failures)) {
    Deno.test(`${name}: while the server ${what}, rejects all callers, or keeps the last good result for days`, async () => {
      const { stub, clock, get } = arrange(kind);
      const getAll = async () => new Set(await Promise.all([0, 1, 2].map(() => get().catch(({ code }) => code))));
      stub.failure = failure;
      assertEquals(await getAll(), new Set([code]));
      const requested = stub.urls.length;
      // The failure isn't kept.
      assertEquals(await getAll(), new Set([code]));
      assertEquals(stub.urls.length, 2 * requested);
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

  for (const [header, seconds] of [[undefined, 10], ["60", 60]] as const) {
    Deno.test(`${name}: waits ${seconds} s after a failed refresh with Retry-After ${header}`, async () => {
      const { stub, clock, get, reach } = arrange(kind);
      await get();
      stub.failure = () => new Response(null, { status: 503, headers: header ? { "retry-after": header } : {} });
      clock.now += hour;
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

  for (
    const [status, header, expected, count] of [
      [429, "60", 60_000, limited],
      [429, "Fri, 15 Jan 2027 08:02:00 GMT", 120_000, limited],
      [429, "soon", undefined, failed],
      [503, "7", 7_000, failed],
    ] as const
  ) {
    Deno.test(`${name}: ${status} with Retry-After ${header} ends after ${count} requests`, async () => {
      const { stub, get } = arrange(kind);
      stub.failure = () => new Response(null, { status, headers: { "retry-after": header } });

      const error = await assertRejects(() => get(), AuthenticationError);

      await stub.calm();
      assertEquals([error.code, error.retryable, error.status], ["config_store_failed", true, status]);
      assertEquals([error.retryAfter, stub.urls.length], [expected, count]);
    });
  }

  Deno.test(`${name}: caches for each fetch, its own or the caller's`, async () => {
    const { stub, clock, get } = arrange(kind);
    const other = new MetadataStub();
    const third: Fetch = (input, init) => other.fetch(input, init);
    await get({ fetch: other.fetch });
    assertEquals([stub.urls.length, other.urls.length], [requests, 0]);
    const store = create({ clock });

    for (const fetch of [other.fetch, other.fetch, third]) await store.getClientConfig({ fetch });

    assertEquals(other.urls.length, 2 * requests);
  });

  for (const isDeaf of [false, true]) {
    const by = isDeaf ? "a fetch that ignores signals" : "a fetch";
    Deno.test(`${name}: by ${by}, a leading caller who aborts leaves at once, the others get theirs`, async () => {
      const { stub, get, count } = arrange(kind);
      stub.failure = isDeaf ? () => new Promise(() => {}) : silence;
      const controller = new AbortController();
      const leader = catchIt(get({ signal: controller.signal }));
      const others = [get(), get({ signal: new AbortController().signal })];
      await until(() => count() === atOnce);

      controller.abort("enough");
      stub.failure = undefined;

      assertEquals([await leader, ...await Promise.all(others)], ["enough", 1, 1]);
      assertEquals(count(), atOnce + requests);
    });
  }

  Deno.test(`${name}: a following caller who aborts leaves alone`, async () => {
    const { get, count } = arrange(kind);
    const controller = new AbortController();
    const { signal } = controller;
    const leader = get();
    const follower = catchIt(get({ signal }));
    controller.abort("enough");

    assertEquals([await follower, await leader, count()], ["enough", 1, requests]);
    assertEquals(await catchIt(get({ signal })), "enough");
  });

  Deno.test(`${name}: a background refresh ends with its caller, which is no failure`, async () => {
    const { stub, clock, get, count, reach } = arrange(kind);
    await get();
    stub.failure = silence;
    clock.now += hour;
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
  const { stub, clock, get } = arrange(discovery, { waitUntil: (work) => void handed.push(work) });
  await get();
  stub.version = 2;
  clock.now += hour;
  assertEquals([await get(), handed.length], [1, 1]);
  await handed[0];
  assertEquals(await get(), 2);

  const throwing = arrange(discovery, {
    waitUntil() {
      throw new Error("outside of a request");
    },
  });
  await throwing.get();
  throwing.clock.now += hour;
  assertEquals(await throwing.get(), 1);
  await throwing.reach(2);
});

/** Tells which promises settle without a timer. */
async function settledAtOnce(...promises: Promise<unknown>[]): Promise<boolean[]> {
  const done = promises.map(() => false);
  promises.forEach((promise, index) => promise.then(() => done[index] = true, () => done[index] = true));
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  return done;
}

Deno.test("lookup on workerd without waitUntil: one caller waits for the refresh, for a second at most", async () => {
  using _ = asOnWorkerd();
  const { stub, clock, get, count } = arrange(discovery, { timeout: 2 ** 31 - 1 });
  await get();
  stub.version = 2;
  clock.now += hour;
  assertEquals(await get(), 2);
  stub.failure = silence;
  clock.now += hour;
  const controller = new AbortController();
  const first = get({ signal: controller.signal });

  const others = Array.from({ length: 5 }, () => get());

  assertEquals(await settledAtOnce(first, ...others), [false, true, true, true, true, true]);
  assertEquals([await first, count()], [2, 3]);
  // The search goes on; no caller waits before the pause is over, even if it ends.
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

Deno.test("lookup on workerd: after a waiting caller aborts, the next ones don't wait", async () => {
  using _ = asOnWorkerd();
  const { stub, clock, get, count } = arrange(discovery);
  await get();
  stub.failure = silence;
  clock.now += hour;
  const controller = new AbortController();
  const first = catchIt(get({ signal: controller.signal }));
  await until(() => count() === 2);

  controller.abort("enough");

  assertEquals(await first, "enough");
  await stub.calm();
  assertEquals(await settledAtOnce(get(), get()), [true, true]);
  assertEquals(count(), 2);
  stub.failure = undefined;
  clock.now += 10_000;
  await get();
  assertEquals(count(), 3);
});

for (const outcome of ["metadata", "a failure"]) {
  Deno.test(`lookup on workerd: ${outcome} of a frozen request that wakes late replaces nothing newer`, async () => {
    using _ = asOnWorkerd();
    const { stub, clock, get, count } = arrange(discovery);
    await get();
    // The leader's request is frozen, and so are its timers.
    const late = Promise.withResolvers<Response>();
    stub.failure = () => late.promise;
    clock.now += hour;
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

Deno.test("lookup: callers one after another don't storm a server that redirects its metadata", async () => {
  const stub = new MetadataStub();
  stub.failure = () => new Response(null, { status: 302, headers: { location: "https://login.test" } });
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: "https://api.test",
    clientId: "id",
    clientSecret: "secret",
    configStore: new DiscoveryClientConfigStore("https://auth.test/t"),
    clock: new HandClock(),
    fetch: stub.fetch,
  });

  for (let i = 0; i < 20; i++) {
    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
    assertEquals(error.code, "redirect_refused");
  }
  // One search at three locations: the pause after it isn't over.
  assertEquals(stub.urls.length, 3);
});
