/** What a rejection by the API does to the call itself, and doesn't do to the others. */

import { assert, assertEquals } from "@std/assert";
import { bare, failed, hang, oauthError, page, quantile, Scene, type SceneOptions, token, waits } from "./scene.ts";

const lasting = ({ number }: { number: number }) => token(number, 36_000);

/** Options by which refreshes fail while `isDown` says so. */
type Failure = (isDown: () => boolean) => SceneOptions;

const answer = (make: () => Response): Failure => (isDown) => ({
  tokens: (request) => isDown() ? make() : lasting(request),
});

const failures: Record<string, Failure> = {
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
        return { tokenEndpoint: "https://auth.test/token" };
      },
    },
  }),
  "a redirect to a maintenance page": answer(() => bare(302, { location: "https://maintenance.test/" })),
  "a web page": answer(() => page()),
  "invalid_client": answer(() => oauthError("invalid_client", 401)),
  "unauthorized_client": answer(() => oauthError("unauthorized_client")),
  "an outage": answer(() => bare(503)),
};

for (const [name, failure] of Object.entries(failures)) {
  Deno.test(`a rejected call on one route leaves the other routes their live token: ${name}`, async () => {
    let isDown = false;
    using scene = new Scene({
      tokens: lasting,
      ...failure(() => isDown),
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
    assertEquals([failed(others).length, others.length], [0, 120], "failed calls of the other routes");
    assertEquals(rejected.status, 401, "the rejected call gets its own 401");
    assert(scene.requestsSince(start).length <= 10, `${scene.requestsSince(start).length} requests in 10 minutes`);
  });
}

Deno.test("a refresh that hangs holds up the rejected calls alone", async () => {
  let isDown = false;
  using scene = new Scene({
    tokens: (request) => isDown ? hang(request) : lasting(request),
    api: ({ path }) => path === "/odd" ? 401 : 200,
  });
  scene.call("/first");
  await scene.pass(1_000);
  isDown = true;
  const act = () => {
    if (scene.now % 5_000 === 1_000) scene.call("/odd");
    scene.call("/other");
  };
  await scene.pass(60_000, { every: 500, act });
  const waited = waits(scene.calls.filter(({ path }) => path === "/other"), scene.now);
  assertEquals([quantile(waited, 0.5), quantile(waited, 0.99)], [0, 0], "waits of calls that were never rejected");
  const rejected = scene.calls.filter(({ path, start }) => path === "/odd" && start <= 50_000);
  assert(rejected.length > 5 && rejected.every(({ status }) => status === 401), "the rejected calls get their own 401");
  const longest = waits(rejected, scene.now).at(-1) ?? NaN;
  assert(longest <= 10_100, `a rejected call waits ${longest} ms: longer than an attempt may take`);
});

/** For how long calls of this route failed since then. */
function failingFor(scene: Scene, path: string, since: number): number {
  const last = failed(scene.calls.filter((call) => call.path === path && call.start >= since)).at(-1);
  return last ? last.start - since : 0;
}

Deno.test("refreshes that fail during an outage don't count against those after it", async () => {
  let isDown = false;
  let revoked = 0;
  using scene = new Scene({
    tokens: (request) => isDown ? bare(503) : lasting(request),
    api: (request) => request.token > revoked ? 200 : 401,
  });
  scene.call();
  await scene.pass(1_000);
  [isDown, revoked] = [true, 1];
  await scene.pass(600_000, { every: 1_000, act: () => scene.call() });
  isDown = false;
  const recovered = scene.now;
  await scene.pass(600_000, { every: 1_000, act: () => scene.call() });
  const duration = failingFor(scene, "/", recovered);
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
  assertEquals([failed(scene.calls).length, scene.requests.length], [0, 11]);
});

for (const path of ["/odd", "/odd/{id}"]) {
  Deno.test(`a route that always says 401 doesn't slow the recovery of the others from a revocation: ${path}`, async () => {
    let revoked = 0;
    using scene = new Scene({
      tokens: lasting,
      api: (request) => request.path.startsWith("/odd") || request.token <= revoked ? 401 : 200,
    });
    const act = () => {
      scene.call(path.replace("{id}", String(scene.now)));
      scene.call("/other");
    };
    await scene.pass(600_000, { every: 1_000, act });
    assertEquals(failed(scene.calls.filter(({ path }) => path === "/other")).length, 0, "before the revocation");
    revoked = scene.requests.length;
    const start = scene.now;
    await scene.pass(900_000, { every: 1_000, act });
    const duration = failingFor(scene, "/other", start);
    assert(duration <= 5_000, `healthy routes fail for ${duration} ms after the revocation`);
    const { requests } = scene;
    const most = Math.max(
      ...requests.map(({ at }) => requests.filter((one) => one.at >= at && one.at < at + 60_000).length),
    );
    assert(most <= 6, `${most} token requests within a minute`);
  });
}

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
  assertEquals([failed(scene.calls).length, scene.requests.length], [0, 2]);
});

