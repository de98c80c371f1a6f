/** Authenticators derived from one another, at one token endpoint. */

import { assert, assertEquals } from "@std/assert";
import { bare, hang, oauthError, Scene, token } from "./scene.ts";

/** How many requests 200 derived authenticators make within 8 s, each used twice a second. */
async function countRequests(tokens: () => Response, count = 200): Promise<number> {
  using scene = new Scene({ tokens });
  const derived = Array.from(
    { length: count },
    (_, index) => scene.authenticator.with({ scopes: [`tenant-${index}`] }),
  );
  await scene.pass(8_000, { every: 500, act: () => derived.forEach((one) => scene.get(one)) });
  return scene.requests.length;
}

Deno.test("derived authenticators share what Retry-After says", async () => {
  const count = await countRequests(() => bare(429, { "retry-after": "60" }));
  assert(count <= 2, `${count} requests in 8 s`);
});

Deno.test("derived authenticators share an outage", async () => {
  const [count, ofOne] = [await countRequests(() => bare(503)), await countRequests(() => bare(503), 1)];
  assert(count <= ofOne + 2, `${count} requests in 8 s, where a single authenticator makes ${ofOne}`);
});

Deno.test("derived authenticators share a refusal of their client", async () => {
  // Some servers' code for a wrong secret: once, and again after the cool-down.
  const count = await countRequests(() => oauthError("unauthorized_client", 401));
  assert(count <= 2, `${count} requests in 8 s`);
});

Deno.test("derived authenticators share a refusal of their client in the background, too", async () => {
  let isWrong = false;
  using scene = new Scene({ tokens: ({ number }) => isWrong ? oauthError("invalid_client", 401) : token(number) });
  const derived = Array.from({ length: 50 }, (_, index) => scene.authenticator.with({ scopes: [`tenant-${index}`] }));
  derived.forEach((one) => scene.get(one));
  await scene.pass(3_400_000, { step: 60_000 });
  isWrong = true;
  const start = scene.now;
  await scene.pass(60_000, {
    every: 200,
    act: () => void scene.get(derived[Math.floor(scene.now / 200) % derived.length]),
  });
  const { length } = scene.requestsSince(start);
  assert(length <= 15, `${length} requests with a wrong secret within a minute`);
});

Deno.test("a remembered error doesn't end the back-off of the endpoint", async () => {
  let isDown = false;
  using scene = new Scene({
    cooldown: 60_000,
    tokens: ({ body, number }) =>
      isDown ? bare(503) : body.get("scope") === "bad" ? oauthError("invalid_scope") : token(number, 1),
  });
  const bad = scene.authenticator.with({ scopes: ["bad"] });
  scene.get(bad);
  await scene.pass(1_000);
  isDown = true;
  const count = async (act: () => void) => {
    const start = scene.now;
    await scene.pass(25_000, { every: 50, act });
    return scene.requestsSince(start).length;
  };
  const alone = await count(() => void scene.get());
  const together = await count(() => [scene.get(), scene.get(bad)]);
  assert(together <= alone + 5, `${together} requests, ${alone} where no error is remembered`);
});

Deno.test("while one derived authenticator's probe hangs, the others wait for a second", async () => {
  using scene = new Scene({ tokens: hang });
  const derived = Array.from({ length: 5 }, (_, index) => scene.authenticator.with({ scopes: [`tenant-${index}`] }));
  scene.get();
  await scene.pass(36_000);
  scene.get(derived[0]);
  await scene.settle();
  const calls = derived.slice(1).map((one) => scene.get(one));
  await scene.pass(1_100);
  assertEquals(calls.map(({ end }) => end !== undefined), [true, true, true, true]);
});
