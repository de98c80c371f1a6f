/** One call: the token goes on at home, leaves before another origin, and is replaced once the API rejects it. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError, Credentials, type Fetch } from "@m2m/authenticator";
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

/** What the tokens and the API do. */
interface Script extends Partial<AuthenticatedFetchOptions> {
  /** The API's answers; the last one comes again and again. */
  readonly answers?: readonly (() => Response)[];
  readonly first?: IssuedToken;
  /** What replaces the first token (default: `token-2`), and what replaces that (default: nothing). */
  readonly next?: IssuedToken;
  readonly predecessor?: IssuedToken;
  /** Whether the first token is live. Default: `true`. */
  readonly live?: boolean;
  readonly get?: Tokens["get"];
  /** Whether rejections are rationed. Default: `false`. */
  readonly isWary?: boolean;
  /** Replaces the scripted tokens. */
  readonly tokens?: Tokens;
}

function makeToken(number: number, headerKey = "authorization"): IssuedToken {
  const credentials = { accessToken: `token-${number}`, tokenType: "Bearer" } as IssuedToken["credentials"];
  return issueToken({ credentials, headerKey }, readMoment(systemClock), undefined, {});
}

/** Leaves out what all URLs of the API, and all headers with a token, have in common. */
const shorten = (text: string) => text.replaceAll(home, "").replaceAll(/(authorization=)?Bearer token/g, "token");

/** A fetch with scripted tokens and answers. The log has a line for each request, and for each use of the tokens. */
function setUp(script: Script) {
  const { answers = [fine], first = makeToken(1), live = true, isWary = false, ...options } = script;
  const { next = makeToken(2), predecessor } = script;
  const log: unknown[] = [];
  const seen: Parameters<Fetch>[] = [];
  const note = (...words: unknown[]) => void log.push(shorten(words.join(" ").trimEnd()));
  const tokens = {
    last: live || script.get ? first : undefined,
    fresh: () => live ? first : undefined,
    get: script.get ?? (() => Promise.resolve(first)),
    replace(rejected, { url, replays = 0 } = {}) {
      note("replace", rejected.credentials.accessToken, url, replays);
      return Promise.resolve([next, predecessor][replays]);
    },
    isWary,
    accepted: ({ credentials }, url) => note("accepted", credentials.accessToken, url),
    replayed: (status) => note("replayed", status),
  } as Tokens;
  const fetch = authenticatedFetch(script.tokens ?? tokens, {
    endpoint: `${home}/v1/`,
    async fetch(input, init) {
      const number = seen.push([input, init]);
      const request = new Request(input, init);
      const headers = Array.from(request.headers, (header) => header.join("=")).filter((it) => !/^content-/.test(it));
      note(request.method, request.url, ...headers, await request.text());
      return (answers[number - 1] ?? answers.at(-1)!)();
    },
    ...options,
  });
  return { fetch, seen, log, first };
}

const fine = () => new Response("fine");
const rejected = () => new Response("rejected", { status: 401 });
const redirect = (status: number, location: string) => () => new Response(null, { status, headers: { location } });

