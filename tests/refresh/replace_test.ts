/** What callers get for a token that the API rejected. */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError, Credentials } from "@m2m/authenticator";
import { waitFor } from "../../src/refresh/deadlines.ts";
import { permanent, transient } from "./policy_scene.ts";
import { silent, TokensScene } from "./scene.ts";

Deno.test("replace: gives all callers one new token, and the live one for an older token", async () => {
  using scene = new TokensScene();
  const old = await scene.tokens.get();
  assertEquals(await Promise.all([scene.replace(), scene.replace(), scene.replace()]), ["t2", "t2", "t2"]);
  assertEquals([await scene.replace("/", 0, old), await scene.use(), scene.requests], ["t2", "t2", 2]);
});

const failures = { transient: transient(), permanent: permanent(), foreign: new Error() };
for (const [name, failure] of Object.entries(failures)) {
  Deno.test(`replace: gives nothing after a ${name} failure, and leaves other calls their token`, async () => {
    using scene = new TokensScene();
    await scene.use();
    scene.failure = failure;
    for (const why of ["one attempt", "and no other so soon"]) {
      assertEquals([await scene.replace(), await scene.use(), scene.requests], [undefined, "t1", 2], why);
    }
    scene.advance(5_000);
    scene.failure = undefined;
    assertEquals([await scene.replace(), await scene.use()], ["t3", "t3"]);
  });
}

Deno.test("replace: waits for a refresh that hangs for one attempt's time, and no other call does", async () => {
  using scene = new TokensScene({ timeout: 2_000 });
  await scene.use();
  scene.source = silent;
  let replacement: string | undefined = "pending";
  void scene.replace().then((value) => replacement = value);
  await scene.pass(1_950);
  assertEquals([await scene.use(), replacement], ["t1", "pending"]);
  await scene.pass(50);
  assertEquals([await scene.use(), replacement, scene.requests], ["t1", undefined, 2]);
});

Deno.test("replace: ends by its signal with its own reason", async () => {
  using scene = new TokensScene({ timeout: 2_000 });
  const rejected = await scene.tokens.get();
  scene.source = silent;
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = assertRejects(() => scene.tokens.replace(rejected, { signal: controller.signal }));
  await scene.settle();
  controller.abort(reason);
  assertStrictEquals(await waiting, reason);
  await scene.pass(2_000);
});

Deno.test("replace: keeps Retry-After", async () => {
  using scene = new TokensScene();
  await scene.use();
  scene.failure = transient(20_000);
  await scene.replace();
  scene.failure = undefined;
  scene.advance(20_000);
  assertEquals([await scene.replace(), scene.requests], [undefined, 2]);
  scene.advance(500);
  assertEquals([await scene.replace(), scene.requests], ["t3", 3]);
});

for (const [count, pause] of [[10, 100], [20, 50_000]] as const) {
  Deno.test(`replace: refreshes at once each time while new tokens help: ${count} times, ${pause} ms apart`, async () => {
    using scene = new TokensScene();
    await scene.use();
    for (let number = 2; number < count + 2; number++) {
      scene.advance(pause);
      assertEquals(await scene.replace(), `t${number}`);
      scene.tokens.replayed(200, true, "/");
    }
  });
}

/** A call whose every token the API rejects. */
async function failCall(scene: TokensScene, route: string): Promise<void> {
  let rejected = await scene.tokens.get();
  for (let replays = 0; replays < 3; replays++) {
    const next = await scene.tokens.replace(rejected, { route, replays });
    if (!next) return;
    rejected = next;
    scene.tokens.replayed(401, false, route);
  }
}

Deno.test("replace: rations a route that no new token helps, with pauses that grow, and slows no other", async () => {
  using scene = new TokensScene({ lifetime: 1e9 });
  await scene.use();
  await failCall(scene, "/bad");
  let requests = 2;
  for (const pause of [30_000, 60_000, 120_000, 240_000, 480_000, 900_000, 900_000]) {
    scene.advance(pause - 1);
    await failCall(scene, "/bad");
    assertEquals(scene.requests, requests, `${pause} ms aren't over`);
    scene.advance(1);
    await failCall(scene, "/bad");
    assertEquals(scene.requests, ++requests, `${pause} ms are over`);
  }
  assertEquals(await scene.replace("/good"), `t${requests + 1}`);
});

