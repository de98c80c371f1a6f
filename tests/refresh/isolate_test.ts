/** Where a promise belongs to the request that made it, and nothing keeps work running after the response. */

import { assert, assertEquals } from "@std/assert";
import { Isolate } from "./isolate.ts";
import { Scene, token } from "./scene.ts";

/** Answers after so many milliseconds, on a timer of the request at hand. */
function makeSlowScene(ms: number, lifetime: number): Scene {
  return new Scene({
    tokens: ({ number }) => new Promise((resolve) => setTimeout(() => resolve(token(number, lifetime)), ms)),
  });
}

Deno.test("a slow token endpoint isn't asked by one request after another", async () => {
  using scene = makeSlowScene(1_500, 40);
  using isolate = new Isolate();
  const settled: string[] = [];
  let started = 0;
  const act = () => {
    started++;
    isolate.request(() => scene.authenticator.getCredentials()).outcome
      .then(() => settled.push("credentials"), (error) => settled.push(String(error)));
  };
  await scene.pass(50_000, { every: 250, act });
  await scene.pass(10_000);
  assertEquals(settled, Array(started).fill("credentials"));
  const first = scene.requests.filter(({ at }) => at <= 40_000);
  assert(first.length - 1 <= 3, `${first.length - 1} token requests in one lifetime`);
});

Deno.test("those that wait for another request's token look for it less and less often", async () => {
  using scene = makeSlowScene(5_000, 3600);
  using isolate = new Isolate();
  const requests = Array.from({ length: 21 }, () => isolate.request(() => scene.authenticator.getCredentials()));
  await scene.pass(5_000, { step: 5 });
  const looks = Math.max(...requests.slice(1).map(({ context }) => context.timers / 5));
  // A follower that looks rarely still notices soon.
  await scene.pass(1_000, { step: 5 });
  assert(requests.every(({ context }) => context.isOver), "pending a second after the token came");
  assertEquals(scene.requests.length, 1);
  const outcomes = await Promise.all(requests.map(({ outcome }) => outcome.then(({ accessToken }) => accessToken)));
  assertEquals(outcomes, Array(21).fill("token-1"));
  assert(looks <= 20, `a request that waits looks ${looks} times a second`);
});