/** The API's answers, a call, and the log with the call's status at its end. */
const rows: Record<string, [answers: (() => Response)[], call: Parameters<Fetch>, log: string, Script?]> = {
  "replays a rejected call once, and reports the outcome": [
    [rejected, fine],
    ["/x", { method: "POST", body: "body" }],
    "POST /x token-1 body, replace token-1 /x 0, POST /x token-2 body, replayed 200, 200",
  ],
  "replays a second time with the predecessor of a replacement that is rejected, and reports that for later calls": [
    [rejected],
    ["/x"],
    "GET /x token-1, replace token-1 /x 0, GET /x token-2, replayed 401, " +
    "replace token-2 /x 1, GET /x token-1, replayed 401, replace token-1 /x 2, 401",
    { predecessor: makeToken(1) },
  ],
  "reports an accepted token while rejections are rationed": [
    [fine],
    ["/x"],
    "GET /x token-1, accepted token-1 /x, 200",
    { isWary: true },
  ],
  "reports an accepted replacement while rejections are rationed": [
    [rejected, fine],
    ["/x"],
    "GET /x token-1, replace token-1 /x 0, GET /x token-2, replayed 200, accepted token-2 /x, 200",
    { isWary: true },
  ],
  "takes the old header off a replay, and off its redirect to another origin": [
    [rejected, rejected, redirect(307, "https://evil.test/"), fine],
    ["/x", { headers: { "x-own": "0" } }],
    "GET /x token-1 x-own=0, replace token-1 /x 0, GET /x x-own=0 x-token=token-2, replayed 401, " +
    "replace token-2 /x 1, GET /x x-own=0 x-token=token-3, GET https://evil.test/ x-own=0, replayed 200, 200",
    { next: makeToken(2, "x-token"), predecessor: makeToken(3, "x-token") },
  ],
  "sends the caller's own header although no token is to be had, and never replays it": [
    [rejected],
    ["/x", { headers: { Authorization: "Own" } }],
    "GET /x authorization=Own, 401",
    { live: false, get: () => Promise.reject(new Error("down")) },
  ],
  "takes a Request for an init, as workers forward one": [
    [rejected, fine],
    ["/x", new Request("https://other.test/", { method: "PUT", body: "text", headers: { "x-a": "0" } })],
    "PUT /x token-1 x-a=0 text, replace token-1 /x 0, PUT /x token-2 x-a=0 text, replayed 200, 200",
  ],
  "follows a redirect home with the token, and elsewhere without": [
    [redirect(307, "/y"), redirect(307, "https://other.test/z"), fine],
    [new Request(`${home}/x`, { method: "PUT", body: "body" })],
    "PUT /x token-1 body, PUT /y token-1 body, PUT https://other.test/z body, 200",
  ],
  "never makes a POST again that a 303 answered, but refreshes for the next call": [
    [redirect(303, "/orders/9"), rejected, fine],
    ["/orders", { method: "POST", body: "buy" }],
    "POST /orders token-1 buy, GET /orders/9 token-1, replace token-1 /orders 0, 401",
  ],
};
for (const [name, [answers, call, expected, script]] of Object.entries(rows)) {
  Deno.test(`authenticatedFetch: ${name}`, async () => {
    const { fetch, log } = setUp({ answers, ...script });
    const { status } = await fetch(...call);
    assertEquals([...log, status].join(", "), expected);
  });
}

Deno.test("authenticatedFetch: hands on the token's own headers, and parses nothing", async () => {
  const { fetch, seen, first } = setUp({});
  await fetch("/x");
  const [[input, init] = []] = seen;
  assertEquals([input, init?.redirect], [`${home}/x`, "manual"]);
  assertStrictEquals(init?.headers as unknown, first.headers);
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
  const refused: [Script, RequestInit][] = [[{ first: makeToken(1, "x-token") }, {}], [{}, { method: "POST" }]];
  for (const [script, init] of refused) {
    const call = setUp({ answers: [hidden, fine], ...script }).fetch("/", init);
    assertEquals((await assertRejects(() => call, AuthenticationError)).code, "redirect_refused");
  }
});

Deno.test("readPlace: takes the URL without query, and without identifiers for the route", () => {
  const places = [
    ["/v1/orders/17?x=1#y", "/v1/orders/17", "/v1/orders/0"],
    ["/v2/jobs/0b7e4c9a-1/log", "/v2/jobs/0b7e4c9a-1/log", "/v2/jobs/0/log"],
    ["/v1/plain", "/v1/plain", "/v1/plain"],
  ];
  for (const origin of ["", home, "https://api2.example.com"]) {
    for (const [url, href, route] of places) {
      assertEquals(readPlace(origin + url), { href: origin + href, route: origin + route });
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
  const script = { predecessor: makeToken(3), isRejected };
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
  const { fetch, log } = setUp({ answers: [fine, rejected, fine], next: makeToken(2, "x-token"), dpop });
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
