/** What callers meet of an authenticator, and servers: outages, refusals, rejections by the API, many derived ones. */

import { assert, assertEquals } from "@std/assert";
import type { ClientCredentialsAuthenticator, ClientCredentialsAuthenticatorOptions, Fetch } from "@m2m/authenticator";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { authenticatorAt } from "../authenticator_at.ts";
import { type SeenRequest, tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { hang, VirtualTime, type Watched } from "./scene.ts";

interface SceneOptions extends Partial<ClientCredentialsAuthenticatorOptions> {
  /** What the token endpoint answers to a request, by its number from 1. Default: a token of an hour. */
  tokens?: (number: number, request: SeenRequest) => Response | Promise<Response>;
  /** The status that the API answers with, given the number of the token that comes. Default: 200. */
  api?: (path: string, token: number) => number;
}

/** A call by a program that uses the authenticator. Its value is the status: 200 for credentials, too. */
type Call = Watched<number> & { readonly path: string };

/** One authenticator between a scripted token endpoint, which revokes tokens too, and a scripted API. */
class Scene extends VirtualTime {
  /** When token requests were made, in milliseconds since the scene began. */
  readonly requests: number[] = [];
  readonly calls: Call[] = [];
  readonly authenticator: ClientCredentialsAuthenticator;

  constructor({ tokens = (number) => token(number), api = () => 200, ...options }: SceneOptions = {}) {
    super();
    const stub = tokenEndpointStub(async (number, request) => {
      this.requests.push(this.now);
      this.isBusy = true;
      const response = await tokens(number, request);
      this.isBusy = true;
      return response;
    });
    const fetch: Fetch = async (input, init) => {
      init?.signal?.throwIfAborted();
      const { origin, pathname } = new URL(String(input));
      if (origin !== "https://api.test") return await stub.fetch(input, init);
      const number = Number(new Headers(init?.headers).get("authorization")?.replace("Bearer token-", ""));
      return new Response(null, { status: api(pathname, number) });
    };
    const clock = { wall: () => Date.now(), monotonic: () => this.now };
    this.authenticator = authenticatorAt(stub, { clock, fetch, ...options }, { revocationEndpoint: stub.url });
  }

  /** Starts a call of the API. */
  call(path = "/"): void {
    this.#start(path, this.authenticator.fetch(path).then(({ status }) => status));
  }

  /** Starts a call for credentials. */
  get(authenticator: ClientCredentialsAuthenticator = this.authenticator): void {
    this.#start("credentials", authenticator.getCredentials().then(() => 200));
  }

  #start(path: string, status: Promise<number>): void {
    this.calls.push(Object.assign(this.watch(status), { path }));
  }

  /** The token requests made since a moment. */
  requestsSince(start: number): number[] {
    return this.requests.filter((at) => at >= start);
  }

  /** So many authenticators derived from this one. */
  derive(count: number): ClientCredentialsAuthenticator[] {
    return Array.from({ length: count }, (_, index) => this.authenticator.with({ scopes: [`tenant-${index}`] }));
  }
}

const token = (number: number, lifetime = 3600) =>
  Response.json({ access_token: `token-${number}`, expires_in: lifetime });
const oauthError = (error: string, status = 400) => Response.json({ error }, { status });
const bare = (status: number, headers = {}) => new Response(null, { status, headers });

/** The calls that came to nothing: an error, a 401, or still pending. */
const failed = (calls: readonly Call[]) => calls.filter(({ value }) => value !== 200);

Deno.test("in an outage callers get the error at once, probes go on, and the first success serves all", async () => {
  let isDown = true;
  using scene = new Scene({ tokens: (number) => isDown ? bare(503) : token(number) });
  const act = () => void scene.call();
  await scene.pass(300_000, { every: 50, act });
  isDown = false;
  const recovered = scene.now;
  await scene.pass(10_000, { every: 50, act });

  const flightEnd = scene.calls[0]?.end ?? Infinity;
  assert(flightEnd <= 30_100, `the first flight takes ${flightEnd} ms`);
  const later = scene.calls.filter(({ start }) => start > flightEnd && start < recovered);
  const waits = later.map(({ start, end = scene.now }) => end - start).sort((a, b) => a - b);
  const [p50 = NaN, p99 = NaN] = [0.5, 0.99].map((share) => waits[Math.floor(waits.length * share)]);
  assert(p50 <= 50 && p99 <= 1_000, `wait p50 ${p50} ms, p99 ${p99} ms`);
  assertEquals(failed(later).filter(({ error }) => error?.retryAfter === undefined), [], "they say when to come again");
  const probes = scene.requestsSince(flightEnd).filter((at) => at < recovered);
  const longest = Math.max(...probes.map((at, index) => at - (probes[index - 1] ?? at)));
  assert(longest <= 3_100 && probes.length <= 300, `${probes.length} probes, with pauses up to ${longest} ms`);
  assertEquals(failed(scene.calls.filter(({ start }) => start > recovered + 3_100)), []);
  assertEquals(scene.requestsSince(recovered).length, 1);
});

