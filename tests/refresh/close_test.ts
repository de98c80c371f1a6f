/** What close() waits for, and what it leaves. */

import { assert, assertEquals } from "@std/assert";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { hang, Scene, token, type TokenRequest } from "./scene.ts";

const isRevocation = ({ body }: TokenRequest) => body.has("token");

/** A scene with 100 derived authenticators, each with a token, and a revocation endpoint that hangs. */
async function deadRevocation(): Promise<Scene> {
  const scene = new Scene({
    revocation: tokenRevocation(),
    tokens: (request) => isRevocation(request) ? hang(request) : token(request.number),
  });
  for (let index = 0; index < 100; index++) scene.get(scene.authenticator.with({ scopes: [`tenant-${index}`] }));
  await scene.pass(1_000);
  return scene;
}

/** Closes it, and says when that was done. */
function close(scene: Scene): { end: number | undefined } {
  const closing: { end: number | undefined } = { end: undefined };
  scene.authenticator.close().catch(() => {}).finally(() => closing.end = scene.now);
  return closing;
}

Deno.test("close has one deadline for all derived authenticators", async () => {
  using scene = await deadRevocation();
  const start = scene.now;
  const closing = close(scene);
  await scene.pass(300_000);
  assert(closing.end !== undefined && closing.end - start <= 10_100, `close takes ${(closing.end ?? NaN) - start} ms`);
});

Deno.test("a second close waits for the first", async () => {
  using scene = await deadRevocation();
  const first = close(scene);
  await scene.pass(1_000);
  const second = close(scene);
  await scene.pass(300_000);
  assert(first.end !== undefined && second.end !== undefined);
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
  assert(closing.end !== undefined);
  const names: string[] = [];
  const attempts = [
    () => authenticator.fetch("/"),
    () => authenticator.getCredentials(),
    () => authenticator.refreshCredentials(),
    () => authenticator.authorize(new Headers()),
    () => derived.getCredentials(),
  ];
  for (const attempt of attempts) attempt().then(() => names.push("success"), ({ name }) => names.push(name));
  await scene.pass(1_000);
  assertEquals(names, Array(5).fill("AbortError"));
  assertEquals(scene.requests.length, 1, "no token is asked for after the end");
});
