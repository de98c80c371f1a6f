/** One call: the token goes on at home, leaves before another origin, and is replaced once the API rejects it. */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Credentials } from "@m2m/authenticator";
import {
  type ApiProofs,
  authenticatedFetch,
  type AuthenticatedFetchOptions,
} from "../../src/api_call/authenticated_fetch.ts";
import { decideRedirect, type Hop } from "../../src/api_call/redirects.ts";
import { rejectsToken } from "../../src/api_call/rejection.ts";
import { keepBody } from "../../src/api_call/replayable_request.ts";
import { readMoment, systemClock } from "../../src/clock.ts";
import { type IssuedToken, issueToken } from "../../src/refresh/issued_token.ts";
import { readPlace } from "../../src/refresh/place.ts";
import { refreshing } from "../../src/refresh/refreshing.ts";
import type { Tokens } from "../../src/refresh/tokens.ts";

const home = "https://api.test";

interface Plan extends Partial<AuthenticatedFetchOptions> {
  /** Whether there is a live token. Default: `true`. */
  live?: boolean;
  /** What replaces the first token, and what replaces that. */
  next?: IssuedToken;
  predecessor?: IssuedToken;
  get?: Tokens["get"];
  /** Whether rejections are rationed. Default: `false`. */
  isWary?: boolean;
}

interface Seen {
  readonly input: unknown;
  readonly init: RequestInit | undefined;
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly token: string | null;
  readonly body: string;
}

function makeToken(number: number, headerKey = "authorization"): IssuedToken {
  const credentials = { accessToken: `token-${number}`, tokenType: "Bearer" } as IssuedToken["credentials"];
  return issueToken({ credentials, headerKey }, readMoment(systemClock), undefined, {});
}

/** A fetch with scripted tokens over a fetch that gives one answer after another, the last one again and again. */
function setUp(
  answers: readonly (() => Response)[],
  { live = true, next, predecessor, get, isWary = false, ...options }: Plan = {},
) {
  const unused = () => {
    throw new Error("authenticatedFetch has no use for it");
  };
  const first = makeToken(1);
  const asked: string[] = [];
  const seen: Seen[] = [];
  const tokens: Tokens = {
    last: live || get ? first : undefined,
    fresh: () => live ? first : undefined,
    get: get ?? (() => Promise.resolve(first)),
    replace(rejected, { url, replays = 0 } = {}) {
      asked.push(`replace ${rejected.credentials.accessToken} ${url} ${replays}`);
      return Promise.resolve([next, predecessor][replays]);
    },
    isWary,
    accepted: ({ credentials }, url) => void asked.push(`accepted ${credentials.accessToken} ${url}`),
    replayed: (status) => void asked.push(`replayed ${status}`),
    refresh: unused,
    refreshRejected: unused,
    forget: unused,
    close: unused,
  };
  const fetch = authenticatedFetch(tokens, {
    endpoint: `${home}/v1/`,
    async fetch(input, init) {
      const request = new Request(input, init);
      const { url, method, headers } = request;
      const token = headers.get("authorization");
      const number = seen.push({ input, init, url, method, headers, token, body: await request.text() });
      return (answers[number - 1] ?? answers.at(-1)!)();
    },
    ...options,
  });
  return { fetch, seen, asked, first };
}

const fine = () => new Response("fine");
const rejected = () => new Response("rejected", { status: 401 });
const redirect = (status: number, location: string) => () => new Response(null, { status, headers: { location } });

Deno.test("authenticatedFetch: hands on the token's own headers, and parses nothing", async () => {
  const { fetch, seen, first } = setUp([fine]);
  await fetch("/x");
  assertEquals([seen[0]?.input, seen[0]?.init?.redirect], [`${home}/x`, "manual"]);
  assertStrictEquals(seen[0]?.init?.headers as unknown, first.headers);
});