const refusals = {
  "access_denied": () => oauthError("access_denied"),
  "invalid_client": () => oauthError("invalid_client", 401),
  "a page in a 200": () => new Response("<html></html>", { headers: { "content-type": "text/html" } }),
};
for (const [name, answer] of Object.entries(refusals)) {
  Deno.test(`a permanent answer to a background refresh isn't served once the token has expired: ${name}`, async () => {
    using scene = new Scene({ tokens: (number) => number === 2 ? answer() : token(number, 6) });
    await scene.pass(12_700, { every: 100, act: () => scene.call() });
    assertEquals(failed(scene.calls), []);
  });
}

/** What derived authenticators share, and at most how many requests 200 of them make within 8 s. */
const shared: [what: string, tokens: () => Response, most: number][] = [
  ["what Retry-After says", () => bare(429, { "retry-after": "60" }), 2],
  // As many as one makes, and two.
  ["an outage", () => bare(503), 8],
  // Some servers' code for a wrong secret: once, and again after the cool-down.
  ["a refusal of their client", () => oauthError("unauthorized_client", 401), 2],
];
for (const [what, tokens, most] of shared) {
  Deno.test(`derived authenticators share ${what}`, async () => {
    using scene = new Scene({ tokens });
    const derived = scene.derive(200);
    await scene.pass(8_000, { every: 500, act: () => derived.forEach((each) => scene.get(each)) });
    assert(scene.requests.length <= most, `${scene.requests.length} requests in 8 s`);
  });
}

Deno.test("derived authenticators share a refusal of their client in the background, too", async () => {
  let isWrong = false;
  using scene = new Scene({ tokens: (number) => isWrong ? oauthError("invalid_client", 401) : token(number) });
  const derived = scene.derive(50);
  derived.forEach((each) => scene.get(each));
  await scene.pass(3_400_000, { step: 60_000 });
  isWrong = true;
  const start = scene.now;
  await scene.pass(60_000, { every: 200, act: () => scene.get(derived[scene.now / 200 % 50]) });
  const { length } = scene.requestsSince(start);
  assert(length <= 15, `${length} requests with a wrong secret within a minute`);
});

Deno.test("while one derived authenticator's probe hangs, the others wait for a second", async () => {
  using scene = new Scene({ tokens: (_, { init }) => hang(init) });
  const [first, ...others] = scene.derive(5);
  scene.get();
  await scene.pass(36_000);
  scene.get(first);
  await scene.settle();
  others.forEach((each) => scene.get(each));
  await scene.pass(1_100);
  assert(scene.calls.slice(-4).every(({ end }) => end !== undefined));
});

for (const [odd, healthy] of [["/odd", "/other"], ["/odd/{id}", "/other"], ["/items/13", "/items/7"]] as const) {
  Deno.test(`${odd}, which always says 401, doesn't slow the recovery of ${healthy} from a revocation`, async () => {
    let revoked = 0;
    const isOdd = new RegExp(`^${odd.replace("{id}", "\\d+")}$`);
    using scene = new Scene({
      tokens: (number) => token(number, 36_000),
      api: (path, token) => isOdd.test(path) || token <= revoked ? 401 : 200,
    });
    const act = () => {
      scene.call(odd.replace("{id}", String(scene.now)));
      scene.call(healthy);
    };
    /** When calls of the healthy route failed. */
    const failures = () => failed(scene.calls).filter(({ path }) => path === healthy).map(({ start }) => start);
    await scene.pass(600_000, { every: 1_000, act });
    assertEquals(failures(), [], "before the revocation");
    revoked = scene.requests.length;
    const start = scene.now;
    await scene.pass(900_000, { every: 1_000, act });
    assert(Math.max(start, ...failures()) <= start + 5_000, `it fails up to ${failures().at(-1)}, from ${start} on`);
    const inMinute = (start: number) => scene.requestsSince(start).filter((at) => at < start + 60_000).length;
    const most = Math.max(...scene.requests.map(inMinute));
    assert(most <= 6, `${most} token requests within a minute`);
  });
}

Deno.test("close: has one deadline for all derived authenticators, and a second one waits for the first", async () => {
  using scene = new Scene({
    revocation: tokenRevocation(),
    tokens: (number, { form, init }) => form.has("token") ? hang(init) : token(number),
  });
  scene.derive(100).forEach((each) => scene.get(each));
  await scene.pass(1_000);
  const first = scene.watch(scene.authenticator.close());
  await scene.pass(1_000);
  const second = scene.watch(scene.authenticator.close());
  await scene.pass(300_000);
  assert(first.end! <= 11_100 && second.end! >= first.end!, `they end at ${first.end} and ${second.end}`);
});
