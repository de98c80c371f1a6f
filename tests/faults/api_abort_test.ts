import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { halfway, json, steps } from "./behaviours.ts";
import { caught, text, times } from "./outcomes.ts";
import { nthToken, refusesFirst, type Scene, setScene } from "./scene.ts";
import { until } from "./until.ts";

/** How a call may be given its signal. */
const signals: Record<string, (scene: Scene, signal: AbortSignal) => Promise<Response>> = {
  "the init": ({ authenticator }, signal) => authenticator.fetch("/x", { signal }),
  "a Request": ({ authenticator, api }, signal) => authenticator.fetch(new Request(`${api.origin}/x`, { signal })),
};

for (const [where, call] of Object.entries(signals)) {
  Deno.test(`a call aborted before it starts, by ${where}, sends nothing and ends with its own reason`, async () => {
    await using scene = await setScene();
    const reason = { own: "reason" };

    assertStrictEquals(await caught(call(scene, AbortSignal.abort(reason))), reason);
    await scene.authenticator.getCredentials();
    assertStrictEquals(await caught(call(scene, AbortSignal.abort(reason))), reason);

    assertEquals([scene.tokens.connections, scene.api.connections], [1, 0]);
  });

  Deno.test(`a call aborted while it waits for a token, by ${where}, disturbs no other`, async () => {
    await using scene = await setScene();
    const proceed = Promise.withResolvers<void>();
    scene.tokens.next(async () => {
      await proceed.promise;
      return json({ access_token: nthToken(1), expires_in: 3600 });
    });
    const reason = { own: "reason" };
    const controller = new AbortController();
    const aborted = caught(call(scene, controller.signal));
    const others = times(5, () => text(scene.authenticator.fetch("/x")));
    await until(() => scene.tokens.requests.length === 1);

    controller.abort(reason);
    const ended = await aborted;
    proceed.resolve();

    assertStrictEquals(ended, reason);
    assertEquals(await Promise.all(others), Array(5).fill("fine"));
    assertEquals([scene.tokens.connections, scene.api.requests.length], [1, 5]);
  });

  Deno.test(`a call aborted while the API is at it, by ${where}, breaks its own connection only`, async () => {
    await using scene = await setScene();
    scene.api.next(steps("stall"));
    const reason = { own: "reason" };
    const controller = new AbortController();
    const aborted = caught(call(scene, controller.signal));
    await until(() => scene.api.requests.length === 1);
    const other = text(scene.authenticator.fetch("/x"));

    controller.abort(reason);

    assertStrictEquals(await aborted, reason);
    assertEquals(await other, "fine");
    await until(() => scene.api.hangUps === 1);
  });

  Deno.test(`a call aborted in the middle of the API's answer, by ${where}, ends with its own reason`, async () => {
    await using scene = await setScene({ behaves: halfway("0123456789", "stall") });
    const reason = { own: "reason" };
    const controller = new AbortController();
    const response = await call(scene, controller.signal);

    controller.abort(reason);

    assertStrictEquals(await caught(response.text()), reason);
    await until(() => scene.api.hangUps === 1);
  });

  Deno.test(`a call aborted while its 401 is being renewed, by ${where}, ends with its own reason`, async () => {
    await using scene = await setScene({ behaves: refusesFirst(1) });
    await scene.authenticator.getCredentials();
    const proceed = Promise.withResolvers<void>();
    scene.tokens.next(async () => {
      await proceed.promise;
      return json({ access_token: nthToken(2), expires_in: 3600 });
    });
    const reason = { own: "reason" };
    const controller = new AbortController();
    const aborted = caught(call(scene, controller.signal));
    const other = text(scene.authenticator.fetch("/x"));
    await until(() => scene.tokens.requests.length === 2);

    controller.abort(reason);
    const ended = await aborted;
    proceed.resolve();

    assertStrictEquals(ended, reason);
    assertEquals(await other, "fine");
    assertEquals(scene.tokens.requests.length, 2);
  });
}

Deno.test("a call whose time runs out while it waits for a token ends then", async () => {
  await using scene = await setScene();
  scene.tokens.always(steps("stall"));
  const started = performance.now();

  const error = await caught(scene.authenticator.fetch("/x", { signal: AbortSignal.timeout(50) }));

  assert(error instanceof DOMException && error.name === "TimeoutError");
  assert(performance.now() - started < 500);
});

Deno.test("closing ends those who wait for a token", async () => {
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
