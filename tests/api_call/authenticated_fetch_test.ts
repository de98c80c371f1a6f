/** One call: the token goes on at home, leaves before another origin, and is replaced once the API rejects it. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError, Credentials, type Fetch } from "@m2m/authenticator";
import type { ApiProofs } from "../../src/api_call/authenticated_fetch.ts";
import { decideRedirect, type Hop } from "../../src/api_call/redirects.ts";
import { rejectsToken } from "../../src/api_call/rejection.ts";
import { keepBody } from "../../src/api_call/replayable_request.ts";
import { readPlace } from "../../src/refresh/place.ts";
import { refreshing } from "../../src/refresh/refreshing.ts";
import { fine, home, makeToken, redirect, rejected, type Script, setUp, shorten } from "./scene.ts";

const userInfo = "https://user:planted@api.test";
const other = "https://other.test";
const otherUser = "https://me:planted@other.test/y";
const put = { method: "PUT", body: "body" };
const forwarded = new Request(other, { ...put, headers: { "x-a": "0" } });
const withOwn = { headers: { "x-own": "0" } };
const ownHeader = { headers: { Authorization: "Own" } };
const moving = [makeToken(1), makeToken(2, "x-token"), makeToken(3, "x-token")];
const replacedTwice = "GET /x token-1, replace token-1 /x 0, GET /x token-2, replayed 401, replace token-2 /x 1";
const movedTwice = "GET /x token-1 x-own=0, replace token-1 /x 0, GET /x x-own=0 x-token=token-2, replayed 401";
const noToken: Script = { live: false, get: () => Promise.reject(new Error("down")) };
const sentOwn = "GET /x authorization=Own, 401";
const once = "GET /x token-1, 200";

/** The API's answers, a call, and the log with the call's status at its end. */
const rows: Record<string, [answers: (() => Response)[], call: Parameters<Fetch>, log: string, Script?]> = {
  "replays a rejected call once, and reports the outcome": [
    [rejected, fine],
    ["/x", put],
    "PUT /x token-1 body, replace token-1 /x 0, PUT /x token-2 body, replayed 200, 200",
  ],
  "replays a second time with the predecessor of a replacement that is rejected, and reports that for later calls": [
    [rejected],
    ["/x"],
    `${replacedTwice}, GET /x token-1, replayed 401, replace token-1 /x 2, 401`,
    { issued: [1, 2, 1].map((number) => makeToken(number)) },
  ],
  "reports an accepted token, if wary": [[fine], ["/x"], "GET /x token-1, accepted token-1 /x, 200", { isWary: true }],
  "reports an accepted replacement, if wary": [
    [rejected, fine],
    ["/x"],
    "GET /x token-1, replace token-1 /x 0, GET /x token-2, replayed 200, accepted token-2 /x, 200",
    { isWary: true },
  ],
  "takes the old header off a replay, and off its redirect to another origin": [
    [rejected, rejected, redirect(307, `${other}/`), fine],
    ["/x", withOwn],
    `${movedTwice}, replace token-2 /x 1, GET /x x-own=0 x-token=token-3, GET ${other}/ x-own=0, replayed 200, 200`,
    { issued: moving },
  ],
  "sends the caller's own header without a token, once": [[rejected], ["/x", ownHeader], sentOwn, noToken],
  "puts the token in the place of the caller's own header, and of a replay's": [
    [rejected, fine],
    ["/x", ownHeader],
    "GET /x token-1, replace token-1 /x 0, GET /x token-2, replayed 200, 200",
    { callerHeader: "replace" },
  ],
  "puts it in the place of a Request's": [[fine], [new Request(`${home}/x`, ownHeader)], once, {
    callerHeader: "replace",
  }],
  "keeps the caller's other headers": [
    [fine],
    ["/x", { headers: { Authorization: "Own", "X-Own": "0" } }],
    "GET /x authorization=Own x-own=0 x-token=token-1, 200",
    { callerHeader: "replace", issued: [makeToken(1, "x-token")] },
  ],
  "takes a Request for an init, as workers forward one": [
    [rejected, fine],
    ["/x", forwarded],
    "PUT /x token-1 x-a=0 body, replace token-1 /x 0, PUT /x token-2 x-a=0 body, replayed 200, 200",
  ],
  "never makes a POST again that a 303 answered, but refreshes for the next call": [
    [redirect(303, "/orders/9"), rejected, fine],
    ["/orders", { method: "POST", body: "buy" }],
    "POST /orders token-1 buy, GET /orders/9 token-1, replace token-1 /orders 0, 401",
  ],
  "returns a redirect without a location": [[() => new Response(null, { status: 302 })], ["/x"], "GET /x token-1, 302"],
  "sends no inherited headers": [[fine], ["/x", { headers: Object.create({ authorization: "Own" }) }], once],
  // User and password of a URL are dropped: ours is sent.
  "drops user and password of another origin": [[fine], [otherUser], `GET ${other}/y, 200`],
  "drops the endpoint's user and password": [[fine], ["y"], "GET /v1/y token-1, 200", { endpoint: `${userInfo}/v1/` }],
  "drops them before a path": [[fine], ["/x"], once, { endpoint: `${userInfo}/v1/` }],
};
for (const input of ["https://me@api.test/x", "//me:planted@api.test/x"]) {
  rows[`drops user and password of ${input}`] = [[fine], [input], once];
}

