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

Deno.test("refreshRejected: doesn't return the predecessor that is used while the new token isn't known", async () => {
  using scene = new TokensScene();
  const t1 = await scene.tokens.get();
  await scene.tokens.refresh();
  assertEquals([await scene.replace(), await scene.use(), scene.tokens.last?.credentials.accessToken], [
    "t1",
    "t1",
    "t2",
  ]);
  assertEquals((await scene.tokens.refreshRejected(t1.credentials)).credentials.accessToken, "t2");
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
