/** What callers get for a token that the API rejected. */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError, Credentials } from "@m2m/authenticator";
import { permanent, transient } from "./policy_scene.ts";
import { waitFor } from "../../src/refresh/deadlines.ts";
import { silent, TokensScene } from "./tokens_scene.ts";

Deno.test("a rejected token is replaced, for all callers at once", async () => {
  using scene = new TokensScene();
  await scene.use();
  assertEquals(await Promise.all([scene.replace(), scene.replace(), scene.replace()]), ["t2", "t2", "t2"]);
  assertEquals([await scene.use(), scene.requests], ["t2", 2]);
});

Deno.test("a rejection of a token that isn't in use any more costs nothing", async () => {
  using scene = new TokensScene();
  const old = await scene.tokens.get();
  await scene.tokens.refresh();
  assertEquals(await scene.replace("/", 0, old), "t2");
  assertEquals([await scene.use(), scene.requests], ["t2", 2]);
});

for (
  const [name, failure] of Object.entries({ transient: transient(), permanent: permanent(), foreign: new Error() })
) {
  Deno.test(`a ${name} failure leaves other calls their token, and the rejected one its answer`, async () => {
    using scene = new TokensScene();
    await scene.use();
    scene.failure = failure;
    assertEquals(await scene.replace(), undefined);
    assertEquals([await scene.use(), scene.requests], ["t1", 2], "one attempt");
    assertEquals(await scene.replace(), undefined);
    assertEquals([await scene.use(), scene.requests], ["t1", 2], "and no other so soon");
    scene.advance(5_000);
    scene.failure = undefined;
    assertEquals([await scene.replace(), await scene.use()], ["t3", "t3"]);
  });
}

Deno.test("a refresh that hangs delays only the rejected call, for one attempt's time", async () => {
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

Deno.test("an abort ends a rejected call's wait with its own reason", async () => {
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

Deno.test("Retry-After holds for rejected calls too", async () => {
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

Deno.test("ten revocations in a row, each cured by a new token, are cured at once", async () => {
  using scene = new TokensScene();
  await scene.use();
  for (let count = 0; count < 10; count++) {
    scene.advance(100);
    assertEquals(await scene.replace(), `t${count + 2}`);
    scene.tokens.replayed(200, true, "/");
  }
});

Deno.test("tokens that die before their time are replaced each time, for the new ones help", async () => {
  using scene = new TokensScene();
  await scene.use();
  for (let count = 0; count < 20; count++) {
    scene.advance(50_000);
    assertEquals(await scene.replace(), `t${count + 2}`);
    scene.tokens.replayed(200, true, "/");
  }
  assertEquals(scene.requests, 21);
});

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

Deno.test("a route that no new token helps is rationed, with pauses that grow, and slows no other", async () => {
  using scene = new TokensScene({ lifetime: 1e9 });
  await scene.use();
  await failCall(scene, "/bad");
  assertEquals(scene.requests, 2);
  for (const pause of [30_000, 60_000, 120_000, 240_000, 480_000, 900_000, 900_000]) {
    const { requests } = scene;
    scene.advance(pause - 1);
    await failCall(scene, "/bad");
    assertEquals(scene.requests, requests, `${pause} ms aren't over`);
    scene.advance(1);
    await failCall(scene, "/bad");
    assertEquals(scene.requests, requests + 1, `${pause} ms are over`);
  }
  const { requests } = scene;
  assertEquals(await scene.replace("/good"), `t${requests + 1}`);
});

Deno.test("many routes that one new token doesn't help don't use up the refreshes of others", async () => {
  using scene = new TokensScene({ lifetime: 1e9 });
  await scene.use();
  await Promise.all(["/a", "/b", "/c", "/d"].map((route) => failCall(scene, route)));
  assertEquals(scene.requests, 2);
  assertEquals(await scene.replace("/good"), "t3");
});

Deno.test("where new tokens don't help, a rejection leaves the next token its predecessor", async () => {
  using scene = new TokensScene({ lifetime: 1e9 });
  await scene.use();
  await failCall(scene, "/bad");
  await failCall(scene, "/bad");
  await scene.tokens.refresh();
  assertEquals(await scene.replace("/good"), "t2");
});

Deno.test("a new token that isn't known yet falls back to the one before, at the cost of no other", async () => {
  using scene = new TokensScene();
  const t1 = await scene.tokens.get();
  scene.advance(3_300_000);
  await scene.use();
  await scene.settle();
  const t2 = scene.tokens.fresh()!;
  assertEquals(t2.credentials.accessToken, "t2");
  assertStrictEquals(await scene.tokens.replace(t2), t1);
  for (let count = 0; count < 3; count++) {
    assertStrictEquals(scene.tokens.fresh(), t1, "meanwhile the one before is used");
    assertStrictEquals(scene.tokens.last, t2);
    scene.advance(5_000);
    assertStrictEquals(scene.tokens.fresh(), t2, "then the new one is tried");
    assertStrictEquals(await scene.tokens.replace(t2), t1, "and gives way again");
  }
  scene.advance(5_000);
  assertEquals([await scene.use(), await scene.use(), scene.requests], ["t2", "t2", 2]);
});

Deno.test("where the one before is rejected as well, a third is fetched", async () => {
  using scene = new TokensScene();
  await scene.use();
  await scene.tokens.refresh();
  const [t1, t2] = [await scene.replace(), "t2"];
  assertEquals([t1, scene.tokens.last?.credentials.accessToken], ["t1", t2]);
  assertEquals(await scene.replace("/", 1), "t3");
  assertEquals([await scene.use(), scene.requests], ["t3", 3]);
});

Deno.test("a server that hands out the rejected token again is not asked at every call", async () => {
  using scene = new TokensScene();
  scene.source = () => Promise.resolve(scene.issue("same"));
  await scene.use();
  for (let count = 0; count < 20; count++) {
    assertEquals(await scene.replace(), undefined);
    scene.advance(100);
  }
  assertEquals(scene.requests, 2);
});

Deno.test("refreshRejected: doesn't give the predecessor back that was in use while the last token isn't known yet", async () => {
  using scene = new TokensScene();
  const t1 = await scene.tokens.get();
  scene.advance(3_300_000);
  await scene.use();
  await scene.settle();
  const t2 = scene.tokens.fresh()!;
  assertStrictEquals(await scene.tokens.replace(t2), t1);
  assertStrictEquals(scene.tokens.fresh(), t1);
  assertEquals((await scene.tokens.refreshRejected(t1.credentials)).credentials.accessToken, "t3");
});

Deno.test("a caller that was aborted leaves no timer behind", async () => {
  const never = new Promise<never>(() => {});
  for (const signal of [AbortSignal.abort(), undefined]) {
    await waitFor(never, { timeout: signal ? 60_000 : 1, error: () => new Error("late"), signal }).catch(() => {});
  }
  // The sanitizer finds what is left.
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
