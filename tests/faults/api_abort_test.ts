/** Calls that their callers, or close(), end early. */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { halfway, steps } from "./behaviours.ts";
import { caught, text, times } from "./outcomes.ts";
import { rejectFirst, type Scene, setScene } from "./scene.ts";
import { until } from "./until.ts";

const reason = { own: "reason" };

/** How a call may be given its signal. */
const signals: Record<string, (scene: Scene, signal: AbortSignal) => Promise<Response>> = {
  "the init": ({ authenticator }, signal) => authenticator.fetch("/x", { signal }),
  "a Request": ({ authenticator, api }, signal) => authenticator.fetch(new Request(`${api.origin}/x`, { signal })),
};

for (const [where, call] of Object.entries(signals)) {
  Deno.test(`fetch: sends nothing for a call that was aborted before, by ${where}`, async () => {
    await using scene = await setScene();
    for (const connections of [0, 1]) {
      assertStrictEquals(await caught(call(scene, AbortSignal.abort(reason))), reason);
      assertEquals([scene.tokens.connections, scene.api.connections], [connections, 0]);
      await scene.authenticator.getCredentials();
    }
  });

  for (const isRejected of [false, true]) {
    const when = isRejected ? "while its 401 is being refreshed" : "while it waits for a token";
    Deno.test(`fetch: ends a call that is aborted ${when}, and no other, by ${where}`, async () => {
      await using scene = await setScene({ behaves: rejectFirst(isRejected ? 1 : 0) });
      if (isRejected) await scene.authenticator.getCredentials();
      const proceed = scene.holdBackToken();
      const controller = new AbortController();
      const aborted = caught(call(scene, controller.signal));
      const others = times(5, () => text(scene.authenticator.fetch("/x")));
      const requests = isRejected ? 2 : 1;
      await until(() => scene.tokens.requests.length === requests);

      controller.abort(reason);
      assertStrictEquals(await aborted, reason);
      proceed();

      assertEquals(await Promise.all(others), Array(5).fill("fine"));
      assertEquals(scene.tokens.requests.length, requests);
    });
  }

  Deno.test(`fetch: breaks off its own connection alone when a call is aborted, by ${where}`, async () => {
    await using scene = await setScene();
    scene.api.next(steps("stall"));
    const controller = new AbortController();
    const aborted = caught(call(scene, controller.signal));
    await until(() => scene.api.requests.length === 1);
    const other = text(scene.authenticator.fetch("/x"));

    controller.abort(reason);

    assertStrictEquals(await aborted, reason);
    assertEquals(await other, "fine");
    await until(() => scene.api.hangUps === 1);
  });

  Deno.test(`fetch: ends the reading of a body when its call is aborted, by ${where}`, async () => {
    await using scene = await setScene({ behaves: halfway("0123456789", "stall") });
    const controller = new AbortController();
    const response = await call(scene, controller.signal);
    controller.abort(reason);
    assertStrictEquals(await caught(response.text()), reason);
    await until(() => scene.api.hangUps === 1);
  });
}

Deno.test("fetch: ends by AbortSignal.timeout while it waits for a token", async () => {
  await using scene = await setScene();
  scene.tokens.always(steps("stall"));
  const error = await caught(scene.authenticator.fetch("/x", { signal: AbortSignal.timeout(50) }));
  assert(error instanceof DOMException && error.name === "TimeoutError");
});

Deno.test("close: ends calls that wait for a token", async () => {
  await using scene = await setScene();
  scene.tokens.always(steps("stall"));
  const waiting = times(3, () => caught(scene.authenticator.fetch("/x")));
  await until(() => scene.tokens.requests.length === 1);

  scene.authenticator.close();

  for (const error of await Promise.all(waiting)) {
    assert(error instanceof DOMException && error.name === "AbortError");
  }
  await until(() => scene.tokens.hangUps === 1);
});
