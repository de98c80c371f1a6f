/** The life of a token that is kept fresh. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, type AuthenticationErrorCode, Credentials, refreshing } from "@m2m/authenticator";
import { markRemembered } from "../../src/refresh/caller_error.ts";
import { permanent, transient } from "./policy_scene.ts";
import { silent, TokensScene, withToken } from "./scene.ts";

Deno.test("refreshing: refreshes in the last fifth of a life, or five minutes, or sooner by a quarter of that", async () => {
  const windows = [[2_000, 400], [20_000, 4_000], [3_600_000, 300_000], [86_400_000, 300_000]] as const;
  for (const [lifetime, window] of windows) {
    for (const random of [0, 0.2, 1]) {
      using scene = new TokensScene({ lifetime });
      Math.random = () => random;
      assertEquals((await scene.get()).refreshAge, lifetime - window * (1 + random / 4));
    }
  }
});

Deno.test("refreshing: uses a token while a refresh goes on in the background, and up to its end if that hangs", async () => {
  using scene = new TokensScene({ lifetime: 20_000 });
  const used: [string, number][] = [];
  const use = async (ms: number) => {
    scene.advance(ms);
    used.push([await scene.use(), scene.requests]);
    await scene.settle();
  };
  for (const ms of [0, 14_999, 2_000, 0]) await use(ms);
  assertEquals(used.splice(0), [["t1", 1], ["t1", 1], ["t1", 2], ["t2", 2]], "no caller waits");
  scene.source = silent;
  for (const ms of [18_000, 1_998, 1]) await use(ms);
  assertEquals(used, [["t2", 3], ["t2", 3], ["t2", 3]]);
  scene.advance(1);
  assertEquals(scene.tokens.fresh(), undefined);
});

for (const failure of [permanent(), transient()]) {
  Deno.test(`refreshing: asks again for a caller whose token expired while a background refresh failed: ${failure.code}`, async () => {
    using scene = await withToken();
    const fail = scene.holdBack(() => Promise.reject(failure));
    scene.advance(3_599_999);
    assertEquals(await scene.use(), "t1");
    await scene.settle();
    scene.advance(1);
    const waiting = scene.watch(scene.use());
    await scene.settle();
    scene.source = undefined;
    fail();
    await scene.pass(1_000);
    assertEquals([waiting.value, scene.requests], ["t3", 3]);
  });
}

Deno.test("refreshing: uses up no attempts of later callers in the background", async () => {
  using scene = await withToken();
  scene.failure = transient();
  scene.advance(3_599_900);
  assertEquals(await scene.use(), "t1");
  await scene.settle();
  scene.advance(100);
  scene.failure = undefined;
  const { value } = await scene.watchFor(1_000, scene.use());
  assertEquals([value, scene.requests], ["t3", 3]);
});

Deno.test("refreshing: gives a forced refresh its attempts though a rejected call, which needs one, joins it", async () => {
  using scene = await withToken();
  const fail = scene.holdBack(() => Promise.reject(transient()));
  const forced = scene.watch(scene.tokens.refresh());
  await scene.settle();
  const rejected = scene.watch(scene.replace());
  scene.source = undefined;
  fail();
  await scene.pass(1_000);
  assertEquals([forced, rejected].map(({ error }) => error), [undefined, undefined]);
  assertEquals([await scene.use(), scene.requests], ["t3", 3]);
});

Deno.test("refreshing: delays a background refresh by a second at most when the clock is set back a little", async () => {
  using scene = new TokensScene({ lifetime: 60_000 });
  const { refreshAge } = await scene.get();
  scene.advance(refreshAge - 100);
  assertEquals(await scene.use(), "t1");
  scene.advance(-50, "wall");
  scene.advance(1_000);
  await scene.use();
  await scene.settle();
  assertEquals(scene.requests, 2);
});

Deno.test("refreshing: asks a few times for a token that the server gives again while it expires", async () => {
  using scene = new TokensScene();
  const end = scene.wall + 60_000;
  scene.source = () => Promise.resolve(scene.issue("same", Math.max(end - scene.wall, 1)));
  for (let age = 0; age < 60_000; age += 100) {
    await scene.use();
    await scene.settle();
    scene.advance(100);
  }
  // In the window once, then close to each shorter end, and never more than once a second.
  assert(scene.requests <= 8, `${scene.requests} requests`);
});

Deno.test("refreshing: uses a token that has expired on arrival for a second", async () => {
  for (const lifetime of [0, 1]) {
    using scene = new TokensScene({ lifetime });
    for (let count = 0; count < 50; count++) {
      await scene.use();
      scene.advance(100);
    }
    assertEquals(scene.requests, 5);
  }
});

Deno.test("refreshing: ignores the late answer of an attempt that was given up", async () => {
  using scene = await withToken({ timeout: 1_000, retry: { maxAttempts: 1 } });
  let answer = () => {};
  scene.source = () => new Promise((resolve) => answer = () => resolve(scene.issue("late")));
  const forced = scene.tokens.refresh().catch(({ message }) => message);
  await scene.pass(1_000);
  answer();
  await scene.settle();
  assertEquals([await forced, await scene.use()], ["Cannot get a token: no answer within 1000 ms.", "t1"]);
});

Deno.test("refreshing: goes on after a pause by a clock that stands still, as tests have it", async () => {
  let requests = 0;
  const source = () => {
    if (++requests === 1) return Promise.reject(transient());
    return Promise.resolve({ credentials: new Credentials({ accessToken: "t" }) });
  };
  const clock = { wall: () => 0, monotonic: () => 0 };
  const tokens = refreshing(source, { clock, retry: { maxDelay: 1, totalTimeout: 2_000 } });
  assertEquals((await tokens.get()).credentials.accessToken, "t");
});

Deno.test("refreshing: takes options that are undefined for their defaults", async () => {
  using scene = new TokensScene({ retry: { maxAttempts: undefined, maxDelay: undefined, totalTimeout: undefined } });
  scene.failure = transient();
  const { error } = await scene.watchFor(30_000, scene.use());
  assertEquals([error?.code, scene.requests], ["token_endpoint_error", 5]);
});

Deno.test("refreshing: starts no attempt once all callers have left, though the machine slept through the pause", async () => {
  using scene = new TokensScene();
  scene.failure = transient();
  const controller = new AbortController();
  const left = assertRejects(() => scene.use(controller.signal));
  await scene.settle();
  controller.abort();
  await left;
  scene.advance(60_000);
  await scene.pass(1_000);
  assertEquals(scene.requests, 1);
  scene.failure = undefined;
  assertEquals(await scene.use(), "t2");
});

Deno.test("refreshing: keeps Retry-After for callers that wait and for those that join them", async () => {
  using scene = new TokensScene();
  scene.failure = transient(1_000);
  const waiting = scene.watch(scene.use());
  await scene.pass(500);
  scene.failure = undefined;
  const joined = await scene.watchFor(500, scene.use());
  assertEquals([waiting.end, joined.end, scene.requests], [undefined, undefined, 1]);
  await scene.pass(500);
  assertEquals([waiting.value, joined.value, scene.requests], ["t2", "t2", 2]);
});

Deno.test("refreshing: fails callers at once for a Retry-After beyond their deadline, and says how long to wait", async () => {
  using scene = new TokensScene();
  scene.failure = transient(3_600_000);
  const calls = [
    scene.watch(scene.use()),
    await scene.watchFor(100, scene.use()),
    await scene.watchFor(50, scene.use()),
  ];
  assertEquals(calls.map(({ end }) => end), [0, 0, 100]);
  assertEquals(calls.map(({ error }) => error?.retryAfter).slice(0, 2), [3_600_000, 3_600_000]);
  assert(calls[2]?.error?.retryAfter! > 3_590_000);
  assertEquals([new Set(calls.map(({ error }) => error)).size, scene.requests], [3, 1]);
});

Deno.test("refreshing: ends a caller's wait by its deadline, with the last error", async () => {
  using scene = new TokensScene({ retry: { maxAttempts: 1_000, maxDelay: 20, totalTimeout: 100 } });
  scene.failure = transient();
  const { error, end } = await scene.watchFor(150, scene.use());
  assertEquals([error?.code, end], ["token_endpoint_error", 100]);
});

Deno.test("refreshing: gives a caller that joins a refresh that hangs its own deadline, and later ones the error at once", async () => {
  using scene = await withToken({ lifetime: 12_000 });
  scene.source = silent;
  scene.advance(11_000);
  await scene.use();
  await scene.pass(1_000);
  const joined = await scene.watchFor(31_000, scene.use());
  const { requests } = scene;
  const late = await scene.watchFor(50, scene.use());
  assertEquals([joined, late].map(({ end, error }) => [end, error?.code]), [[31_000, "timeout"], [32_000, "timeout"]]);
  assert(scene.requests === requests && late.error?.retryAfter! > 0);
});

Deno.test("refreshing: keeps backing off although an error that is remembered comes in between", async () => {
  using scene = new TokensScene();
  const ask = async (failure: AuthenticationError) => {
    scene.failure = failure;
    await scene.watchFor(30_000, scene.use());
    return scene.requests;
  };
  const remembered = markRemembered(permanent());
  assertEquals([await ask(transient()), await ask(remembered), await ask(transient())], [5, 6, 7]);
});

Deno.test("refreshing: asks a second time, after a pause, where a page came in place of a token", async () => {
  using scene = new TokensScene();
  scene.failure = permanent("invalid_response");
  const { error, end } = await scene.watchFor(1_000, scene.use());
  assertEquals([error?.code, end, scene.requests], ["invalid_response", 250, 2]);
  const waiting = scene.watch(scene.use());
  await scene.settle();
  scene.failure = undefined;
  await scene.pass(250);
  assertEquals([waiting.value, scene.requests], ["t4", 4]);
});

for (const code of ["client_auth_unavailable", "config_store_failed"] satisfies AuthenticationErrorCode[]) {
  Deno.test(`refreshing: spares a source that fails by ${code}, and asks it again after a second`, async () => {
    using scene = new TokensScene();
    scene.failure = permanent(code);
    for (let count = 0; count < 50; count++) {
      const error = await assertRejects(() => scene.use(), AuthenticationError);
      assertEquals(error.code, code);
    }
    assertEquals(scene.requests, 1);
    scene.failure = undefined;
    scene.advance(1_000);
    assertEquals(await scene.use(), "t2");
  });
}