// All are to be sent alike.
const settings = { method: "DELETE", body: "body", headers: { "x-own": "1" } };
const getters = (enumerable: boolean) =>
  Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, { get: () => value, enumerable }]));
class Getters {}
Object.defineProperties(Getters.prototype, getters(false));
class Child extends Getters {}
class OwnRequest extends Request {}
const { headers: _, ...withoutHeaders } = settings;
/** Besides those of the portable suite. */
const inits: Record<string, RequestInit> = {
  "getters of its own": Object.freeze(Object.defineProperties({}, getters(true))),
  "getters of a class's parent": new Child(),
  "inherited twice, and frozen": Object.freeze(Object.create(Object.create(settings))),
  "of no prototype": Object.assign(Object.create(null), settings),
  "not enumerable": Object.defineProperties({}, getters(false)),
  "a proxy's that adds headers": new Proxy(withoutHeaders, { get: (_, name) => Reflect.get(settings, name) }),
  "a function's": Object.assign(() => {}, settings),
  "a Request's": new Request(home, settings),
  "a subclass's of Request": new OwnRequest(home, settings),
};
for (const [what, init] of Object.entries(inits)) {
  rows[`sends settings that are ${what}`] = [[fine], ["/x", init], "DELETE /x token-1 x-own=1 body, 200"];
}

for (const [name, [answers, call, expected, script]] of Object.entries(rows)) {
  Deno.test(`authenticatedFetch: ${name}`, async () => {
    const { fetch, log } = setUp({ answers, ...script });
    const { status } = await fetch(...call);
    assertEquals([...log, status].join(", "), expected);
  });
}

Deno.test("authenticatedFetch: tells of each call without the token, and why", async () => {
  const calls: [answers: (() => Response)[], call: Parameters<Fetch>, reasons: string[], Script?][] = [
    [[fine], ["/x"], []],
    [[rejected], ["/x", ownHeader], ["caller_header"]],
    [[rejected], ["/x", ownHeader], [], { callerHeader: "replace" }],
    [[rejected], [`${other}/`], ["other_origin"]],
    [[redirect(307, `${other}/`), rejected], ["/x"], ["redirect"]],
    [[redirect(307, "/y"), fine], ["/x"], []],
  ];
  for (const [answers, call, expected, script] of calls) {
    const reasons: string[] = [];
    const { fetch } = setUp({
      ...{ answers, ...script },
      onEvent: (event) => event.type === "token_omitted" && reasons.push(event.reason),
    });
    await fetch(...call);
    assertEquals(reasons, expected);
  }
});

Deno.test("authenticatedFetch: never hands on redirect: error, which workerd refuses, and refuses redirects all the same", async () => {
  for (const url of ["/x", `${other}/x`]) {
    const { fetch, seen } = setUp({ answers: [fine, redirect(302, "/y")] });
    await fetch(url, { redirect: "error" });
    await assertRejects(() => fetch(url, { redirect: "error" }), TypeError, 'redirect is "error"');
    assertEquals(seen.map(([, init]) => init?.redirect), ["manual", "manual"]);
  }
});

Deno.test("authenticatedFetch: reads each setting once", async () => {
  const read: string[] = [];
  class Counted {}
  for (const [name, value] of Object.entries({ ...settings, signal: null, redirect: "follow", integrity: "" })) {
    Object.defineProperty(Counted.prototype, name, { get: () => read.push(name) && value });
  }
  await setUp({ answers: [rejected] }).fetch("/x", new Counted());
  assertEquals(read.toSorted(), ["body", "headers", "integrity", "method", "redirect", "signal"]);
});

