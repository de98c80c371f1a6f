/** What an API answers, and what callers hand to `authenticator.fetch`: a table for each theme. */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  authenticatedFetch,
  type AuthenticatorEvent,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";

const api = "https://api.test";
const userInfo = "https://user:planted@api.test";

type Answer = (request: Request, init: RequestInit) => Response | Promise<Response>;

interface Sent {
  readonly request: Request;
  readonly init: RequestInit;
  /** URL and token. */
  readonly line: string;
}

/** An authenticator over a fetch that gives one answer after another, and what that has sent. */
function setUp(answers: readonly Answer[], options: Partial<ClientCredentialsAuthenticatorOptions> = {}) {
  const sent: Sent[] = [];
  let tokens = 0;
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: api,
    clientId: "id",
    clientSecret: "secret",
    configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.test/token" }),
    fetch: (input, init = {}) => {
      if (String(input) === "https://auth.test/token") {
        return Promise.resolve(Response.json({ access_token: `t${++tokens}`, expires_in: 3600 }));
      }
      const request = new Request(input, init);
      const number = sent.push({ request, init, line: `${request.url} ${request.headers.get("authorization")}` });
      return Promise.resolve((answers[number - 1] ?? answers.at(-1)!)(request, init));
    },
    ...options,
  });
  return { fetch: authenticator.fetch, sent, lines: () => sent.map(({ line }) => line) };
}

const fine = () => new Response("fine");
const redirect = (location: string, status = 302) => () => new Response(null, { status, headers: { location } });
const thrown = (work: Promise<unknown>) => work.then(() => undefined, (error: unknown) => error);

// How APIs say that a token has expired.
const invalid = { "www-authenticate": 'Bearer error="invalid_token"' };
const isJsonError = async (response: Response) =>
  response.headers.get("content-type") === "application/json" && "error" in await response.clone().json();
const padding = "x".repeat(65_000);
const rejections: Readonly<
  Record<string, [answer: () => Response, isRejected?: (response: Response) => boolean | Promise<boolean>]>
> = {
  "403 with invalid_token": [() => new Response(null, { status: 403, headers: invalid })],
  "200 with an error inside": [() => Response.json({ error: "expired" }), isJsonError],
  "200 with an error inside 64 kB": [() => Response.json({ error: "expired", padding }), isJsonError],
  "403": [() => new Response(null, { status: 403 }), ({ status }) => status === 403],
  "419": [() => new Response(null, { status: 419 }), ({ status }) => status === 419],
  "498": [() => new Response(null, { status: 498 }), ({ status }) => Promise.resolve(status === 498)],
};
for (const [what, [answer, isRejected]] of Object.entries(rejections)) {
  Deno.test(`an answer that rejects the token, ${what}: the call is replayed with another`, async () => {
    const { fetch, lines } = setUp([answer, fine], { isRejected });
    assertEquals(await (await fetch("/x")).text(), "fine");
    assertEquals(lines(), [`${api}/x Bearer t1`, `${api}/x Bearer t2`]);
  });
}

// All are to be sent as DELETE with a body and a header of their own.
const settings = { method: "DELETE", body: "body", headers: { "x-own": "1" } };
class Getters {
  get method() {
    return settings.method;
  }
  get body() {
    return settings.body;
  }
  get headers() {
    return settings.headers;
  }
}
const hidden = Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, { value }]));
const getters = Object.fromEntries(
  Object.entries(settings).map(([name, value]) => [name, { get: () => value, enumerable: true }]),
);
const inits: Readonly<Record<string, RequestInit>> = {
  "getters of its own": Object.freeze(Object.defineProperties({}, getters)),
  "getters of a class": new Getters(),
  "getters of a class's parent": new (class extends Getters {})(),
  "inherited": Object.create(settings),
  "inherited twice, and frozen": Object.freeze(Object.create(Object.create(settings))),
  "of no prototype": Object.assign(Object.create(null), settings),
  "not enumerable": Object.defineProperties({}, hidden),
  "a proxy's": new Proxy({}, { get: (_, name) => settings[name as keyof typeof settings] }),
  "a proxy's that adds headers": new Proxy<RequestInit>({ method: "DELETE", body: "body" }, {
    get: (target, name) => name === "headers" ? settings.headers : target[name as keyof RequestInit],
  }),
  "a function's": Object.assign(() => {}, settings),
  "a Request's": new Request(api, settings),
  "a subclass's of Request": new (class extends Request {})(api, settings),
};
for (const [what, init] of Object.entries(inits)) {
  Deno.test(`settings that are ${what}: are sent`, async () => {
    const { fetch, sent } = setUp([fine]);
    await fetch("/x", init);
    const { request } = sent[0]!;
    assertEquals([request.method, await request.text(), request.headers.get("x-own")], ["DELETE", "body", "1"]);
  });
}

