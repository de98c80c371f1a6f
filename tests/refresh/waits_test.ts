/** How long callers wait, and what they get then. */

import { assert, assertEquals } from "@std/assert";
import { AuthenticationError, type Credentials } from "@m2m/authenticator";
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
  assert(waited <= 30_100, `the caller waits ${waited} ms`);
  assert(late.error instanceof AuthenticationError);
});

Deno.test("once a caller's time is used up, later callers get its error at once", async () => {
  using scene = new Scene({ tokens: hang });
  scene.get();
  await scene.pass(31_000);
  const { length } = scene.requests;
  const late = scene.get();
  await scene.pass(50);
  assert(late.error instanceof AuthenticationError, `the later caller waits, after ${length} requests`);
  assert(late.error.retryAfter! > 0);
  assertEquals(scene.requests.length, length);
});

Deno.test("refreshCredentials doesn't give rejected credentials back as a success", async () => {
  using scene = new Scene({ tokens: ({ number }) => token(number, 600) });
  const { authenticator } = scene;
  let refused: Credentials | undefined;
  void authenticator.getCredentials().then((got) => refused = got);
  await scene.pass(100);
  const outcomes: string[] = [];
  for (let count = 0; count < 12; count++) {
    const given = refused;
    authenticator.refreshCredentials({ rejected: given }).then(
      (got) => {
        outcomes.push(got === given ? "the rejected ones" : "new ones");
        refused = got;
      },
      (error: AuthenticationError) =>
        outcomes.push(`an error, ${(error.retryAfter ?? 0) > 0 ? "with" : "without"} pause`),
    );
    await scene.pass(100);
  }
  assertEquals(outcomes.length, 12);
  const wrong = outcomes.filter((outcome) => outcome !== "new ones" && outcome !== "an error, with pause");
  assertEquals(wrong.length, 0, `${outcomes.join(", ")}`);
});

Deno.test("refreshCredentials asks where the rejected credentials have expired", async () => {
  using scene = new Scene({ tokens: ({ number }) => token(number, 10) });
  const { authenticator } = scene;
  let refused: Credentials | undefined;
  void authenticator.getCredentials().then((got) => refused = got);
  await scene.pass(100);
  for (let count = 0; count < 5; count++) {
    authenticator.refreshCredentials({ rejected: refused }).then((got) => refused = got, () => {});
    await scene.pass(100);
  }
  await scene.pass(11_000);
  const expired = refused;
  assert(expired !== undefined && (expired.expiresAt ?? Infinity) < Date.now());
  let got: Credentials | undefined;
  authenticator.refreshCredentials({ rejected: expired }).then((credentials) => got = credentials, () => {});
  await scene.pass(100);
  assert(got !== expired, "the expired credentials come back");
  assert(got !== undefined && (got.expiresAt ?? 0) > Date.now());
});