Deno.test("replace: counts one new token that doesn't help many routes once", async () => {
  using scene = new TokensScene({ lifetime: 1e9 });
  await scene.use();
  await Promise.all(["/a", "/b", "/c", "/d"].map((route) => failCall(scene, route)));
  assertEquals([scene.requests, await scene.replace("/good")], [2, "t3"]);
});

Deno.test("replace: leaves the next token its predecessor when a route rejects all tokens", async () => {
  using scene = new TokensScene({ lifetime: 1e9 });
  await scene.use();
  await failCall(scene, "/bad");
  await failCall(scene, "/bad");
  await scene.tokens.refresh();
  assertEquals(await scene.replace("/good"), "t2");
});

/** A scene whose second token was just refreshed in the background, and rejected: the first is used instead. */
async function setUnknownToken() {
  const scene = new TokensScene();
  const t1 = await scene.tokens.get();
  scene.advance(3_300_000);
  await scene.use();
  await scene.settle();
  const t2 = scene.tokens.fresh()!;
  assertEquals(t2.credentials.accessToken, "t2");
  assertStrictEquals(await scene.tokens.replace(t2), t1);
  return { scene, t1, t2 };
}

Deno.test("replace: falls back to the predecessor of a token that isn't known yet, without a request", async () => {
  const { scene, t1, t2 } = await setUnknownToken();
  using _ = scene;
  for (let count = 0; count < 3; count++) {
    assertStrictEquals(scene.tokens.fresh(), t1, "meanwhile the predecessor is used");
    assertStrictEquals(scene.tokens.last, t2);
    scene.advance(5_000);
    assertStrictEquals(scene.tokens.fresh(), t2, "then the new token is tried");
    assertStrictEquals(await scene.tokens.replace(t2), t1, "and gives way again");
  }
  scene.advance(5_000);
  assertEquals([await scene.use(), await scene.use(), scene.requests], ["t2", "t2", 2]);
});

Deno.test("replace: refreshes where the predecessor is rejected as well", async () => {
  using scene = new TokensScene();
  await scene.use();
  await scene.tokens.refresh();
  assertEquals([await scene.replace(), scene.tokens.last?.credentials.accessToken], ["t1", "t2"]);
  assertEquals([await scene.replace("/", 1), await scene.use(), scene.requests], ["t3", "t3", 3]);
});

Deno.test("replace: asks once when the server gives the rejected token again", async () => {
  using scene = new TokensScene();
  scene.source = () => Promise.resolve(scene.issue("same"));
  await scene.use();
  for (let count = 0; count < 20; count++) {
    assertEquals(await scene.replace(), undefined);
    scene.advance(100);
  }
  assertEquals(scene.requests, 2);
});

Deno.test("refreshRejected: doesn't return the predecessor that is used while the new token isn't known", async () => {
  const { scene, t1 } = await setUnknownToken();
  using _ = scene;
  assertStrictEquals(scene.tokens.fresh(), t1);
  assertEquals((await scene.tokens.refreshRejected(t1.credentials)).credentials.accessToken, "t3");
});

Deno.test("refreshRejected: gives another token, or says when to ask again", async () => {
  using scene = new TokensScene();
  const t1 = await scene.tokens.get();
  // As a program has them that kept them elsewhere.
  const t2 = await scene.tokens.refreshRejected(new Credentials({ accessToken: t1.credentials.accessToken }));
  assertEquals(t2.credentials.accessToken, "t2");
  assertStrictEquals(await scene.tokens.refreshRejected(t1.credentials), t2);
  scene.failure = permanent();
  await assertRejects(() => scene.tokens.refreshRejected(t2.credentials), AuthenticationError, "no");
  const limited = await assertRejects(() => scene.tokens.refreshRejected(t2.credentials), AuthenticationError);
  assertEquals([limited.code, limited.retryAfter, limited.retryable], ["refresh_limited", 5_000, true]);
  assertEquals([await scene.use(), scene.requests], ["t2", 3]);
});

for (const signal of [AbortSignal.abort(), undefined]) {
  Deno.test(`waitFor: leaves no timer behind after ${signal ? "an abort" : "its timeout"}`, async () => {
    // The sanitizer finds what is left.
    const options = { timeout: signal ? 60_000 : 1, error: () => new Error("late"), signal };
    await assertRejects(() => waitFor(new Promise<never>(() => {}), options));
  });
}