Deno.test("settings with getters: each is read once", async () => {
  const read: string[] = [];
  class Counted {}
  for (const [name, value] of Object.entries({ ...settings, signal: null, redirect: "follow", integrity: "" })) {
    Object.defineProperty(Counted.prototype, name, { get: () => read.push(name) && value });
  }
  await setUp([() => new Response(null, { status: 401 })]).fetch("/x", new Counted());
  assertEquals(read.toSorted(), ["body", "headers", "integrity", "method", "redirect", "signal"]);
});

for (const how of ["inherited", "of a class"] as const) {
  Deno.test(`an aborted signal that is ${how}: nothing is sent`, async () => {
    const reason = new Error("aborted");
    class Aborted {
      get signal() {
        return AbortSignal.abort(reason);
      }
    }
    const { fetch, sent } = setUp([fine]);
    assertStrictEquals(
      await thrown(fetch("/x", how === "of a class" ? new Aborted() : Object.create(new Aborted()))),
      reason,
    );
    assertEquals(sent.length, 0);
  });
}

Deno.test("headers that are inherited: aren't sent, and keep no token off", async () => {
  const { fetch, lines } = setUp([fine]);
  await fetch("/x", { headers: Object.create({ authorization: "Own" }) });
  assertEquals(lines(), [`${api}/x Bearer t1`]);
});

Deno.test("redirect that is an object: no runtime follows by itself", async () => {
  const { fetch, sent } = setUp([fine]);
  await fetch("/x", { redirect: new String("follow") as RequestRedirect });
  assertEquals(sent[0]?.init.redirect, "manual");
});

// User and password of a URL are dropped: ours is sent.
const inputs: Readonly<Record<string, string | URL | Request>> = {
  "a text": `${userInfo}/x`,
  "a URL": new URL(`${userInfo}/x`),
  "a Request": new Request(`${userInfo}/x`),
  "a user alone": "https://user@api.test/x",
  "relative to the scheme": "//user:planted@api.test/x",
};
for (const [what, input] of Object.entries(inputs)) {
  Deno.test(`a URL with user and password, ${what}: is sent without them, with the token`, async () => {
    const { fetch, lines } = setUp([fine]);
    await fetch(input);
    assertEquals(lines(), [`${api}/x Bearer t1`]);
  });
}
for (
  const [location, line] of [
    [`${userInfo}/y`, `${api}/y Bearer t1`],
    ["https://user:planted@other.test/y", "https://other.test/y null"],
  ] as const
) {
  Deno.test(`a redirect to ${location}: is followed without user and password`, async () => {
    const { fetch, lines } = setUp([redirect(location), fine]);
    await fetch("/x");
    assertEquals(lines(), [`${api}/x Bearer t1`, line]);
  });
}
Deno.test("user and password of another origin's URL: aren't sent", async () => {
  const { fetch, lines } = setUp([fine]);
  await fetch("https://user:planted@other.test/x");
  assertEquals(lines(), ["https://other.test/x null"]);
});
Deno.test("user and password of an endpoint: are refused by the constructor, and dropped by authenticatedFetch", async () => {
  const error = await thrown((async () => await setUp([fine], { endpoint: userInfo }).fetch("/x"))());
  assertEquals([error instanceof TypeError, Deno.inspect(error).includes("planted")], [true, false]);
  const urls: string[] = [];
  const tokens = { fresh: () => ({ headerKey: "authorization", headers: {} }) } as never;
  const fetch = (url: unknown) => (urls.push(String(url)), Promise.resolve(fine()));
  for (const input of ["/x", "y"]) await authenticatedFetch(tokens, { endpoint: `${userInfo}/v1/`, fetch })(input);
  assertEquals(urls, [`${api}/x`, `${api}/v1/y`]);
});
for (const input of ["https://user:planted@api.test:99999/", "https://user:planted@[/"]) {
  Deno.test(`an invalid URL, ${input}: its password isn't quoted`, async () => {
    const error = await thrown(setUp([fine]).fetch(input));
    assertEquals([error instanceof TypeError, Deno.inspect(error).includes("planted")], [true, false]);
  });
}

// Redirects that end a call as fetch ends it.
const ends: Readonly<Record<string, [location: string, init?: RequestInit, status?: number]>> = {
  "to no URL": ["http://["],
  "to another scheme": ["ftp://api.test/"],
  "to a script": ["javascript:alert(1)"],
  "to data": ["data:,x", {}, 307],
  'where redirect is "error"': ["/y", { redirect: "error" }],
  'where redirect is "error", of a stream': [
    "/y",
    { redirect: "error", method: "PUT", body: new Blob(["x"]).stream() },
    308,
  ],
  'where an inherited redirect is "error"': ["/y", Object.create({ redirect: "error" }), 303],
};
for (const [what, [location, init, status]] of Object.entries(ends)) {
  Deno.test(`a redirect ${what}: rejects by a TypeError, and its body is cancelled`, async () => {
    let isCancelled = false;
    const body = () => new ReadableStream({ cancel: () => void (isCancelled = true) });
    const { fetch, sent } = setUp([() => new Response(body(), { status: status ?? 302, headers: { location } })]);
    await assertRejects(() => fetch("/x", init), TypeError);
    assertEquals([sent.length, sent[0]?.init.redirect, isCancelled], [1, "manual", true]);
  });
}
Deno.test("a redirect without a location: is returned", async () => {
  assertEquals((await setUp([() => new Response(null, { status: 302 })]).fetch("/x")).status, 302);
});

