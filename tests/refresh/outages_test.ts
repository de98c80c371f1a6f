/** A token endpoint that fails, and callers that have no token. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { StaticClientConfigStore } from "@m2m/authenticator";
import { errorOf, failed, oauthError, page, quantile, Scene, token, waits } from "./scene.ts";

const unavailable = () => new Response(null, { status: 503 });

Deno.test("in an outage callers get the error at once, probes go on, and the first success serves all", async () => {
  let isDown = true;
  using scene = new Scene({ tokens: ({ number }) => isDown ? unavailable() : token(number) });
  const first = scene.call();
  await scene.pass(300_000, { every: 50, act: () => scene.call() });
  isDown = false;
  const recovered = scene.now;
  await scene.pass(10_000, { every: 50, act: () => scene.call() });

  const flightEnd = first.end ?? Infinity;
  assert(flightEnd <= 30_100, `the first flight takes ${flightEnd} ms`);
  const later = scene.calls.filter(({ start }) => start > flightEnd && start < recovered);
  const waited = waits(later, scene.now);
  const [p50, p99] = [quantile(waited, 0.5), quantile(waited, 0.99)];
  assert(p50 <= 50 && p99 <= 1_000, `wait p50 ${p50} ms, p99 ${p99} ms`);
  const withoutPause = later.filter((call) => call.status !== 200 && errorOf(call).retryAfter === undefined).length;
  assertEquals(withoutPause, 0, "errors that don't say when to come again");
  const probes = scene.requestsSince(flightEnd).filter(({ at }) => at < recovered).map(({ at }) => at);
  const gaps = probes.map((at, index) => at - (probes[index - 1] ?? at));
  assert(Math.max(...gaps) <= 3_100, `${Math.max(...gaps)} ms without a probe`);
  assert(probes.length <= 300, `${probes.length} probes in 5 minutes`);
  const late = failed(scene.calls.filter(({ start }) => start > recovered + 3_100));
  assertEquals(late.length, 0, "calls failed after the recovery");
  assertEquals(scene.requestsSince(recovered).length, 1);
});

Deno.test("callers that come one after another in an outage wait once", async () => {
  using scene = new Scene({ tokens: unavailable });
  const waited: number[] = [];
  for (let count = 0; count < 4; count++) {
    const call = scene.get();
    while (call.end === undefined) await scene.pass(10);
    waited.push(call.end - call.start);
  }
  const [, ...later] = waited;
  assert(later.every((ms) => ms <= 1_000), `callers wait ${waited.join(", ")} ms`);
});

Deno.test("a mistyped token endpoint is a permanent error at once", async () => {
  using scene = new Scene({ tokens: () => page(404) });
  for (let count = 0; count < 3; count++) {
    const call = scene.get();
    await scene.pass(1_000);
    const { retryable, message } = errorOf(call);
    assert(call.end === call.start, `caller ${count + 1} waits ${(call.end ?? scene.now) - call.start} ms and more`);
    assertEquals(retryable, false);
    assertStringIncludes(message ?? "", "Check that this URL is the token endpoint");
  }
  assertEquals(scene.requests.length, 1);
});

const refusals: Record<string, () => Response> = {
  "a text": () => new Response("no such client", { status: 401 }),
  "other JSON": () => Response.json({ message: "no such client" }, { status: 401 }),
  "a Basic challenge": () =>
    new Response(null, { status: 401, headers: { "www-authenticate": 'Basic realm="auth.test"' } }),
};

for (const [name, refusal] of Object.entries(refusals)) {
  Deno.test(`a wrong secret is posted once per cool-down where a 401 is ${name}`, async () => {
    using scene = new Scene({ tokens: refusal });
    await scene.pass(30_000, { every: 1_000, act: () => scene.get() });
    assert(scene.requests.length <= 7, `${scene.requests.length} requests in 30 s`);
    assertEquals(scene.calls.map((call) => errorOf(call).error), Array(30).fill("invalid_client"));
  });
}

const useless: Record<string, () => Response> = {
  "a page": () => page(),
  "an empty body": () => new Response(""),
  "no access_token": () => Response.json({ token_type: "Bearer" }),
};

for (const [name, answer] of Object.entries(useless)) {
  Deno.test(`an answer of no use in a 200 is asked for once more: ${name}`, async () => {
    using scene = new Scene({ tokens: ({ number }) => number === 1 ? answer() : token(number) });
    await scene.pass(5_000, { every: 100, act: () => scene.get() });
    await scene.pass(1_000);
    assertEquals(failed(scene.calls).length, 0, `${failed(scene.calls).length} of ${scene.calls.length} calls failed`);
    assertEquals(scene.requests.length, 2);
  });

  Deno.test(`an answer of no use in a 200 is permanent when it comes twice: ${name}`, async () => {
    using scene = new Scene({ tokens: answer });
    await scene.pass(4_000, { every: 500, act: () => scene.get() });
    assertEquals(scene.requests.length, 2, "requests within one cool-down");
    assertEquals(scene.calls.map((call) => errorOf(call).retryable), Array(8).fill(false));
  });
}

Deno.test("an attempt that was given up changes no state when it answers late", async () => {
  const settings = new StaticClientConfigStore({ tokenEndpoint: "https://auth.test/token" });
  let isStuck = false;
  let revoked = 0;
  const pending: ((error: Error) => void)[] = [];
  using scene = new Scene({
    api: (request) => request.token > revoked ? 200 : 401,
    configStore: {
      getClientConfig: () => isStuck ? new Promise((_, reject) => pending.push(reject)) : settings.getClientConfig(),
    },
  });
  scene.call();
  await scene.pass(1_000);
  isStuck = true;
  for (let count = 0; count < 8; count++) {
    scene.authenticator.refreshCredentials().catch(() => {});
    await scene.pass(45_000);
  }
  isStuck = false;
  await scene.pass(60_000);
  scene.authenticator.refreshCredentials().catch(() => {});
  await scene.pass(1_000);
  for (const reject of pending) reject(new Error("too late"));
  await scene.pass(1_000);
  revoked = scene.requests.length;
  const call = scene.call();
  await scene.pass(30_000);
  assert(pending.length >= 8, `${pending.length} attempts given up`);
  assertEquals(call.status, 200);
});

Deno.test("a refusal of the client isn't posted again by its other callers", async () => {
  using scene = new Scene({ tokens: () => oauthError("invalid_client", 401) });
  await scene.pass(4_000, { every: 100, act: () => scene.get() });
  assertEquals(scene.requests.length, 1);
});
