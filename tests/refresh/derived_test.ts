/** Authenticators derived from one another, at one token endpoint. */

import { assert } from "@std/assert";
import { oauthError, Scene, type SceneOptions } from "./scene.ts";

/** How many requests 200 derived authenticators make within 8 s, each used twice a second. */
async function requestsOf(tokens: NonNullable<SceneOptions["tokens"]>, count = 200): Promise<number> {
  using scene = new Scene({ tokens });
  const derived = Array.from(
    { length: count },
    (_, index) => scene.authenticator.with({ scopes: [`tenant-${index}`] }),
  );
  await scene.pass(8_000, { every: 500, act: () => derived.forEach((one) => scene.get(one)) });
  return scene.requests.length;
}

Deno.test("derived authenticators share what Retry-After says", async () => {
  const count = await requestsOf(() => new Response(null, { status: 429, headers: { "retry-after": "60" } }));
  assert(count <= 2, `${count} requests in 8 s`);
});

Deno.test("derived authenticators share an outage", async () => {
  const outage = () => new Response(null, { status: 503 });
  const [count, ofOne] = [await requestsOf(outage), await requestsOf(outage, 1)];
  assert(count <= ofOne + 2, `${count} requests in 8 s, where a single authenticator makes ${ofOne}`);
});

Deno.test("derived authenticators share a refusal of their client", async () => {
  // By some servers' word for a wrong secret.
  const count = await requestsOf(() => oauthError("unauthorized_client", 401));
  // One, and another one after the cool-down.
  assert(count <= 2, `${count} requests in 8 s`);
});