Deno.test("authenticatedFetch: resolves inputs as URLs do, and sends the token to the endpoint's origin only", async () => {
  const trusted = ["/x", "x", "v1/x", "?q=1", `${home}/y`, "/a//b", "/%2F/c", "/..//d", " /e", "https://friend.test/x"];
  const foreign = [
    ...["//evil.test/x", "/\\evil.test/x", "/\t/evil.test/x", "\n//evil.test/x", `${home}.evil.test/`],
    ...["http://api.test/", "https://api.test:8443/", "https://evil.test/"],
  ];
  for (const [inputs, token] of [[trusted, "Bearer token-1"], [foreign, null]] as const) {
    for (const input of inputs) {
      const { href } = new URL(input, `${home}/v1/`);
      for (const each of [input, new URL(href), new Request(href)]) {
        const { fetch, seen, asked } = setUp([rejected], { allowedOrigins: ["https://friend.test"] });
        await fetch(each);
        assertEquals([...seen.map(({ url, token }) => [url, token]), asked.length], [[href, token], token ? 1 : 0]);
      }
    }
  }
});

Deno.test("authenticatedFetch: replays a rejected call once, and reports the outcome", async () => {
  const { fetch, seen, asked } = setUp([rejected, fine], { next: makeToken(2) });
  assertEquals(await (await fetch("/x", { method: "POST", body: "body" })).text(), "fine");
  assertEquals(seen.map(({ token, body }) => [token, body]), [["Bearer token-1", "body"], ["Bearer token-2", "body"]]);
  assertEquals(asked, [`replace token-1 ${home}/x 0`, "replayed 200"]);
});

Deno.test("authenticatedFetch: replays a second time with the predecessor of a replacement that is rejected", async () => {
  const { fetch, seen, asked } = setUp([rejected], { next: makeToken(2), predecessor: makeToken(1) });
  assertEquals((await fetch("/x")).status, 401);
  assertEquals(seen.map(({ token }) => token), [1, 2, 1].map((number) => `Bearer token-${number}`));
  // The last report is for the calls to come.
  assertEquals(asked, [
    `replace token-1 ${home}/x 0`,
    "replayed 401",
    `replace token-2 ${home}/x 1`,
    "replayed 401",
    `replace token-1 ${home}/x 2`,
  ]);
});

Deno.test("authenticatedFetch: reports accepted tokens while rejections are rationed", async () => {
  const { fetch, asked } = setUp([fine, rejected, fine], { isWary: true, next: makeToken(2) });
  for (const path of ["/x", "/y"]) await fetch(path);
  assertEquals(asked, [
    `accepted token-1 ${home}/x`,
    `replace token-1 ${home}/y 0`,
    "replayed 200",
    `accepted token-2 ${home}/y`,
  ]);
});

Deno.test("readPlace: takes the URL without query, and without identifiers for the route", () => {
  const rows = [
    ["/v1/orders/17?x=1#y", "/v1/orders/17", "/v1/orders/0"],
    ["/v2/jobs/0b7e4c9a-1/log", "/v2/jobs/0b7e4c9a-1/log", "/v2/jobs/0/log"],
    ["/v1/plain", "/v1/plain", "/v1/plain"],
  ];
  for (const origin of ["", home, "https://api2.example.com"]) {
    for (const [url, href, route] of rows) {
      assertEquals(readPlace(origin + url), { href: origin + href, route: origin + route });
    }
  }
});

Deno.test("authenticatedFetch: gives the API's rejection at once of an upload that goes on", async () => {
  const { fetch } = setUp([], { next: makeToken(2), fetch: () => Promise.resolve(rejected()) });
  let timer: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new Uint8Array(10)), 20);
    },
    cancel: () => clearInterval(timer),
  });
  const upload = new Request(`${home}/x`, { method: "POST", body, duplex: "half" } as RequestInit);
  try {
    assertEquals((await fetch(upload)).status, 401);
  } finally {
    clearInterval(timer);
  }
});

Deno.test("authenticatedFetch: takes the old header off a replay, and off its redirect to another origin", async () => {
  const { fetch, seen } = setUp([rejected, rejected, redirect(307, "https://evil.test/"), fine], {
    next: makeToken(2, "x-token"),
    predecessor: makeToken(3, "x-token"),
  });
  await fetch("/x", { headers: { "x-own": "1" } });
  assertEquals(seen.map(({ url, headers }) => [url, ...headers].join(" ")), [
    `${home}/x authorization,Bearer token-1 x-own,1`,
    `${home}/x x-own,1 x-token,Bearer token-2`,
    `${home}/x x-own,1 x-token,Bearer token-3`,
    "https://evil.test/ x-own,1",
  ]);
});

