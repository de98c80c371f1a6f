/** What close() waits for, and what it leaves. */

import { assert, assertEquals } from "@std/assert";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { hang, Scene, token } from "./scene.ts";

/** A scene with 100 derived authenticators, each with a token, and a revocation endpoint that hangs. */
async function setDeadRevocation(): Promise<Scene> {
  const scene = new Scene({
    revocation: tokenRevocation(),
    tokens: (request) => request.body.has("token") ? hang(request) : token(request.number),
  });
  for (let index = 0; index < 100; index++) scene.get(scene.authenticator.with({ scopes: [`tenant-${index}`] }));
  await scene.pass(1_000);
  return scene;
}

/** Closes it, and says when that was done. */
function close(scene: Scene): { end: number } {
  const closing = { end: NaN };
  scene.authenticator.close().catch(() => {}).finally(() => closing.end = scene.now);
  return closing;
}

Deno.test("close has one deadline for all derived authenticators", async () => {
  using scene = await setDeadRevocation();
  const start = scene.now;
  const closing = close(scene);
  await scene.pass(300_000);
  assert(closing.end - start <= 10_100, `close takes ${closing.end - start} ms`);
});

Deno.test("a second close waits for the first", async () => {
  using scene = await setDeadRevocation();
  const first = close(scene);
  await scene.pass(1_000);
  const second = close(scene);
  await scene.pass(300_000);
  assert(second.end >= first.end, `the second ends ${first.end - second.end} ms before the first`);
});

Deno.test("after close calls reject with an AbortError", async () => {
  using scene = new Scene();
  scene.call();
  await scene.pass(1_000);
  const { authenticator } = scene;
  const derived = authenticator.with({ scopes: ["other"] });
  const closing = close(scene);
  await scene.pass(100);
  assert(closing.end > 0);
  const attempts = await Promise.allSettled([
    authenticator.fetch("/"),
    authenticator.getCredentials(),
    authenticator.refreshCredentials(),
    authenticator.authorize(new Headers()),
    derived.getCredentials(),
  ]);
  const names = attempts.map((attempt) => attempt.status === "rejected" ? attempt.reason.name : "success");
  assertEquals([...names, scene.requests.length], [...Array(5).fill("AbortError"), 1]);
});

Deno.test("close revokes the last token, though its predecessor is in use", async () => {
  using scene = new Scene({
    revocation: tokenRevocation(),
    tokens: (request) => request.body.has("token") ? new Response() : token(request.number),
    api: (request) => request.token === 2 ? 401 : 200,
  });
  scene.call();
  await scene.pass(3_400_000, { step: 60_000 });
  scene.call();
  await scene.pass(100);
  scene.call();
  await scene.pass(100);
  close(scene);
  await scene.pass(100);
  assertEquals(scene.requests.at(-1)!.body.get("token"), "token-2");
});
