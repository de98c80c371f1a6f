/** How long callers wait, and what they get then. */

import { assert, assertEquals } from "@std/assert";
import type { AuthenticationError, Credentials } from "@m2m/authenticator";
import { hang, Scene, token } from "./scene.ts";

Deno.test("a caller that joins a flight has its own deadline", async () => {
  using scene = new Scene({ tokens: (request) => request.number === 1 ? token(1, 12) : hang(request) });
  scene.call();
  await scene.pass(9_000);
  // In the last fifth of the token's life a background refresh starts, and hangs.
  while (scene.requests.length < 2 && scene.now < 12_000) await scene.pass(100, { act: () => scene.call() });
  await scene.pass(12_050 - scene.now);
  assertEquals(scene.requests.length, 2);
  const late = scene.call();
  await scene.pass(60_000);
  const waited = (late.end ?? scene.now) - late.start;
  assert(late.error.code && waited <= 30_100, `the caller waits ${waited} ms`);
});

Deno.test("once a caller's time is used up, later callers get its error at once", async () => {
  using scene = new Scene({ tokens: hang });
  scene.get();
  await scene.pass(31_000);
  const { length } = scene.requests;
  const late = scene.get();
  await scene.pass(50);
  assert(late.error.retryAfter! > 0, `the later caller waits, after ${length} requests`);
  assertEquals(scene.requests.length, length);
});

/** A scene with credentials that are rejected again and again. */
async function setRejecting(lifetime: number) {
  const scene = new Scene({ tokens: ({ number }) => token(number, lifetime) });
  const outcomes: string[] = [];
  let known: Credentials | undefined;
  scene.authenticator.getCredentials().then((got) => known = got);
  await scene.pass(100);
  const reject = async () => {
    const rejected = known;
    scene.authenticator.refreshCredentials({ rejected }).then(
      (got) => {
        outcomes.push(got === rejected ? "the rejected ones" : "new ones");
        known = got;
      },
      ({ retryAfter = 0 }: AuthenticationError) =>
        outcomes.push(`an error, ${retryAfter > 0 ? "with" : "without"} pause`),
    );
    await scene.pass(100);
    return known;
  };
  return { scene, outcomes, reject };
}

Deno.test("refreshCredentials doesn't give rejected credentials back as a success", async () => {
  const { scene, outcomes, reject } = await setRejecting(600);
  using _ = scene;
  for (let count = 0; count < 12; count++) await reject();
  assertEquals(outcomes.length, 12);
  assertEquals(outcomes.filter((outcome) => outcome !== "new ones" && outcome !== "an error, with pause"), []);
});

Deno.test("refreshCredentials asks where the rejected credentials have expired", async () => {
  const { scene, outcomes, reject } = await setRejecting(10);
  using _ = scene;
  for (let count = 0; count < 5; count++) await reject();
  await scene.pass(11_000);
  const got = await reject();
  assertEquals(outcomes.at(-1), "new ones");
  assert((got?.expiresAt ?? 0) > Date.now());
});
