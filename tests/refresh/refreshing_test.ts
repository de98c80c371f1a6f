/** The life of a token that is kept fresh. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { permanent, transient } from "./policy_scene.ts";
import { silent, TokensScene } from "./scene.ts";

for (const lifetime of [2_000, 20_000, 3_600_000, 86_400_000]) {
  Deno.test(`refreshing: reuses a token of ${lifetime / 1000} s, then refreshes it in the background`, async () => {
    using scene = new TokensScene({ lifetime });
    const window = Math.min(lifetime * 0.2, 300_000);
    assertEquals(await scene.use(), "t1");
    scene.advance(lifetime - window * 1.25 - 1);
    assertEquals([await scene.use(), scene.requests], ["t1", 1], "before the window");
    scene.advance(window * 0.25 + 2);
    assertEquals(await Promise.all([scene.use(), scene.use()]), ["t1", "t1"], "in the window no caller waits");
    await scene.settle();
    assertEquals([await scene.use(), scene.requests], ["t2", 2]);
  });

  Deno.test(`refreshing: uses a token of ${lifetime / 1000} s up to its end while a refresh hangs`, async () => {
    using scene = new TokensScene({ lifetime });
    await scene.use();
    scene.source = silent;
    for (const remaining of [lifetime * 0.1, lifetime * 0.01, 1]) {
      scene.advance(lifetime - remaining - (scene.wall - 1_800_000_000_000));
      assertEquals(await scene.use(), "t1");
    }
    scene.advance(1);
    assertEquals(scene.tokens.fresh(), undefined);
  });
}

Deno.test("refreshing: doesn't refresh a fleet's tokens in step", async () => {
  const ages = new Set<number>();
  for (let i = 0; i < 20; i++) {
    using scene = new TokensScene();
    Math.random = () => i / 20;
    ages.add((await scene.get()).refreshAge);
  }
  assertEquals(ages.size, 20);
});

Deno.test("refreshing: takes the option's lifetime where the server says none", async () => {
  using scene = new TokensScene({ lifetime: null, defaultLifetime: 10_000 });
  await scene.use();
  scene.advance(7_000);
  assertEquals(await scene.use(), "t1");
  scene.advance(3_001);
  assertEquals(await scene.use(), "t2");
});

Deno.test("refreshing: asks again for a caller whose token expired while a background refresh failed", async () => {
  using scene = new TokensScene({ retry: { maxAttempts: 1 } });
  await scene.use();
  const fail = scene.holdBack(() => Promise.reject(permanent()));
  scene.advance(3_599_999);
  assertEquals(await scene.use(), "t1");
  await scene.settle();
  scene.advance(1);
  const waiting = scene.use();
  await scene.settle();
  scene.source = undefined;
  fail();
  assertEquals([await waiting, scene.requests], ["t3", 3]);
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

Deno.test("refreshing: refreshes once after a clock was set forward or the machine slept", async () => {
  using scene = new TokensScene({ lifetime: 60_000 });
  await scene.use();
  for (const next of ["t2", "t3"]) {
    scene.advance(3_600_000, "wall");
    assertEquals([await scene.use(), await scene.use()], [next, next]);
  }
  assertEquals(scene.requests, 3);
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
  using scene = new TokensScene({ lifetime: 1 });
  for (let i = 0; i < 20; i++) await scene.use();
  assertEquals(scene.requests, 1);
  scene.advance(1_000);
  assertEquals(await scene.use(), "t2");
});

Deno.test("refreshing: ends one caller's wait by its signal, with its own reason, and no other's", async () => {
  using scene = new TokensScene();
  const answer = scene.holdBack();
  const controller = new AbortController();
  const [impatient, patient] = [scene.use(controller.signal), scene.use()];
  const reason = new Error("enough");
  await scene.settle();
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => impatient), reason);
  assertStrictEquals(await assertRejects(() => scene.use(controller.signal)), reason);
  answer();
  assertEquals(await patient, "late");
});

Deno.test("refreshing: makes one request for all callers, and gives each an error of its own", async () => {
  using scene = new TokensScene();
  scene.failure = permanent();
  const errors = await Promise.all([1, 2].map(() => assertRejects(() => scene.use(), AuthenticationError)));
  assertEquals([new Set(errors).size, new Set(errors.map(({ code }) => code)).size, scene.requests], [2, 1, 1]);
});

Deno.test("refreshing: ignores the late answer of an attempt that was given up", async () => {
  using scene = new TokensScene({ timeout: 1_000, retry: { maxAttempts: 1 } });
  await scene.use();
  let answer = () => {};
  scene.source = () => new Promise((resolve) => answer = () => resolve(scene.issue("late")));
  const rejected = assertRejects(() => scene.tokens.refresh(), AuthenticationError, "within 1000 ms");
  await scene.pass(1_000);
  await rejected;
  answer();
  await scene.settle();
  assertEquals(await scene.use(), "t1");
});

Deno.test("refreshing: takes options that are undefined for their defaults", async () => {
  using scene = new TokensScene({ retry: { maxAttempts: undefined, maxDelay: undefined, totalTimeout: undefined } });
  scene.failure = transient();
  const rejected = assertRejects(() => scene.use(), AuthenticationError, "busy");
  await scene.pass(30_000);
  await rejected;
  assertEquals(scene.requests, 5);
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

Deno.test("refreshing: requests a token a second at most where the server says that they expire at once", async () => {
  using scene = new TokensScene({ lifetime: 0 });
  for (let count = 0; count < 50; count++) {
    await scene.use();
    scene.advance(100);
  }
  assertEquals(scene.requests, 5);
});
