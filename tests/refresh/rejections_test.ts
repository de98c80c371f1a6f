/** What a rejection by the API does to the call itself, and doesn't do to the others. */

import { assert, assertEquals } from "@std/assert";
import { StaticClientConfigStore } from "@m2m/authenticator";
import {
  failed,
  hang,
  mostWithin,
  oauthError,
  page,
  quantile,
  Scene,
  type SceneOptions,
  token,
  waits,
} from "./scene.ts";

const tenHours = 36_000;
const settings = new StaticClientConfigStore({ tokenEndpoint: "https://auth.test/token" });

/** Whether the refresh fails, and what fails then. */
type Trouble = (isDown: () => boolean) => SceneOptions;

const answers = (make: () => Response): Trouble => (isDown) => ({
  tokens: ({ number }) => isDown() ? make() : token(number, tenHours),
});

const troubles: Record<string, Trouble> = {
  "the vault throws": (isDown) => ({
    clientSecret: () => {
      if (isDown()) throw new Error("sealed");
      return "s3cret";
    },
  }),
  "the config store throws": (isDown) => ({
    configStore: {
      getClientConfig() {
        if (isDown()) throw new Error("no settings");
        return settings.getClientConfig();
      },
    },
  }),
  "a redirect to a maintenance page": answers(() =>
    new Response(null, { status: 302, headers: { location: "https://maintenance.test/" } })
  ),
  "a web page": answers(() => page()),
  "invalid_client": answers(() => oauthError("invalid_client", 401)),
  "unauthorized_client": answers(() => oauthError("unauthorized_client")),
};

for (const [name, trouble] of Object.entries(troubles)) {
  Deno.test(`a rejected call on one route leaves the other routes their live token: ${name}`, async () => {
    let isDown = false;
    using scene = new Scene({
      tokens: ({ number }) => token(number, tenHours),
      ...trouble(() => isDown),
      api: ({ path }) => path === "/odd" && isDown ? 401 : 200,
    });
    scene.call("/first");
    await scene.pass(1_000);
    isDown = true;
    const rejected = scene.call("/odd");
    await scene.pass(1_000);
    const start = scene.now;
    await scene.pass(600_000, { every: 5_000, act: () => scene.call("/other") });
    const others = scene.calls.filter(({ path }) => path === "/other");
    assertEquals(`${failed(others).length} of ${others.length} calls failed`, "0 of 120 calls failed");
    assertEquals(rejected.status, 401, "the rejected call gets its own 401");
    assert(scene.requestsSince(start).length <= 10, `${scene.requestsSince(start).length} requests in 10 minutes`);
  });
}

Deno.test("a refresh that hangs holds up the rejected calls alone", async () => {
  let isDown = false;
  using scene = new Scene({
    tokens: (request) => isDown ? hang(request) : token(request.number, tenHours),
    api: ({ path }) => path === "/odd" ? 401 : 200,
  });
  scene.call("/first");
  await scene.pass(1_000);
  isDown = true;
  await scene.pass(60_000, {
    every: 500,
    act: () => {
      if (scene.now % 5_000 === 1_000) scene.call("/odd");
      scene.call("/other");
    },
  });
  const waited = waits(scene.calls.filter(({ path }) => path === "/other"), scene.now);
  assertEquals(
    { p50: quantile(waited, 0.5), p99: quantile(waited, 0.99) },
    { p50: 0, p99: 0 },
    "waits of calls that were never rejected",
  );
  const rejected = scene.calls.filter(({ path, start }) => path === "/odd" && start <= 50_000);
  assert(rejected.length > 5 && rejected.every(({ status }) => status === 401), "the rejected calls get their own 401");
  const longest = waits(rejected, scene.now).at(-1) ?? NaN;
  assert(longest <= 10_100, `a rejected call waits ${longest} ms: longer than an attempt may take`);
});

