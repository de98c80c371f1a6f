/** A token endpoint that fails, and callers that have no token. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AuthenticationError, type ClientConfig } from "@m2m/authenticator";
import { bare, failed, oauthError, page, quantile, Scene, type SceneOptions, token, waits } from "./scene.ts";

const unavailable = () => bare(503);
const settings: ClientConfig = { tokenEndpoint: "https://auth.test/token" };

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
  const withoutPause = failed(later).filter(({ error }) => error.retryAfter === undefined).length;
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
  for (let count = 0; count < 4; count++) {
    const call = scene.get();
    while (call.end === undefined) await scene.pass(10);
  }
  const later = waits(scene.calls.slice(1), scene.now);
  assert(later.every((ms) => ms <= 1_000), `later callers wait ${later.join(", ")} ms`);
});

Deno.test("a mistyped token endpoint is a permanent error at once", async () => {
  using scene = new Scene({ tokens: () => page(404) });
  for (let count = 0; count < 3; count++) {
    const call = scene.get();
    await scene.pass(1_000);
    assertEquals([call.end, call.error.retryable], [call.start, false]);
    assertStringIncludes(call.error.message ?? "", "token endpoint");
  }
  assertEquals(scene.requests.length, 1);
});

const refusals: Record<string, () => Response> = {
  "a text": () => new Response("no such client", { status: 401 }),
  "other JSON": () => Response.json({ message: "no such client" }, { status: 401 }),
  "a Basic challenge": () => bare(401, { "www-authenticate": 'Basic realm="auth.test"' }),
};

for (const [name, refusal] of Object.entries(refusals)) {
  Deno.test(`a wrong secret is posted once per cool-down where a 401 is ${name}`, async () => {
    using scene = new Scene({ tokens: refusal });
    await scene.pass(30_000, { every: 1_000, act: () => scene.get() });
    assert(scene.requests.length <= 7, `${scene.requests.length} requests in 30 s`);
    assertEquals(scene.calls.map(({ error }) => error.error), Array(30).fill("invalid_client"));
  });
}

const useless: Record<string, () => Response> = {
  "a page": () => page(),
  "an empty body": () => new Response(""),
  "no access_token": () => Response.json({ token_type: "Bearer" }),
};

for (const [name, answer] of Object.entries(useless)) {
  Deno.test(`a useless answer in a 200 is asked for again: ${name}`, async () => {
    using scene = new Scene({ tokens: ({ number }) => number === 1 ? answer() : token(number) });
    await scene.pass(6_000, { every: 100, act: () => scene.get() });
    assertEquals([failed(scene.calls).length, scene.requests.length], [0, 2]);
  });

  Deno.test(`a useless answer in a 200 is permanent when it comes twice: ${name}`, async () => {
    using scene = new Scene({ tokens: answer });
    await scene.pass(4_000, { every: 500, act: () => scene.get() });
    assertEquals(scene.requests.length, 2, "requests within one cool-down");
    assertEquals(scene.calls.map(({ error }) => error.retryable), Array(8).fill(false));
  });
}

Deno.test("an attempt that was given up changes no state when it answers late", async () => {
  let isStuck = false;
  let revoked = 0;
  const pending: ((error: Error) => void)[] = [];
  using scene = new Scene({
    api: (request) => request.token > revoked ? 200 : 401,
    configStore: {
      getClientConfig: () => isStuck ? new Promise((_, reject) => pending.push(reject)) : settings,
    },
  });
  const refresh = async (ms: number) => {
    scene.authenticator.refreshCredentials().catch(() => {});
    await scene.pass(ms);
  };
  scene.call();
  await scene.pass(1_000);
  isStuck = true;
  for (let count = 0; count < 8; count++) await refresh(45_000);
  isStuck = false;
  await scene.pass(60_000);
  await refresh(1_000);
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

Deno.test("Retry-After is kept by callers that wait and by those that join them", async () => {
  using scene = new Scene({ tokens: ({ number }) => number > 1 ? token(number) : bare(503, { "retry-after": "1" }) });
  await scene.pass(3_000, { every: 20, act: () => scene.get() });
  assertEquals([failed(scene.calls).length, scene.requests.length], [0, 2]);
  assert(scene.requests[1]!.at >= 1_000, `asked again after ${scene.requests[1]!.at} ms`);
});

Deno.test("a Retry-After beyond the callers' deadline fails each of them at once, and says how long to wait", async () => {
  using scene = new Scene({ tokens: () => bare(503, { "retry-after": "3600" }) });
  const [first, joined] = [scene.get(), scene.get()];
  await scene.pass(100);
  const later = scene.get();
  await scene.pass(50);
  assertEquals([first.error.retryAfter, joined.error === first.error], [3_600_000, false]);
  assert(later.end === later.start && later.error.retryAfter! > 3_590_000);
  assertEquals([later.error.message, scene.requests.length], [first.error.message, 1]);
});

Deno.test("a caller's deadline ends its wait with the last error", async () => {
  using scene = new Scene({
    tokens: unavailable,
    retry: { maxAttempts: 1_000, maxDelay: 20, totalTimeout: 100 },
  });
  const call = scene.get();
  await scene.pass(200, { step: 5 });
  assertEquals([call.error.code, call.end! <= 110], ["token_endpoint_error", true]);
});

Deno.test("a config store is asked again after a transient failure, and given up when it never answers", async () => {
  const busy = new AuthenticationError("config_store_failed", "busy", { status: 503, retryable: true });
  const answers = [() => Promise.reject(busy), () => Promise.reject(busy), () => settings];
  using scene = new Scene({
    configStore: { getClientConfig: () => answers.shift()?.() ?? new Promise<never>(() => {}) },
    retry: { maxAttempts: 3, totalTimeout: 10_000 },
  });
  const first = scene.get();
  await scene.pass(5_000);
  assertEquals([first.status, answers.length], [200, 0]);
  const next = scene.authenticator.with({ audience: "other" });
  const hung = scene.get(next);
  await scene.pass(15_000);
  assertEquals([hung.error.code, hung.error.retryable], ["timeout", true]);
  answers.push(() => settings);
  const late = scene.get(next);
  await scene.pass(5_000);
  assertEquals(late.status, 200);
});

const sources: Record<string, (fail: () => never) => SceneOptions> = {
  "vault": (fail) => ({ clientSecret: fail }),
  "config store": (fail) => ({ configStore: { getClientConfig: fail } }),
};

for (const [name, make] of Object.entries(sources)) {
  Deno.test(`a ${name} that fails isn't asked for every call`, async () => {
    let asked = 0;
    const fail = () => {
      asked++;
      throw new Error("sealed");
    };
    using scene = new Scene(make(fail));
    await scene.pass(500, { every: 10, act: () => scene.get() });
    assertEquals([scene.calls.length, failed(scene.calls).length, asked], [50, 50, 1]);
  });
}

Deno.test("a caller without a token waits for retries although a background refresh was under way", async () => {
  let release = () => {};
  using scene = new Scene({
    tokens: ({ number }) => {
      if (number === 1 || number > 3) return token(number);
      return number === 3 ? unavailable() : new Promise((resolve) => release = () => resolve(unavailable()));
    },
    timeout: 500_000,
  });
  scene.get();
  await scene.pass(3_590_000, { step: 10_000 });
  scene.get();
  await scene.pass(20_000, { step: 1_000 });
  const waiting = scene.get();
  await scene.pass(100);
  release();
  await scene.pass(5_000);
  assertEquals([failed(scene.calls).length, waiting.status, scene.requests.length], [0, 200, 4]);
});
