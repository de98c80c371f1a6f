import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { DiscoveryClientConfigStore, type DiscoveryOptions } from "@m2m/authenticator/config-store/discovery";
import { until } from "../faults/until.ts";
import { asOnWorkerd, HandClock, issuer, metadataStub, silence } from "./metadata_stub.ts";

const hour = 3_600_000;

function arrange(options: DiscoveryOptions = {}) {
  const server = metadataStub();
  const clock = new HandClock();
  const store = new DiscoveryClientConfigStore(issuer, { fetch: server.fetch, clock, ...options });
  const endpoint = async () => (await store.getClientConfig()).tokenEndpoint;
  return { server, clock, store, endpoint };
}

function down(): Response {
  return new Response(null, { status: 503 });
}

for (const where of ["where promises can be shared", "where they can't"]) {
  Deno.test(`all who ask at once share one request, and later ones need none, ${where}`, async () => {
    using _ = where === "where they can't" ? asOnWorkerd() : undefined;
    const { server, store } = arrange();

    const all = await Promise.all(Array.from({ length: 50 }, () => store.getMetadata()));

    for (const one of all) assertStrictEquals(one, all[0]);
    assertStrictEquals(await store.getMetadata(), all[0]);
    assertEquals(server.paths, ["/.well-known/oauth-authorization-server"]);
  });
}

Deno.test("nobody is asked before somebody wants to know", () => {
  const { server } = arrange();
  assertEquals(server.paths, []);
});

Deno.test("metadata that has grown old is used once more, and fetched anew behind whoever asks", async () => {
  const { server, clock, endpoint } = arrange();
  await endpoint();
  server.tokenEndpoint = `${issuer}/token-2`;

  clock.now += hour - 1;
  assertEquals([await endpoint(), server.paths.length], [`${issuer}/token-1`, 1]);
  clock.now += 1;
  assertEquals([await endpoint(), await endpoint(), server.paths.length], [
    `${issuer}/token-1`,
    `${issuer}/token-1`,
    2,
  ]);
  await until(() => server.paths.length === 2);
  await server.calm();

  assertEquals([await endpoint(), server.paths.length], [`${issuer}/token-2`, 2]);
});

Deno.test("how old metadata may be can be set", async () => {
  const { server, clock, endpoint } = arrange({ maxAge: 1_000 });
  await endpoint();
  clock.now += 999;
  await endpoint();
  assertEquals(server.paths.length, 1);
  clock.now += 1;
  await endpoint();
  await until(() => server.paths.length === 2);
  await server.calm();
});

Deno.test("a clock that is set back makes metadata no younger", async () => {
  const clock = new HandClock();
  let monotonic = 0;
  clock.monotonic = () => monotonic;
  const { server, endpoint } = arrange({ clock });
  await endpoint();

  clock.now -= 10 * hour;
  monotonic += hour;
  await endpoint();

  await until(() => server.paths.length === 2);
  await server.calm();
});

const troubles: Record<string, () => Response | Promise<Response>> = {
  "is down": down,
  "can't be reached": () => Promise.reject(new TypeError("connection refused")),
  "publishes nothing any more": () => new Response(null, { status: 404 }),
  "answers a page": () => new Response("<html>", { headers: { "content-type": "text/html" } }),
  "speaks for somebody else": () => Response.json({ issuer: "https://evil.test", token_endpoint: "https://evil.test" }),
};
for (const [what, trouble] of Object.entries(troubles)) {
  Deno.test(`while the server ${what}, the last good metadata stays in use, for days`, async () => {
    const { server, clock, endpoint } = arrange();
    await endpoint();
    server.trouble = trouble;

    for (let hours = 0; hours < 72; hours += 12) {
      clock.now += 12 * hour;
      assertEquals(await endpoint(), `${issuer}/token-1`);
      await server.calm();
    }
    server.trouble = undefined;
    server.tokenEndpoint = `${issuer}/token-2`;
    clock.now += 10_000;
    await endpoint();
    await server.calm();

    assertEquals(await endpoint(), `${issuer}/token-2`);
  });
}

Deno.test("a server that fails is left alone for ten seconds by those who have older metadata", async () => {
  const { server, clock, endpoint } = arrange();
  await endpoint();
  server.trouble = down;
  clock.now += hour;
  await endpoint();
  await until(() => server.paths.length === 3);
  await server.calm();

  clock.now += 9_999;
  for (let count = 0; count < 20; count++) await endpoint();
  assertEquals(server.paths.length, 3);

  clock.now += 1;
  await endpoint();
  await until(() => server.paths.length === 5);
  await server.calm();
});

