/** Authenticators derived from one another, at one token endpoint. */

import { assert } from "@std/assert";
import { bare, oauthError, Scene } from "./scene.ts";

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