Deno.test("authenticatedFetch: asks isRejected once for each response, and for nothing else", async () => {
  const statuses: number[] = [];
  const options = {
    ...{ next: makeToken(2), predecessor: makeToken(3) },
    isRejected: ({ status }: Response) => statuses.push(status) > 0 && status === 498,
  };
  const odd = () => new Response(null, { status: 498 });
  assertEquals((await setUp([odd, odd, fine], options).fetch("/x")).status, 200);
  const usual = setUp([rejected], options);
  assertEquals([(await usual.fetch("/x")).status, usual.asked], [401, []]);
  assertEquals(statuses, [498, 498, 200, 401]);
});

for (const live of [true, false]) {
  const lives = live ? "live" : "expired";
  const own = { authorization: "Own", "x-a": "1" };
  const shapes: Record<string, (named: string) => HeadersInit> = {
    "a record": (name) => ({ [name]: "Own", "X-A": "1" }),
    "pairs": (name) => [[name, "Own"], ["X-A", "1"]],
    "Headers": (name) => new Headers({ [name]: "Own", "X-A": "1" }),
    "a record without a prototype": (name) => Object.assign(Object.create(null), { [name]: "Own", "X-A": "1" }),
    "an iterator": (name) => new Map([[name, "Own"], ["X-A", "1"]]).entries(),
  };
  for (const [shape, make] of Object.entries(shapes)) {
    Deno.test(`authenticatedFetch: takes headers given as ${shape}, in any letter case, with a token ${lives}`, async () => {
      const { fetch, seen } = setUp([fine], { live });
      for (const name of ["Authorization", "AUTHORIZATION", "X-B"]) await fetch("/", { headers: make(name) });
      const added = { authorization: "Bearer token-1", "x-a": "1", "x-b": "Own" };
      assertEquals(seen.map(({ headers }) => Object.fromEntries(headers)), [own, own, added]);
    });
  }

  const changes: Record<string, () => [init: RequestInit, change: () => void]> = {
    "the bytes of its body": () => {
      const body = new TextEncoder().encode("old");
      return [{ body }, () => body.fill(0)];
    },
    "its form": () => {
      const body = new URLSearchParams("old");
      return [{ body }, () => body.set("new", "")];
    },
    "its headers": () => {
      const headers = { "x-own": "1" };
      return [{ headers, body: "old" }, () => headers["x-own"] = "2"];
    },
    "its Headers": () => {
      const headers = new Headers({ "x-own": "1" });
      return [{ headers, body: "old" }, () => headers.set("x-own", "2")];
    },
    "its init": () => {
      const init = { body: "old" };
      return [init, () => init.body = "new"];
    },
  };
  for (const [what, make] of Object.entries(changes)) {
    Deno.test(`authenticatedFetch: sends and replays a call as it was made, whatever becomes of ${what}, with a token ${lives}`, async () => {
      const { fetch, seen } = setUp([rejected, fine], { live, next: makeToken(2) });
      const [init, change] = make();
      init.method = "POST";
      const call = fetch("/x", init);
      change();
      await call;
      assertEquals(seen.map(({ body }) => body.replace("=", "")), ["old", "old"]);
      if (init.headers) assertEquals(seen.map(({ headers }) => headers.get("x-own")), ["1", "1"]);
    });
  }
}

Deno.test("authenticatedFetch: sends the caller's own header although no token is to be had, and never replays it", async () => {
  const get = () => Promise.reject(new Error("down"));
  const { fetch, seen, asked } = setUp([rejected], { live: false, get, next: makeToken(2) });
  await fetch("/x", { headers: { Authorization: "Own" } });
  assertEquals([asked, seen.map(({ token }) => token)], [[], ["Own"]]);
});

Deno.test("authenticatedFetch: takes a Request for an init, as workers forward one", async () => {
  const { fetch, seen } = setUp([rejected, fine], { next: makeToken(2) });
  const request = new Request("https://other.test/", { method: "PUT", body: "text", headers: { "x-a": "1" } });
  assertEquals((await fetch("/x", request as RequestInit)).status, 200);
  const sent = [`${home}/x`, "PUT", "1", "text"];
  assertEquals(seen.map(({ url, method, headers, body }) => [url, method, headers.get("x-a"), body]), [sent, sent]);
});

