/** Tokens that are closed, and platforms that end work after a response. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { transient } from "./policy_scene.ts";
import { silent, TokensScene } from "./tokens_scene.ts";

const reason = new Error("closed");

Deno.test("closing ends the request that is under way, with the reason given", async () => {
  using scene = new TokensScene();
  scene.source = ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
  const waiting = assertRejects(() => scene.use());
  await scene.settle();
  await scene.tokens.close(reason);
  assertStrictEquals(await waiting, reason);
});

Deno.test("an answer that comes after closing isn't taken up, even if the source didn't listen", async () => {
  using scene = new TokensScene();
  let answer = () => {};
  scene.source = () => new Promise((resolve) => answer = () => resolve(scene.issue("late")));
  const waiting = assertRejects(() => scene.use());
  await scene.settle();
  const closed = scene.tokens.close(reason);
  answer();
  assertStrictEquals(await waiting, reason);
  await closed;
  await scene.settle();
  assertEquals(scene.tokens.last, undefined);
});

Deno.test("closing ends a pause between attempts", async () => {
  using scene = new TokensScene();
  scene.failure = transient(10_000);
  const waiting = assertRejects(() => scene.use());
  await scene.pass(1_000);
  await scene.tokens.close(reason);
  assertStrictEquals(await waiting, reason);
  assertEquals(scene.requests, 1);
});

Deno.test("what is closed gives no token and asks for none", async () => {
  using scene = new TokensScene();
  const live = await scene.tokens.get();
  const done = scene.tokens.close(reason);
  assertStrictEquals(scene.tokens.close(new Error("again")), done);
  await done;
  assertEquals(scene.tokens.fresh(), undefined);
  assertStrictEquals(await assertRejects(() => scene.use()), reason);
  assertStrictEquals(await assertRejects(() => scene.tokens.refresh()), reason);
  assertStrictEquals(await assertRejects(() => scene.tokens.refreshRejected(live.credentials)), reason);
  assertEquals(await scene.tokens.replace(live), undefined);
  assertEquals(scene.requests, 1);
});

Deno.test("waitUntil is given the refresh that runs in the background", async () => {
  const kept: Promise<unknown>[] = [];
  using scene = new TokensScene({ lifetime: 60_000, waitUntil: (work) => void kept.push(work) });
  await scene.use();
  assertEquals(kept.length, 0, "not while a caller waits");
  scene.advance(50_000);
  assertEquals([await scene.use(), kept.length], ["t1", 1]);
  await Promise.all(kept);
  assertEquals(await scene.use(), "t2");
});

for (
  const [name, waitUntil] of Object.entries({
    throws() {
      throw new TypeError("Illegal invocation");
    },
    rejects: () => Promise.reject(new TypeError("Illegal invocation")),
  })
) {
  Deno.test(`a waitUntil that ${name} costs no caller a live token`, async () => {
    using scene = new TokensScene({ lifetime: 60_000, waitUntil });
    await scene.use();
    scene.advance(50_000);
    assertEquals(await scene.use(), "t1");
    await scene.settle();
    assertEquals(await scene.use(), "t2");
  });
}

/** Pretends to be workerd for as long as it is in scope. */
function asOnWorkerd(): Disposable {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator")!;
  Object.defineProperty(globalThis, "navigator", { value: { userAgent: "Cloudflare-Workers" }, configurable: true });
  return { [Symbol.dispose]: () => void Object.defineProperty(globalThis, "navigator", own) };
}

Deno.test("where nothing keeps a refresh running, a caller carries it", async () => {
  using _ = asOnWorkerd();
  using scene = new TokensScene({ lifetime: 60_000 });
  await scene.use();
  scene.advance(50_000);
  assertEquals(scene.tokens.fresh(), undefined, "this caller has to wait");
  assertEquals(await scene.use(), "t2");
  assertEquals([await scene.use(), scene.requests], ["t2", 2]);
});

Deno.test("a carried refresh that fails costs the caller nothing, and isn't carried by the next one", async () => {
  using _ = asOnWorkerd();
  using scene = new TokensScene({ lifetime: 60_000 });
  await scene.use();
  scene.failure = transient();
  scene.advance(50_000);
  assertEquals([await scene.use(), await scene.use(), scene.requests], ["t1", "t1", 2]);
});

Deno.test("a refresh is carried for a second at most, and not by every caller", async () => {
  using _ = asOnWorkerd();
  using scene = new TokensScene({ lifetime: 60_000 });
  await scene.use();
  scene.source = silent;
  scene.advance(50_000);
  let token: string | undefined;
  void scene.use().then((value) => token = value);
  await scene.pass(950);
  assertEquals(token, undefined);
  assertEquals(await scene.use(), "t1", "while one carries it the others don't wait");
  await scene.pass(50);
  assertEquals(token, "t1");
  assert(scene.tokens.fresh() !== undefined);
  await scene.tokens.close(reason);
  await scene.pass(200);
  assertEquals(scene.requests, 2);
});