Deno.test("authenticatedFetch: leaves the caller's init, headers and Request as they were", async () => {
  const { fetch, log } = setUp();
  const headers = new Headers({ "x-a": "1" });
  const request = new Request(`${home}/x`, { headers });
  await fetch("/x", Object.freeze({ headers }));
  await fetch(request);
  assertEquals([...headers, ...request.headers], Array(2).fill(["x-a", "1"]));
  assertEquals(log, Array(2).fill("GET /x token-1 x-a=1"));
});

Deno.test("authenticatedFetch: hands on the token's own headers, and parses nothing", async () => {
  const first = makeToken(1);
  const { fetch, seen } = setUp({ issued: [first] });
  await fetch("/x");
  // No runtime is to follow redirects by itself.
  await fetch("/x", { redirect: new String("follow") as RequestRedirect });
  assertEquals(seen.map(([input, init]) => [input, init?.redirect]), Array(2).fill([`${home}/x`, "manual"]));
  assertStrictEquals(seen[0]?.[1]?.headers as unknown, first.headers);
});

Deno.test("authenticatedFetch: resolves inputs as URLs do, and sends the token to the endpoint's origin only", async () => {
  const trusted = ["/x", "x", "v1/x", "?q=1", `${home}/y`, "/a//b", "/%2F/c", "/..//d", " /e", "https://friend.test/x"];
  const foreign = [
    ...["//evil.test/x", "/\\evil.test/x", "/\t/evil.test/x", "\n//evil.test/x", `${home}.evil.test/`],
    ...["http://api.test/", "https://api.test:8443/", "https://evil.test/"],
  ];
  for (const input of [...trusted, ...foreign]) {
    const { href } = new URL(input, `${home}/v1/`);
    const token = trusted.includes(input) ? "token-1" : "";
    for (const each of [input, new URL(href), new Request(href)]) {
      const { fetch, log } = setUp({ answers: [rejected], allowedOrigins: ["https://friend.test/any/path"] });
      await fetch(each);
      assertEquals([log[0], log.length > 1], [shorten(`GET ${href} ${token}`.trimEnd()), token !== ""]);
    }
  }
});

Deno.test("authenticatedFetch: follows a browser's hidden redirect, unless a credential or a body could go astray", async () => {
  const hidden = () => Object.defineProperty(Response.error(), "type", { value: "opaqueredirect" });
  const { fetch, seen } = setUp({ answers: [hidden, fine] });
  assertEquals(await (await fetch("/")).text(), "fine");
  assertEquals(seen.map(([, init]) => init?.redirect), ["manual", "follow"]);
  const refused: [Script, RequestInit][] = [[{ issued: [makeToken(1, "x-token")] }, {}], [{}, { method: "POST" }]];
  for (const [script, init] of refused) {
    const call = setUp({ answers: [hidden, fine], ...script }).fetch("/", init);
    assertEquals((await assertRejects(() => call, AuthenticationError)).code, "redirect_refused");
  }
});

Deno.test("readPlace: takes the URL without query, and without identifiers for the route", () => {
  const routes = { "/v1/orders/17": "/v1/orders/0", "/v2/jobs/0b7e4c9a-1/log": "/v2/jobs/0/log", "/v1/p": "/v1/p" };
  for (const origin of ["", home, "https://api2.example.com"]) {
    for (const [path, route] of Object.entries(routes)) {
      assertEquals(readPlace(`${origin}${path}?x=1#y`), { href: origin + path, route: origin + route });
    }
  }
});

Deno.test("authenticatedFetch: gives the API's rejection at once of an upload that goes on", async () => {
  const { fetch } = setUp({ fetch: () => Promise.resolve(rejected()) });
  let timer: ReturnType<typeof setInterval> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => controller.enqueue(new Uint8Array(10)), 20);
    },
    cancel: () => clearInterval(timer),
  });
  const upload = new Request(`${home}/x`, { method: "POST", body, duplex: "half" } as RequestInit);
  assertEquals((await fetch(upload)).status, 401);
  clearInterval(timer);
});