Deno.test("authenticatedFetch: makes one proving fetch for a header, for calls with the token alone", async () => {
  const made: (string | undefined)[] = [];
  const dpop: ApiProofs = {
    apiFetch(fetch, headerKey) {
      made.push(headerKey);
      return (input, init) => fetch(`${input}?proof`, init);
    },
    isAboutProof: () => false,
  };
  const { fetch, seen } = setUp([fine, rejected, fine], { next: makeToken(2, "x-token"), dpop });
  for (const path of ["/a", "/b"]) await fetch(path);
  await fetch("/c", { headers: { authorization: "Own" } });
  await fetch("https://other.test/d");
  const sent = ["/a?proof", "/b?proof", "/b?proof", "/c"].map((path) => home + path);
  assertEquals(seen.map(({ url }) => url), [...sent, "https://other.test/d"]);
  assertEquals(made, ["authorization", "x-token"]);
});

Deno.test("authenticatedFetch: replays a Request's body up to the limit, and gives the 401 beyond it", async () => {
  for (const [size, calls] of [[100, 2], [101, 1]] as const) {
    for (const headers of [{ "content-length": String(size) }, {}]) {
      const { fetch, seen, asked } = setUp([rejected, fine], { next: makeToken(2), maxReplayBody: 100 });
      const request = new Request(`${home}/x`, { method: "POST", body: "x".repeat(size), headers });
      const response = await fetch(request);
      assertEquals([response.status, request.bodyUsed], [calls === 2 ? 200 : 401, true]);
      assertEquals(seen.map(({ body }) => body.length), Array(calls).fill(size));
      assertEquals(asked[0], `replace token-1 ${home}/x 0`);
    }
  }
});

Deno.test("keepBody: reads no further ahead than the limit", async () => {
  let pulled = 0;
  const body = new ReadableStream({
    pull: (controller) => ++pulled > 50 ? controller.close() : controller.enqueue(new Uint8Array(100)),
  }, { highWaterMark: 0 });
  const kept = keepBody(new Request(home, { method: "POST", body }), {}, 1_000)!;
  assertEquals(await kept.parts, undefined);
  assert(pulled <= 13, `${pulled} parts were read`);
  assertEquals((await kept.request.arrayBuffer()).byteLength, 5_000);
});

Deno.test("authenticatedFetch: ends the wait for a body that stalls with the signal's own reason", async () => {
  const reason = { own: "reason" };
  const controller = new AbortController();
  const { fetch } = setUp([], { next: makeToken(2), fetch: () => Promise.resolve(rejected()) });
  const request = new Request(`${home}/x`, { method: "POST", body: new ReadableStream() });
  const call = fetch(request, { signal: controller.signal }).catch((error) => error);
  setTimeout(() => controller.abort(reason), 10);
  assertStrictEquals(await call, reason);
});

Deno.test("authenticatedFetch: follows a redirect home with the token, and elsewhere without", async () => {
  const { fetch, seen } = setUp([redirect(307, "/y"), redirect(307, "https://other.test/z"), fine]);
  await fetch(new Request(`${home}/x`, { method: "PUT", body: "body" }));
  assertEquals(seen.map(({ url, token, body }) => [url, token, body]), [
    [`${home}/x`, "Bearer token-1", "body"],
    [`${home}/y`, "Bearer token-1", "body"],
    ["https://other.test/z", null, "body"],
  ]);
});

Deno.test("authenticatedFetch: never makes a POST again that a 303 answered", async () => {
  const { fetch, seen, asked } = setUp([redirect(303, "/orders/1"), rejected, fine], { next: makeToken(2) });
  assertEquals((await fetch("/orders", { method: "POST", body: "buy" })).status, 401);
  assertEquals(seen.map(({ method, body }) => [method, body]), [["POST", "buy"], ["GET", ""]]);
  assertEquals(asked.length, 1, "the token is refreshed for the next call");
});

