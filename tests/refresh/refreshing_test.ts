/** The life of a token that is kept fresh. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { permanent, transient } from "./policy_scene.ts";
import { silent, TokensScene } from "./tokens_scene.ts";

for (const lifetime of [2_000, 20_000, 3_600_000, 86_400_000]) {
  Deno.test(`a token of ${lifetime / 1000} s is reused, then refreshed in the background`, async () => {
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

  Deno.test(`a token of ${lifetime / 1000} s is used up to its end while a refresh hangs`, async () => {
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

Deno.test("a fleet doesn't refresh in step", async () => {
  const ages = new Set<number>();
  for (let i = 0; i < 20; i++) {
    using scene = new TokensScene();
    Math.random = () => i / 20;
    ages.add((await scene.tokens.get()).refreshAge);
  }
  assertEquals(ages.size, 20);
});

Deno.test("a lifetime that the server doesn't say is the option's", async () => {
  using scene = new TokensScene({ lifetime: null, defaultLifetime: 10_000 });
  await scene.use();
  scene.advance(7_000);
  assertEquals(await scene.use(), "t1");
  scene.advance(3_001);
  assertEquals(await scene.use(), "t2");
});

Deno.test("an outage goes unnoticed while a token lives, and the first caller after it gets a new one", async () => {
  using scene = new TokensScene({ lifetime: 60_000, retry: { maxAttempts: 1 } });
  await scene.use();
  scene.failure = transient();
  scene.advance(50_000);
  for (const remaining of [9_000, 1_000, 0]) {
    assertEquals(await scene.use(), "t1");
    await scene.settle();
    scene.advance(remaining === 0 ? 0 : remaining - 1);
  }
  scene.advance(10_000);
  const error = await assertRejects(() => scene.use(), AuthenticationError);
  assert(error.retryAfter! > 0 && error.retryAfter! <= 3_000);
  const { requests } = scene;
  await assertRejects(() => scene.use(), AuthenticationError);
  assertEquals(scene.requests, requests, "the next caller gets the error at once");
  scene.failure = undefined;
  scene.advance(error.retryAfter!);
  assertEquals(await scene.use(), `t${requests + 1}`);
});

Deno.test("background refreshes that fail for a moment keep a distance of a second", async () => {
  using scene = new TokensScene({ lifetime: 60_000 });
  await scene.use();
  scene.failure = transient();
  scene.advance(50_000);
  for (let i = 0; i < 50; i++) {
    assertEquals(await scene.use(), "t1");
    await scene.settle();
  }
  assertEquals(scene.requests, 2);
  scene.advance(1_000);
  await scene.use();
  assertEquals(scene.requests, 3);
});

Deno.test("background refreshes that fail permanently pause for longer each time", async () => {
  using scene = new TokensScene();
  await scene.use();
  scene.failure = permanent();
  scene.advance(3_300_000);
  for (const [count, pause] of [5_000, 10_000, 20_000, 40_000].entries()) {
    assertEquals(await scene.use(), "t1");
    await scene.settle();
    assertEquals(scene.requests, count + 2);
    scene.advance(pause - 1);
    await scene.use();
    assertEquals(scene.requests, count + 2, `${pause} ms aren't over`);
    scene.advance(1);
  }
  scene.failure = undefined;
  await scene.use();
  await scene.settle();
  assertEquals(await scene.use(), "t6");
});

Deno.test("what a background refresh meets isn't served to a caller whose token ended meanwhile: that one asks", async () => {
  using scene = new TokensScene({ retry: { maxAttempts: 1 } });
  await scene.use();
  let fail = () => {};
  scene.source = () => new Promise((_, reject) => fail = () => reject(permanent()));
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

Deno.test("a long Retry-After is kept to the letter in the background", async () => {
  using scene = new TokensScene();
  await scene.use();
  scene.advance(3_400_000);
  scene.failure = transient(100_000);
  for (let waited = 0; waited <= 90_000; waited += 30_000) {
    assertEquals(await scene.use(), "t1");
    await scene.settle();
    scene.advance(30_000);
  }
  assertEquals(scene.requests, 2);
});

Deno.test("a clock set back doesn't keep a dead token alive", async () => {
  using scene = new TokensScene({ lifetime: 60_000 });
  await scene.use();
  scene.setWall(-3_600_000);
  assertEquals(await scene.use(), "t1");
  scene.advance(60_001);
  assertEquals(await scene.use(), "t2");
});

Deno.test("a clock set back a little delays a background refresh by a second at most", async () => {
  using scene = new TokensScene({ lifetime: 60_000 });
  const { refreshAge } = await scene.tokens.get();
  scene.advance(refreshAge - 100);
  assertEquals(await scene.use(), "t1");
  scene.setWall(-50);
  scene.advance(1_000);
  await scene.use();
  await scene.settle();
  assertEquals(scene.requests, 2);
});

Deno.test("a clock set forward costs one refresh, and so does a machine that slept", async () => {
  using scene = new TokensScene({ lifetime: 60_000 });
  await scene.use();
  scene.setWall(3_600_000);
  assertEquals([await scene.use(), await scene.use()], ["t2", "t2"]);
  scene.sleep(3_600_000);
  assertEquals([await scene.use(), await scene.use(), scene.requests], ["t3", "t3", 3]);
});

Deno.test("a server that hands out the same dying token is asked a few times, not at every call", async () => {
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

Deno.test("an answer that lives for no time is used for a second", async () => {
  using scene = new TokensScene({ lifetime: 1 });
  for (let i = 0; i < 20; i++) await scene.use();
  assertEquals(scene.requests, 1);
  scene.advance(1_000);
  assertEquals(await scene.use(), "t2");
});

Deno.test("an abort ends one caller's wait with its own reason, and no other's", async () => {
  using scene = new TokensScene();
  let answer = () => {};
  scene.source = () => new Promise((resolve) => answer = () => resolve(scene.issue("t")));
  const controller = new AbortController();
  const impatient = scene.use(controller.signal);
  const patient = scene.use();
  const reason = new Error("enough");
  await scene.settle();
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => impatient), reason);
  assertStrictEquals(await assertRejects(() => scene.use(controller.signal)), reason);
  answer();
  assertEquals(await patient, "t");
});

Deno.test("callers share one request, and each gets an error of its own", async () => {
  using scene = new TokensScene();
  scene.failure = permanent();
  const [one, other] = await Promise.all([1, 2].map(() => assertRejects(() => scene.use(), AuthenticationError)));
  assertEquals(one === other, false);
  assertEquals([one!.code, other!.code, scene.requests], ["token_request_rejected", "token_request_rejected", 1]);
});

Deno.test("an attempt that was given up changes no state when it answers late", async () => {
  using scene = new TokensScene({ timeout: 1_000, retry: { maxAttempts: 1 } });
  await scene.use();
  let answer = () => {};
  scene.source = ({ forget }) => new Promise((resolve) => answer = () => (forget(), resolve(scene.issue("late"))));
  const rejected = assertRejects(() => scene.tokens.refresh(), AuthenticationError, "within 1000 ms");
  await scene.pass(1_000);
  await rejected;
  answer();
  await scene.settle();
  assertEquals(await scene.use(), "t1");
});

Deno.test("options that are undefined are their defaults", async () => {
  using scene = new TokensScene({ retry: { maxAttempts: undefined, maxDelay: undefined, totalTimeout: undefined } });
  scene.failure = transient();
  const rejected = assertRejects(() => scene.use(), AuthenticationError, "busy");
  await scene.pass(30_000);
  await rejected;
  assertEquals(scene.requests, 5);
});

Deno.test("a token that an API learned of late is refreshed in the background like any other", async () => {
  using scene = new TokensScene();
  await scene.use();
  scene.advance(3_600_000 - 100_000);
  await scene.use();
  await scene.settle();
  assertEquals(await scene.replace(), "t1", "the new token isn't known yet: its predecessor is used");
  scene.advance(6_000);
  assertEquals(await scene.use(), "t2", "it is tried again, and known");
  scene.advance(3_600_000 - 100_000);

  assertEquals([await scene.use(), scene.requests], ["t2", 2 + 1], "in its window it is refreshed");
  await scene.settle();

  assertEquals(await scene.use(), "t3");
});

Deno.test("a row of attempts whose callers have all left is over once their time is, though the machine slept meanwhile", async () => {
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