Deno.test("authenticatedFetch: ends the wait for a body that stalls with the signal's own reason", async () => {
  const reason = { own: "reason" };
  const controller = new AbortController();
  const { fetch } = setUp({ fetch: () => Promise.resolve(rejected()) });
  const request = new Request(`${home}/x`, { method: "POST", body: new ReadableStream() });
  const call = fetch(request, { signal: controller.signal }).catch((error) => error);
  setTimeout(() => controller.abort(reason), 10);
  assertStrictEquals(await call, reason);
});

Deno.test("authenticatedFetch: asks isRejected once for each response, and for nothing else", async () => {
  const statuses: number[] = [];
  const isRejected = ({ status }: Response) => statuses.push(status) > 0 && status === 498;
  const odd = () => new Response(null, { status: 498 });
  const script = { issued: [1, 2, 3].map((number) => makeToken(number)), isRejected };
  assertEquals((await setUp({ answers: [odd, odd, fine], ...script }).fetch("/x")).status, 200);
  const usual = setUp({ answers: [rejected], ...script });
  assertEquals([(await usual.fetch("/x")).status, usual.log], [401, ["GET /x token-1"]]);
  assertEquals(statuses, [498, 498, 200, 401]);
});

const shapes: Record<string, (name: string) => HeadersInit> = {
  "a record": (name) => ({ [name]: "Own", "X-A": "0" }),
  "pairs": (name) => [[name, "Own"], ["X-A", "0"]],
  "Headers": (name) => new Headers({ [name]: "Own", "X-A": "0" }),
  "a record without a prototype": (name) => Object.assign(Object.create(null), { [name]: "Own", "X-A": "0" }),
  "an iterator": (name) => new Map([[name, "Own"], ["X-A", "0"]]).entries(),
};

/** An init with a value, and what changes that. */
function changing<Value>(value: Value, use: (value: Value) => RequestInit, change: (value: Value) => unknown) {
  const init = use(value);
  init.method = "POST";
  return [init, () => change(value)] as const;
}

const bytes = () => new TextEncoder().encode("old=");
const form = () => new URLSearchParams("old=");
const named = () => ({ "x-own": "0" });
/** What a call consists of, and how it may be changed while the call is under way. */
const changes: Record<string, () => readonly [init: RequestInit, change: () => unknown]> = {
  "the bytes of its body": () => changing(bytes(), (body) => ({ body }), (body) => body.fill(0)),
  "its form": () => changing(form(), (body) => ({ body }), (body) => body.set("new", "")),
  "its headers": () => changing(named(), (headers) => ({ headers, body: "old=" }), (headers) => headers["x-own"] = "9"),
  "its Headers": () =>
    changing(new Headers(named()), (headers) => ({ headers, body: "old=" }), (headers) => headers.set("x-own", "9")),
  "its init": () => changing({ body: "old=" }, (init) => init, (init) => init.body = "new"),
};

for (const live of [true, false]) {
  const lives = live ? "live" : "expired";
  for (const [shape, make] of Object.entries(shapes)) {
    Deno.test(`authenticatedFetch: takes headers given as ${shape}, in any letter case, with a token ${lives}`, async () => {
      const { fetch, log } = setUp({ live });
      for (const name of ["Authorization", "AUTHORIZATION", "X-B"]) await fetch("/", { headers: make(name) });
      const own = "GET / authorization=Own x-a=0";
      assertEquals(log, [own, own, "GET / token-1 x-a=0 x-b=Own"]);
    });
  }

  for (const [what, make] of Object.entries(changes)) {
    Deno.test(`authenticatedFetch: sends and replays a call as it was made, whatever becomes of ${what}, with a token ${lives}`, async () => {
      const { fetch, log } = setUp({ answers: [rejected, fine], live });
      const [init, change] = make();
      const call = fetch("/x", init);
      change();
      await call;
      const rest = `${init.headers ? " x-own=0" : ""} old=`;
      const expected = [`POST /x token-1${rest}`, "replace token-1 /x 0", `POST /x token-2${rest}`, "replayed 200"];
      assertEquals(log, expected);
    });
  }
}

Deno.test("authenticatedFetch: makes one proving fetch for a header, for calls with the token alone", async () => {
  const made: (string | undefined)[] = [];
  const dpop: ApiProofs = {
    apiFetch(fetch, headerKey) {
      made.push(headerKey);
      return (input, init) => fetch(`${input}?proof`, init);
    },
    isAboutProof: () => false,
  };
  const { fetch, log } = setUp({ answers: [fine, rejected, fine], issued: moving, dpop });
  for (const path of ["/a", "/b"]) await fetch(path);
  await fetch("/c", { headers: { authorization: "Own" } });
  await fetch("https://other.test/d");
  assertEquals(log, [
    ...["GET /a?proof token-1", "GET /b?proof token-1"],
    ...["replace token-1 /b 0", "GET /b?proof x-token=token-2", "replayed 200"],
    ...["GET /c authorization=Own", "GET https://other.test/d"],
  ]);
  assertEquals(made, ["authorization", "x-token"]);
});