Deno.test("refreshes that fail during an outage don't count against those after it", async () => {
  let isDown = false;
  let revoked = 0;
  using scene = new Scene({
    tokens: ({ number }) => isDown ? new Response(null, { status: 503 }) : token(number, tenHours),
    api: (request) => request.token > revoked ? 200 : 401,
  });
  scene.call();
  await scene.pass(1_000);
  [isDown, revoked] = [true, 1];
  await scene.pass(600_000, { every: 1_000, act: () => scene.call() });
  isDown = false;
  const recovered = scene.now;
  await scene.pass(600_000, { every: 1_000, act: () => scene.call() });
  const last = failed(scene.calls.filter(({ start }) => start >= recovered)).at(-1);
  const duration = last ? last.start - recovered : 0;
  assert(duration <= 5_000, `${duration} ms of failed calls at a healthy server`);
});

Deno.test("ten revocations within a minute are each cured by one refresh", async () => {
  let revoked = 0;
  using scene = new Scene({ api: (request) => request.token > revoked ? 200 : 401 });
  scene.call();
  await scene.pass(1_000);
  for (let count = 1; count <= 10; count++) {
    revoked = scene.requests.length;
    await scene.pass(5_500, { every: 500, act: () => scene.call() });
  }
  assertEquals(failed(scene.calls).length, 0, `${failed(scene.calls).length} of ${scene.calls.length} calls failed`);
  assertEquals(scene.requests.length, 11);
});

for (const path of ["/odd", "/odd/{id}"]) {
  Deno.test(`a route that always says 401 doesn't slow the recovery of the others from a revocation: ${path}`, async () => {
    let revoked = 0;
    using scene = new Scene({
      tokens: ({ number }) => token(number, tenHours),
      api: (request) => request.path.startsWith("/odd") || request.token <= revoked ? 401 : 200,
    });
    const act = () => {
      scene.call(path.replace("{id}", String(scene.now)));
      scene.call("/other");
    };
    await scene.pass(600_000, { every: 1_000, act });
    const before = failed(scene.calls.filter(({ path }) => path === "/other")).length;
    assertEquals(before, 0, "before the revocation");
    revoked = scene.requests.length;
    const start = scene.now;
    await scene.pass(900_000, { every: 1_000, act });
    const last = failed(scene.calls.filter((call) => call.path === "/other" && call.start >= start)).at(-1);
    const duration = last ? last.start - start : 0;
    assert(duration <= 5_000, `healthy routes fail for ${duration} ms after the revocation`);
    const most = mostWithin(60_000, scene.requests);
    assert(most <= 6, `${most} token requests within a minute`);
  });
}

Deno.test("an API that always says 401 costs few token requests", async () => {
  using scene = new Scene({ api: () => 401 });
  await scene.pass(50_000, { every: 1_000, act: () => scene.call() });
  assertEquals(scene.calls.map(({ status }) => status), Array(50).fill(401));
  assert(scene.requests.length <= 5, `${scene.requests.length} token requests for 50 calls`);
});

Deno.test("while a new token isn't known to the API yet, its predecessor is used", async () => {
  const issued: number[] = [];
  using scene = new Scene({
    tokens: ({ number, at }) => {
      issued[number] = number === 1 ? -Infinity : at;
      return token(number, 600);
    },
    api: (request) => request.at >= (issued[request.token] ?? Infinity) + 2_000 ? 200 : 401,
  });
  await scene.pass(570_000, { every: 50, act: () => scene.call() });
  assertEquals(failed(scene.calls).length, 0, `${failed(scene.calls).length} calls failed`);
  assertEquals(scene.requests.length, 2, `${scene.requests.length - 2} tokens too many`);
});

Deno.test("an API that always says 401 costs few token requests, on however many routes", async () => {
  using scene = new Scene({ api: () => 401 });
  await scene.pass(5_000, { every: 100, act: () => scene.call(`/items/${scene.now}`) });
  assertEquals(scene.calls.map(({ status }) => status), Array(50).fill(401));
  assert(scene.requests.length <= 5, `${scene.requests.length} token requests for 50 calls`);
});