for (const [where, every] of [["on one route", 1_000], ["on however many routes", 100]] as const) {
  Deno.test(`an API that always says 401 costs few token requests, ${where}`, async () => {
    using scene = new Scene({ api: () => 401 });
    await scene.pass(every * 50, { every, act: () => scene.call(every === 100 ? `/items/${scene.now}` : "/") });
    assertEquals(scene.calls.map(({ status }) => status), Array(50).fill(401));
    assert(scene.requests.length <= 5, `${scene.requests.length} token requests for 50 calls`);
  });
}

Deno.test("a route that works again after an outage of the API recovers from a revocation at once", async () => {
  let isDown = true;
  let revoked = 0;
  using scene = new Scene({ tokens: lasting, api: (request) => isDown || request.token <= revoked ? 401 : 200 });
  await scene.pass(480_000, { every: 1_000, act: () => scene.call() });
  isDown = false;
  await scene.pass(30_000, { every: 1_000, act: () => scene.call() });
  revoked = scene.requests.length;
  const start = scene.now;
  await scene.pass(60_000, { every: 1_000, act: () => scene.call() });
  assertEquals(failingFor(scene, "/", start), 0);
});

Deno.test("an item that always says 401 doesn't slow the recovery of its neighbours from a revocation", async () => {
  let revoked = 0;
  using scene = new Scene({
    tokens: lasting,
    api: ({ path, token }) => path === "/items/13" || token <= revoked ? 401 : 200,
  });
  const act = () => {
    scene.call("/items/13");
    scene.call("/items/7");
  };
  await scene.pass(600_000, { every: 10_000, act, step: 1_000 });
  revoked = scene.requests.length;
  const start = scene.now;
  await scene.pass(60_000, { every: 1_000, act });
  const duration = failingFor(scene, "/items/7", start);
  assert(duration <= 5_000, `a neighbour fails for ${duration} ms`);
});

Deno.test("routes that always say 401 leave others, where the token works, their refreshes", async () => {
  let revoked = 0;
  using scene = new Scene({
    tokens: lasting,
    api: ({ path, token }) => path.startsWith("/bad") || token <= revoked ? 401 : 200,
  });
  for (const path of ["/good", "/bad/a", "/bad/b", "/bad/c", "/good"]) {
    scene.call(path);
    await scene.pass(500);
  }
  revoked = scene.requests.length;
  const call = scene.call("/good");
  await scene.pass(100);
  assertEquals(call.status, 200);
});

Deno.test("a predecessor that turns out to be dead is not used again, though a refresh fails", async () => {
  let isOdd = false;
  let issued = 0;
  using scene = new Scene({
    tokens: ({ number }) => number <= 2 ? token(issued = number) : bare(503),
    api: ({ token }) => !isOdd && token === issued ? 200 : 401,
  });
  scene.call();
  await scene.pass(3_400_000, { step: 60_000 });
  scene.call();
  await scene.pass(100);
  isOdd = true;
  scene.call();
  await scene.pass(100);
  isOdd = false;
  const start = scene.now;
  await scene.pass(5_000, { every: 500, act: () => scene.call() });
  assertEquals(failed(scene.calls.filter((call) => call.start >= start)).length, 0);
});