// Runtimes that check integrity find that a redirect's own body differs.
const checking: (location: string) => Answer = (location) => (request, { integrity }) => {
  const path = new URL(request.url).pathname;
  if (path === location) return integrity === "wrong" ? Promise.reject(new TypeError("integrity mismatch")) : fine();
  return integrity ? Promise.reject(new TypeError("integrity mismatch")) : redirect(location)();
};
for (
  const [method, integrity, status, count] of [
    ["GET", "right", 200, 3],
    ["HEAD", "right", 200, 3],
    ["GET", "wrong", TypeError, 4],
    ["POST", "right", TypeError, 1],
  ] as const
) {
  Deno.test(`a ${method} with ${integrity} integrity over a redirect: ends in ${status}`, async () => {
    const { fetch, sent } = setUp([checking("/y")]);
    const ended = await fetch("/x", { method, integrity }).then(
      (response) => response.status,
      (error) => error.constructor,
    );
    assertEquals([ended, sent.length], [status, count]);
  });
}

// A fetch that doesn't listen to its signal.
const calls: Readonly<Record<string, (signal: AbortSignal) => [string | Request, RequestInit?]>> = {
  "a call": (signal) => ["/x", { signal }],
  "an upload": (signal) => ["/x", { signal, method: "POST", body: "x" }],
  "a call by inherited settings": (signal) => ["/x", Object.create({ signal })],
  "a Request": (signal) => [new Request(`${api}/x`, { signal })],
  "a call of another origin": (signal) => ["https://other.test/x", { signal }],
};
const before: Readonly<Record<string, readonly Answer[]>> = {
  "its first request": [],
  "a redirect": [redirect("/y")],
  "a replay": [() => new Response(null, { status: 401 })],
};
for (const [what, make] of Object.entries(calls)) {
  for (const [when, answers] of Object.entries(before)) {
    if (when !== "its first request" && what === "a call of another origin") continue;
    Deno.test(`${what} aborted during ${when}: rejects at once, and a late answer is cancelled`, async () => {
      const abort = new AbortController();
      const late = Promise.withResolvers<Response>();
      const hung = () => {
        setTimeout(() => abort.abort(reason));
        return late.promise;
      };
      const reason = new Error("aborted");
      const { fetch } = setUp([...answers, hung]);
      assertStrictEquals(await thrown(fetch(...make(abort.signal))), reason);
      const cancelled = Promise.withResolvers<void>();
      late.resolve(new Response(new ReadableStream({ cancel: () => cancelled.resolve() })));
      await cancelled.promise;
    });
  }
}
Deno.test("an aborted call whose fetch rejects late: leaves no rejection unhandled", async () => {
  const abort = new AbortController();
  const late = Promise.withResolvers<Response>();
  const { fetch } = setUp([() => (setTimeout(() => abort.abort()), late.promise)]);
  await assertRejects(() => fetch("/x", { signal: abort.signal }), DOMException);
  late.reject(new Error("late"));
  await new Promise((resolve) => setTimeout(resolve));
});
Deno.test("an answer before the abort: stays whole", async () => {
  const abort = new AbortController();
  const response = await setUp([fine]).fetch("/x", { signal: abort.signal });
  abort.abort();
  assertEquals(await response.text(), "fine");
});

// The path of `endpoint`, and inputs that call another.
const paths: readonly [endpoint: string, inputs: readonly string[], events: number][] = [
  ["/v1", ["/projects"], 1],
  ["/v1", ["projects"], 1],
  ["/v1/", ["/projects"], 1],
  ["/v1/", ["/a", "/b", "../c"], 1],
  ["/v1/", ["projects", "?q", "/v1/x"], 0],
  ["/v1", ["v1/projects", `${api}/other`, "https://other.test/"], 0],
  ["", ["/projects", "projects"], 0],
  ["/", ["/projects", "projects"], 0],
];
for (const [endpoint, inputs, expected] of paths) {
  Deno.test(`endpoint ${endpoint || "without a path"}, inputs ${inputs}: ${expected} event`, async () => {
    const events: AuthenticatorEvent[] = [];
    const { fetch } = setUp([fine], { endpoint: api + endpoint, onEvent: (event) => void events.push(event) });
    for (const input of inputs) await fetch(input);
    const found = events.filter(({ type }) => type === "endpoint_path_ignored");
    assertEquals(found, Array(expected).fill({ type: "endpoint_path_ignored" }));
  });
}