Deno.test("for as long as a failing server asks to be left alone it is, by those who have older metadata", async () => {
  const { server, clock, endpoint } = arrange();
  await endpoint();
  server.trouble = () => new Response(null, { status: 503, headers: { "retry-after": "60" } });
  clock.now += hour;
  await endpoint();
  await server.calm();
  const asked = server.paths.length;

  clock.now += 59_000;
  await endpoint();
  assertEquals(server.paths.length, asked);

  clock.now += 1_000;
  await endpoint();
  await until(() => server.paths.length > asked);
  await server.calm();
});

Deno.test("a server's wish to be left alone is told, as seconds and as a date", async () => {
  for (const [header, expected] of [["60", 60_000], ["Fri, 15 Jan 2027 08:02:00 GMT", 120_000], ["soon", undefined]]) {
    const { server, endpoint } = arrange();
    server.trouble = () => new Response(null, { status: 429, headers: { "retry-after": String(header) } });

    const error = await assertRejects(endpoint, AuthenticationError);

    assertEquals([error.code, error.retryable, error.retryAfter], ["config_store_failed", true, expected]);
  }
});

Deno.test("a failure is told to all who wait, and isn't kept: who asks next asks the server", async () => {
  const { server, store, endpoint } = arrange();
  server.trouble = down;

  const all = await Promise.allSettled(Array.from({ length: 10 }, () => store.getMetadata()));

  assertEquals(all.map(({ status }) => status), Array(10).fill("rejected"));
  assertEquals(server.paths.length, 2);
  await assertRejects(() => store.getMetadata(), AuthenticationError, "answered 503");
  assertEquals(server.paths.length, 4);
  server.trouble = undefined;
  assertEquals(await endpoint(), `${issuer}/token-1`);
});

Deno.test("a caller who gives up leaves at once with his own reason, and the others get theirs", async () => {
  const { server, store } = arrange();
  server.trouble = silence;
  const controller = new AbortController();
  const leader = store.getMetadata({ signal: controller.signal }).catch((error: unknown) => error);
  const other = store.getMetadata();
  const third = store.getMetadata({ signal: new AbortController().signal });
  await until(() => server.paths.length === 1);

  controller.abort("enough");
  server.trouble = undefined;

  assertEquals(await leader, "enough");
  assertStrictEquals(await other, await third);
  assertEquals(server.paths.length, 2);
});

Deno.test("a caller who waits for another's request can give up without ending it", async () => {
  const { server, store } = arrange();
  const controller = new AbortController();
  const leader = store.getMetadata();
  const follower = store.getMetadata({ signal: controller.signal }).catch((error: unknown) => error);
  controller.abort("enough");

  assertEquals(await follower, "enough");
  assertEquals((await leader).issuer, issuer);
  assertEquals(server.paths.length, 1);
  assertEquals(await store.getMetadata({ signal: controller.signal }).catch((error: unknown) => error), "enough");
});

Deno.test("what is fetched behind a caller ends with him, and is no failure of the server", async () => {
  const { server, clock, store } = arrange();
  await store.getMetadata();
  server.trouble = silence;
  clock.now += hour;
  const controller = new AbortController();

  await store.getMetadata({ signal: controller.signal });
  await until(() => server.paths.length === 2);
  controller.abort();
  await server.calm();
  server.trouble = undefined;
  await store.getMetadata();

  await until(() => server.paths.length === 3);
  await server.calm();
});

Deno.test("on workerd waitUntil is handed what goes on behind, and a throwing one disturbs nobody", async () => {
  using _ = asOnWorkerd();
  const handed: Promise<unknown>[] = [];
  const { server, clock, endpoint } = arrange({ waitUntil: (work) => void handed.push(work) });
  await endpoint();
  server.tokenEndpoint = `${issuer}/token-2`;
  clock.now += hour;
  assertEquals(await endpoint(), `${issuer}/token-1`);
  assertEquals(handed.length, 1);
  await handed[0];
  assertEquals(await endpoint(), `${issuer}/token-2`);

  const other = arrange({
    waitUntil() {
      throw new Error("outside of a request");
    },
  });
  await other.endpoint();
  other.clock.now += hour;
  assertEquals(await other.endpoint(), `${issuer}/token-1`);
  await until(() => other.server.paths.length === 2);
  await other.server.calm();
});

Deno.test("on workerd without waitUntil one caller waits for the new metadata, but not for as long as the server may take", async () => {
  using _ = asOnWorkerd();
  const { server, clock, store, endpoint } = arrange({ timeout: 2 ** 31 - 1 });
  await endpoint();
  server.tokenEndpoint = `${issuer}/token-2`;
  clock.now += hour;
  assertEquals(await endpoint(), `${issuer}/token-2`);

  server.trouble = silence;
  clock.now += hour;
  const controller = new AbortController();
  const { token_endpoint } = await store.getMetadata({ signal: controller.signal });
  assertEquals(token_endpoint, `${issuer}/token-2`);
  controller.abort();
});