const challenges: readonly [status: number, challenge: string, isRejected: boolean][] = [
  [401, "", true],
  [403, "", false],
  [403, 'Bearer error="invalid_token"', true],
  [403, 'Bearer realm="a, b",error = invalid_token, scope="x"', true],
  [403, 'Bearer error="insufficient_scope", error_description="invalid_token"', false],
  [403, 'Bearer error_description="say error=\\"invalid_token\\""', false],
  [403, 'Bearer error_description="error=invalid_token"', false],
  [403, 'Bearer xerror="invalid_token"', false],
  [403, 'Bearer error="invalid_token_type"', false],
  // Minutes, if a quote that never ends were looked for from each of these.
  [403, `"invalid_token ${'\\"'.repeat(300_000)}\\`, false],
];

for (const [status, challenge, expected] of challenges) {
  Deno.test(`rejectsToken: is ${expected} for ${status} with ${challenge.slice(0, 80) || "no challenge"}`, () => {
    assertEquals(rejectsToken({ status, headers: new Headers({ "www-authenticate": challenge }) }), expected);
  });
}

const credentials = "authorization content-type cookie x-own";
const hop: Hop = {
  href: `${home}/a/b`,
  method: "POST",
  headers: { authorization: "x", cookie: "a=b", "content-type": "text/plain", "x-own": "1" },
  isGet: false,
  isHome: true,
};
const away = { href: "https://other.test/", isHome: false };
const decisions: readonly [status: number, location: string | null, from: Partial<Hop>, expected: unknown][] = [
  [200, "/c", {}, undefined],
  [304, "/c", {}, undefined],
  [302, null, {}, undefined],
  [302, "javascript:alert(1)", {}, undefined],
  [302, "http://[", {}, undefined],
  [302, "c", {}, [`${home}/a/c`, "GET", "authorization cookie x-own", true]],
  [303, "/c", { method: "PUT" }, [`${home}/c`, "GET", "authorization cookie x-own", true]],
  [303, "/c", { method: "HEAD" }, [`${home}/c`, "HEAD", credentials, true]],
  [301, "/c", { method: "PUT" }, [`${home}/c`, "PUT", credentials, true]],
  [307, "/c", {}, [`${home}/c`, "POST", credentials, true]],
  [308, "https://friend.test/", {}, ["https://friend.test/", "POST", "authorization content-type x-own", true]],
  [308, "https://other.test/", {}, ["https://other.test/", "POST", "content-type x-own", false]],
  [302, "http://api.test/", {}, ["http://api.test/", "GET", "x-own", false]],
  [307, `${home}/`, away, [`${home}/`, "POST", "content-type x-own", false]],
];

for (const [status, location, from, expected] of decisions) {
  Deno.test(`decideRedirect: ${from.method ?? "POST"}, ${status} to ${location}, from ${from.href ?? "home"}`, () => {
    const headers = new Headers(location === null ? {} : { location });
    const scope = { headerKey: "authorization", origins: [home, "https://friend.test"] };
    const next = decideRedirect({ status, headers }, { ...hop, ...from }, scope);
    const names = [...new Headers(next?.headers).keys()].join(" ");
    assertEquals(next && [next.href, next.method, names, next.isHome], expected);
  });
}

for (const byOption of [true, false]) {
  const by = byOption ? "an option" : "a source";
  Deno.test(`authenticatedFetch: treats a header that ${by} names in capitals like any other`, async () => {
    const headerKey = "X-Token";
    const token = { credentials: new Credentials({ accessToken: "t" }), ...!byOption && { headerKey } };
    const sent: [url: string, token: string | null][] = [];
    const fetch = authenticatedFetch(refreshing(() => Promise.resolve(token), byOption ? { headerKey } : {}), {
      endpoint: home,
      fetch: (input, init) => {
        const { url, headers } = new Request(input, init);
        sent.push([url, headers.get("x-token")]);
        return Promise.resolve(url === `${home}/away` ? redirect(302, "https://other.test/")() : fine());
      },
    });
    await fetch("/away");
    await fetch("/own", { headers: { "x-token": "mine" } });
    assertEquals(sent, [[`${home}/away`, "Bearer t"], ["https://other.test/", null], [`${home}/own`, "mine"]]);
  });
}