Deno.test("authenticatedFetch: replays a Request's body up to the limit, and gives the 401 beyond it", async () => {
  for (const body of ["x".repeat(100), "x".repeat(101)]) {
    for (const headers of [{ "content-length": String(body.length) }, {}]) {
      const { fetch, log } = setUp({ answers: [rejected, fine], maxReplayBody: 100 });
      const request = new Request(`${home}/x`, { method: "POST", body, headers });
      const isReplayed = body.length === 100;
      assertEquals([(await fetch(request)).status, request.bodyUsed], [isReplayed ? 200 : 401, true]);
      const replay = isReplayed ? [`POST /x token-2 ${body}`, "replayed 200"] : [];
      assertEquals(log, [`POST /x token-1 ${body}`, "replace token-1 /x 0", ...replay]);
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

const headerKey = "X-Token";
for (const [by, option, own] of [["an option", { headerKey }, {}], ["a source", {}, { headerKey }]] as const) {
  Deno.test(`authenticatedFetch: treats a header that ${by} names in capitals like any other`, async () => {
    const credentials = new Credentials({ accessToken: "token-1" });
    const tokens = refreshing(() => Promise.resolve({ credentials, ...own }), option);
    const { fetch, log } = setUp({ tokens, answers: [redirect(302, "https://other.test/"), fine] });
    await fetch("/away");
    await fetch("/own", { headers: { "x-token": "Own" } });
    assertEquals(log, ["GET /away x-token=token-1", "GET https://other.test/", "GET /own x-token=Own"]);
  });
}

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

const all = "authorization content-type cookie x-own";
const hop: Hop = {
  href: `${home}/a/b`,
  method: "POST",
  headers: { authorization: "x", cookie: "a=b", "content-type": "text/plain", "x-own": "1" },
  isGet: false,
  isHome: true,
};
const away = { href: "https://other.test/", isHome: false };
type Decision = [status: number, location: string | null, from: Partial<Hop>, next: unknown, headerKey?: string];
const decisions: Decision[] = [
  [200, "/c", {}, undefined],
  [304, "/c", {}, undefined],
  [302, null, {}, undefined],
  [302, "javascript:alert(1)", {}, undefined],
  [302, "http://[", {}, undefined],
  [302, "c", {}, [`${home}/a/c`, "GET", "authorization cookie x-own", true]],
  [303, "/c", { method: "PUT" }, [`${home}/c`, "GET", "authorization cookie x-own", true]],
  [303, "/c", { method: "HEAD" }, [`${home}/c`, "HEAD", all, true]],
  [301, "/c", { method: "PUT" }, [`${home}/c`, "PUT", all, true]],
  [307, "/c", {}, [`${home}/c`, "POST", all, true]],
  [308, "https://friend.test/", {}, ["https://friend.test/", "POST", "authorization content-type x-own", true]],
  [308, "https://other.test/", {}, ["https://other.test/", "POST", "content-type x-own", false]],
  [308, "https://other.test/", {}, ["https://other.test/", "POST", "content-type", false], "x-own"],
  [308, "https://friend.test/", {}, ["https://friend.test/", "POST", "content-type x-own", true], "x-own"],
  [302, "http://api.test/", {}, ["http://api.test/", "GET", "x-own", false]],
  [307, `${home}/`, away, [`${home}/`, "POST", "content-type x-own", false]],
];

for (const [status, location, from, expected, headerKey = "authorization"] of decisions) {
  const { method, href } = { ...hop, ...from };
  Deno.test(`decideRedirect: ${method}, ${status} to ${location}, from ${href}, by ${headerKey}`, () => {
    const headers = new Headers(location === null ? {} : { location });
    const scope = { headerKey, origins: [home, "https://friend.test"] };
    const next = decideRedirect({ status, headers }, { ...hop, ...from }, scope);
    const names = [...new Headers(next?.headers).keys()].join(" ");
    assertEquals(next && [next.href, next.method, names, next.isHome], expected);
  });
}