/** Runs until somebody waits for a timer, or nobody has anything left to do. */
async function settledAtOnce(...promises: Promise<unknown>[]): Promise<boolean[]> {
  const done = promises.map(() => false);
  promises.forEach((promise, index) => promise.then(() => done[index] = true, () => done[index] = true));
  for (let turns = 0; turns < 50; turns++) await Promise.resolve();
  return done;
}

Deno.test("on workerd those who come while another waits for new metadata have the older at once", async () => {
  using _ = asOnWorkerd();
  const { server, clock, store, endpoint } = arrange({ timeout: 2 ** 31 - 1 });
  await endpoint();
  server.trouble = silence;
  clock.now += hour;
  const controller = new AbortController();
  const first = store.getMetadata({ signal: controller.signal });

  const others = Array.from({ length: 5 }, () => store.getMetadata());

  assertEquals(await settledAtOnce(first, ...others), [false, true, true, true, true, true]);
  assertEquals((await first).token_endpoint, `${issuer}/token-1`);
  assertEquals(server.paths.length, 2);
  // The first had enough: nobody waits again before the pause is over, not even when nobody asks any more.
  controller.abort();
  await server.calm();
  clock.now += 9_999;
  assertEquals(await settledAtOnce(store.getMetadata(), store.getMetadata()), [true, true]);
  assertEquals(server.paths.length, 2);
  server.trouble = undefined;
  server.tokenEndpoint = `${issuer}/token-2`;
  clock.now += 1;
  assertEquals(await endpoint(), `${issuer}/token-2`);
});

Deno.test("on workerd a caller who leaves while waiting for new metadata has the next ones wait no sooner than others", async () => {
  using _ = asOnWorkerd();
  const { server, clock, store, endpoint } = arrange();
  await endpoint();
  server.trouble = silence;
  clock.now += hour;
  const controller = new AbortController();
  const first = store.getMetadata({ signal: controller.signal }).catch((error: unknown) => error);
  await until(() => server.paths.length === 2);

  controller.abort("enough");

  assertEquals(await first, "enough");
  await server.calm();
  assertEquals(await settledAtOnce(store.getMetadata(), store.getMetadata()), [true, true]);
  assertEquals(server.paths.length, 2);
  server.trouble = undefined;
  clock.now += 10_000;
  await endpoint();
  assertEquals(server.paths.length, 3);
});

for (const outcome of ["metadata", "a failure"]) {
  Deno.test(`on workerd ${outcome} of a caller who was taken for gone, and wakes late, replaces nothing newer`, async () => {
    using _ = asOnWorkerd();
    const { server, clock, store, endpoint } = arrange();
    await endpoint();
    // The leader's request is frozen, and so are its timers.
    const late = Promise.withResolvers<Response>();
    server.trouble = () => late.promise;
    clock.now += hour;
    const setInterval = globalThis.setInterval;
    globalThis.setInterval = (() => 0) as unknown as typeof setInterval;
    const first = store.getMetadata();
    globalThis.setInterval = setInterval;
    await until(() => server.paths.length === 2);
    server.trouble = undefined;
    server.tokenEndpoint = `${issuer}/token-3`;
    await first;
    // Whoever waited for it in vain made a pause.
    clock.now += 10_000;
    assertEquals(await endpoint(), `${issuer}/token-3`);

    server.trouble = down;
    late.resolve(
      outcome === "a failure" ? down() : Response.json({ issuer, token_endpoint: `${issuer}/token-2` }),
    );
    await server.calm();

    assertEquals(await endpoint(), `${issuer}/token-3`);
    // No pause, either, that nobody had reason for.
    const asked = server.paths.length;
    server.trouble = undefined;
    clock.now += hour;
    server.tokenEndpoint = `${issuer}/token-4`;
    assertEquals(await endpoint(), `${issuer}/token-4`);
    assertEquals(server.paths.length, asked + 1);
  });
}

Deno.test("a server that redirects its metadata isn't stormed by callers who come one after another", async () => {
  let requests = 0;
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: "https://api.test",
    clientId: "id",
    clientSecret: "secret",
    configStore: new DiscoveryClientConfigStore("https://auth.test/t"),
    clock: new HandClock(),
    fetch: () => {
      requests++;
      return Promise.resolve(new Response(null, { status: 302, headers: { location: "https://login.test" } }));
    },
  });

  for (let i = 0; i < 20; i++) {
    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
    assertEquals(error.code, "redirect_refused");
  }
  // One search at three places: the second after it isn't over.
  assertEquals(requests, 3);
});
