/** Tokens that are closed, and platforms that end work after a response. */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { waitFor } from "../../src/refresh/deadlines.ts";
import { asOnWorkerd } from "./isolate.ts";
import { transient } from "./policy_scene.ts";
import { silent, TokensScene, withToken } from "./scene.ts";

const reason = new Error("closed");

for (const where of ["", ", on workerd"]) {
  Deno.test(`close: ignores a late answer, and calls that come meanwhile make no request${where}`, async () => {
    using stack = new DisposableStack();
    if (where) stack.use(asOnWorkerd());
    const scene = stack.use(new TokensScene());
    const answer = scene.holdBack();
    const waiting = scene.watch(scene.use());
    await scene.settle();
    const closed = scene.tokens.close(reason);
    const late = scene.watch(scene.use());
    answer();
    await scene.pass(1_000);
    assertEquals([waiting.error, late.error] as unknown[], [reason, reason]);
    await closed;
    assertEquals([scene.tokens.last, scene.requests], [undefined, 1]);
  });
}

for (const by of ["close", "a caller's signal"]) {
  Deno.test(`a pause between attempts ends at once, by ${by}`, async () => {
    using scene = new TokensScene();
    scene.failure = transient(10_000);
    const controller = new AbortController();
    const waiting = assertRejects(() => scene.use(controller.signal));
    await scene.pass(1_000);
    if (by === "close") await scene.tokens.close(reason);
    else controller.abort(reason);
    assertStrictEquals(await waiting, reason);
    assertEquals(scene.requests, 1);
    await scene.tokens.close(reason);
  });
}

Deno.test("close: leaves nothing that gives a token or asks for one", async () => {
  using scene = new TokensScene();
  const { tokens } = scene;
  await tokens.get();
  const live = tokens.fresh()!;
  const done = tokens.close(reason);
  assertStrictEquals(tokens.close(new Error("again")), done);
  await done;
  for (const ask of [() => tokens.get(), () => tokens.refresh(), () => tokens.refreshRejected(live.credentials)]) {
    assertStrictEquals(await assertRejects(ask), reason);
  }
  assertEquals([tokens.fresh(), await tokens.replace(live), scene.requests], [undefined, undefined, 1]);
});

/** A scene whose token is due for a refresh in the background. */
async function setDue(waitUntil?: (work: Promise<unknown>) => unknown): Promise<TokensScene> {
  const scene = await withToken({ lifetime: 60_000, timeout: 1_500, waitUntil });
  scene.advance(50_000);
  return scene;
}

Deno.test("waitUntil: is given the background refresh, and no refresh that a caller waits for", async () => {
  const kept: Promise<unknown>[] = [];
  using scene = await setDue((work) => void kept.push(work));
  assertEquals([kept.length, await scene.use(), kept.length], [0, "t1", 1]);
  await Promise.all(kept);
  assertEquals(await scene.use(), "t2");
});

Deno.test("waitUntil: costs no caller a live token when it throws or rejects", async () => {
  const fail = () => {
    throw new TypeError("Illegal invocation");
  };
  for (const waitUntil of [fail, () => Promise.resolve().then(fail)]) {
    using scene = await setDue(waitUntil);
    assertEquals(await scene.use(), "t1");
    await scene.settle();
    assertEquals(await scene.use(), "t2");
  }
});

for (const [name, failure, used] of [["", undefined, "t2"], [" that fails", transient(), "t1"]] as const) {
  Deno.test(`on workerd without waitUntil one caller waits for the refresh${name}, and the next one doesn't repeat it`, async () => {
    using _ = asOnWorkerd();
    using scene = await setDue();
    scene.failure = failure;
    assertEquals(scene.tokens.fresh(), undefined, "this caller has to wait");
    assertEquals([await scene.use(), await scene.use(), scene.requests], [used, used, 2]);
  });
}

Deno.test("on workerd without waitUntil a caller waits for a second at most, and no other does within five", async () => {
  using _ = asOnWorkerd();
  using scene = await setDue();
  scene.source = silent;
  const waiting = scene.watch(scene.use());
  await scene.pass(950);
  assertEquals([waiting.end, await scene.use()], [undefined, "t1"]);
  await scene.pass(50);
  assertEquals(waiting, { start: 0, value: "t1", end: 1_000 });
  await scene.pass(3_950);
  assertEquals([await scene.use(), scene.requests], ["t1", 2]);
  await scene.pass(50);
  assertEquals(scene.tokens.fresh(), undefined);
});

for (const signal of [AbortSignal.abort(), undefined]) {
  Deno.test(`waitFor: leaves no timer behind after ${signal ? "an abort" : "its timeout"}`, async () => {
    // The sanitizer finds what is left.
    const options = { timeout: signal ? 60_000 : 1, error: () => new Error("late"), signal };
    await assertRejects(() => waitFor(new Promise<never>(() => {}), options));
  });
}
