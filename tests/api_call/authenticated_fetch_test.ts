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
import { refreshing } from "../../src/refresh/refreshing.ts";
import type { Tokens } from "../../src/refresh/tokens.ts";

const origin = "https://api.test";

function tokenNumber(number: number, headerKey = "authorization"): IssuedToken {
  const credentials = { accessToken: `token-${number}`, tokenType: "Bearer" } as IssuedToken["credentials"];
  return issueToken({ credentials, headerKey }, readMoment(systemClock), undefined, {});
}

/** Tokens that note what they are asked; `replace` gives what is planned: `next`, and `predecessor` for a replay. */
function fakeTokens(plan: { live?: boolean; next?: IssuedToken; predecessor?: IssuedToken } = {}) {
  const { live = true, next, predecessor } = plan;
  const unused = () => {
    throw new Error("authenticatedFetch has no use for it");
  };
  const first = tokenNumber(1);
  const asked: string[] = [];
  const tokens: Tokens = {
    last: live ? first : undefined,
    fresh: () => live ? first : undefined,
    get: () => Promise.resolve(first),
    replace(rejected, { route, replays = 0 } = {}) {
      asked.push(`replace ${rejected.credentials.accessToken} ${route} ${replays}`);
      return Promise.resolve([next, predecessor][replays]);
    },
    replayed: (status, hasHelped, route) => void asked.push(`replayed ${status} ${hasHelped} ${route}`),
    refresh: unused,
    refreshRejected: unused,
    forget: unused,
    close: unused,
  };
  return { tokens, asked };
}

interface Seen {
  readonly url: string;
  readonly token: string | null;
  readonly body: string;
}

/** A fetch that answers one after another, the last for ever, and keeps what it saw. */
function fakeFetch(...answers: (() => Response)[]) {
  const seen: Seen[] = [];
  const fetch = async (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init);
    seen.push({ url: request.url, token: request.headers.get("authorization"), body: await request.text() });
    return (answers.length > 1 ? answers.shift()! : answers[0]!)();
  };
  return { fetch, seen };
}

const fine = () => new Response("fine");
const rejected = () => new Response("rejected", { status: 401 });
const isolated = (status: number, location: string) => () => new Response(null, { status, headers: { location } });

function setUp(
  answers: (() => Response)[],
  plan: Parameters<typeof fakeTokens>[0] = {},
  options: Partial<AuthenticatedFetchOptions> = {},
) {
  const { tokens, asked } = fakeTokens(plan);
  const { fetch, seen } = fakeFetch(...answers);
  return { asked, seen, fetch: authenticatedFetch(tokens, { endpoint: `${origin}/v1/`, fetch, ...options }) };
}

Deno.test("a plain call hands on the token's own record, and nothing is parsed", async () => {
  const seen: unknown[] = [];
  const { tokens } = fakeTokens();
  const fetch = authenticatedFetch(tokens, {
    endpoint: origin,
    fetch: (input, init) => (seen.push(input, init?.headers, init?.redirect), Promise.resolve(fine())),
  });

  await fetch("/x");

  assertEquals([seen[0], seen[2]], [`${origin}/x`, "manual"]);
  assertStrictEquals(seen[1], tokens.last?.headers);
});

Deno.test("inputs resolve against the endpoint, and only home gets the token", async () => {
  for (
    const [input, url, token] of [
      ["/x", `${origin}/x`, "Bearer token-1"],
      ["x", `${origin}/v1/x`, "Bearer token-1"],
      [`${origin}/y`, `${origin}/y`, "Bearer token-1"],
      ["https://friend.test/x", "https://friend.test/x", "Bearer token-1"],
      ["//evil.test/x", "https://evil.test/x", null],
      ["/\\evil.test/x", "https://evil.test/x", null],
      ["/\t/evil.test/x", "https://evil.test/x", null],
      [`${origin}.evil.test/`, `${origin}.evil.test/`, null],
    ] as const
  ) {
    const { fetch, seen } = setUp([fine], {}, { allowedOrigins: ["https://friend.test"] });
    await fetch(input);
    assertEquals(seen, [{ url, token, body: "" }]);
  }
});

Deno.test("a rejected call is replayed, and what came of it reported", async () => {
  const { fetch, seen, asked } = setUp([rejected, fine], { next: tokenNumber(2) });

  assertEquals(await (await fetch("/x", { method: "POST", body: "body" })).text(), "fine");

  assertEquals(seen.map(({ token, body }) => [token, body]), [["Bearer token-1", "body"], ["Bearer token-2", "body"]]);
  assertEquals(asked, [`replace token-1 ${origin}/x 0`, `replayed 200 true ${origin}/x`]);
});

Deno.test("a replacement that is rejected gives way to its predecessor, for one last try", async () => {
  const { fetch, seen, asked } = setUp([rejected], { next: tokenNumber(2), predecessor: tokenNumber(1) });

  assertEquals((await fetch("/x")).status, 401);

  assertEquals(seen.map(({ token }) => token), [1, 2, 1].map((number) => `Bearer token-${number}`));
  // The last report is for the calls to come.
  assertEquals(asked, [
    `replace token-1 ${origin}/x 0`,
    `replayed 401 false ${origin}/x`,
    `replace token-2 ${origin}/x 1`,
    `replayed 401 false ${origin}/x`,
    `replace token-1 ${origin}/x 2`,
  ]);
});

Deno.test("a route is the URL without its query and identifiers", async () => {
  const { fetch, asked } = setUp([rejected]);
  for (const input of ["/v1/orders/17?x=1#y", "/v2/jobs/0b7e4c9a-1/log", "plain"]) await fetch(input);
  const routes = ["/v1/orders/0", "/v2/jobs/0/log", "/v1/plain"];
  assertEquals(asked, routes.map((route) => `replace token-1 ${origin}${route} 0`));
});

Deno.test("without a replacement the caller gets the 401 with its body", async () => {
  const { fetch } = setUp([rejected]);
  const response = await fetch("/x");
  assertEquals([response.status, await response.text()], [401, "rejected"]);
});

Deno.test("a replacement under another header takes the old one's place", async () => {
  const seen: Headers[] = [];
  const { tokens } = fakeTokens({ next: tokenNumber(2, "x-token") });
  const fetch = authenticatedFetch(tokens, {
    endpoint: origin,
    fetch: (_, init) => Promise.resolve(seen.push(new Headers(init?.headers)) === 1 ? rejected() : fine()),
  });

  await fetch("/x", { headers: { "x-own": "1" } });

  assertEquals([...seen[1]!], [["x-own", "1"], ["x-token", "Bearer token-2"]]);
});

Deno.test("a token under an old header name leaves with no replay, nor with its redirect to another origin", async () => {
  const seen: [string, string[]][] = [];
  const { tokens } = fakeTokens({ next: tokenNumber(2, "x-token"), predecessor: tokenNumber(3, "x-token") });
  const answers = [rejected, rejected, isolated(307, "https://evil.test/"), fine];
  const fetch = authenticatedFetch(tokens, {
    endpoint: origin,
    fetch: (input, init) => {
      seen.push([String(input), [...new Headers(init?.headers).values()]]);
      return Promise.resolve(answers[seen.length - 1]!());
    },
  });

  await fetch("/x");

  assertEquals(seen, [
    [`${origin}/x`, ["Bearer token-1"]],
    [`${origin}/x`, ["Bearer token-2"]],
    [`${origin}/x`, ["Bearer token-3"]],
    ["https://evil.test/", []],
  ]);
});

Deno.test("what rejects the token is asked once for each response", async () => {
  const asked: number[] = [];
  const options = { isRejected: ({ status }: Response) => asked.push(status) > 0 && status === 498 };
  const odd = () => new Response(null, { status: 498 });
  const { fetch } = setUp([odd, odd, fine], { next: tokenNumber(2), predecessor: tokenNumber(3) }, options);
  await fetch("/x");
  assertEquals(asked, [498, 498, 200]);
});

Deno.test("the caller says what rejects the token", async () => {
  const options = { isRejected: (response: Response) => response.status === 498 };
  const other = setUp([rejected], { next: tokenNumber(2) }, options);
  await other.fetch("/x");
  assertEquals(other.asked, []);

  const own = setUp([() => new Response(null, { status: 498 }), fine], { next: tokenNumber(2) }, options);
  assertEquals((await own.fetch("/x")).status, 200);
});

Deno.test("the caller's own header, and other origins, are none of the token's", async () => {
  const { fetch, asked, seen } = setUp([rejected], { next: tokenNumber(2) });
  await fetch("/x", { headers: { Authorization: "Own" } });
  await fetch("https://other.test/x");
  assertEquals([asked, seen.map(({ token }) => token)], [[], ["Own", null]]);
});

Deno.test("what the caller changes meanwhile doesn't count", async () => {
  const body = new TextEncoder().encode("old");
  const headers = { "x-own": "old" };
  const sent: string[] = [];
  const { tokens } = fakeTokens({ live: false, next: tokenNumber(2) });
  const fetch = authenticatedFetch(tokens, {
    endpoint: origin,
    async fetch(input, init) {
      const request = new Request(input, init);
      sent.push(`${request.headers.get("x-own")} ${await request.text()}`);
      return sent.length === 1 ? rejected() : fine();
    },
  });

  const call = fetch("/x", { method: "POST", body, headers });
  body.fill(0);
  headers["x-own"] = "new";
  await call;

  assertEquals(sent, ["old old", "old old"]);
});

Deno.test("an init that is used for the next call meanwhile changes nothing of this one's replay", async () => {
  const { fetch, seen } = setUp([rejected, fine], { next: tokenNumber(2) });
  const init = { method: "POST", body: "one" };

  const call = fetch("/x", init);
  init.body = "two";
  await call;

  assertEquals(seen.map(({ body }) => body), ["one", "one"]);
});

Deno.test("what sends proofs is made once for a header, and only what carries the token gets one", async () => {
  const made: (string | undefined)[] = [];
  const { tokens } = fakeTokens({ next: tokenNumber(2, "x-token") });
  const sent: string[] = [];
  const bare = (input: string | URL | Request) => {
    sent.push(String(input));
    return Promise.resolve(sent.length === 2 ? rejected() : fine());
  };
  const dpop: ApiProofs = {
    apiFetch(fetch, headerKey) {
      made.push(headerKey);
      return (input, init) => fetch(`${input}?proof`, init);
    },
    isAboutProof: () => false,
  };
  const fetch = authenticatedFetch(tokens, { endpoint: origin, fetch: bare, dpop });

  for (const path of ["/a", "/b"]) await fetch(path);
  await fetch("/c", { headers: { authorization: "Own" } });
  await fetch("https://other.test/d");

  assertEquals(sent, [
    ...[`${origin}/a?proof`, `${origin}/b?proof`, `${origin}/b?proof`],
    ...[`${origin}/c`, "https://other.test/d"],
  ]);
  assertEquals(made, ["authorization", "x-token"]);
});

Deno.test("a Request's body is replayed up to the limit, and beyond it the 401 is handed on", async () => {
  for (const [size, calls] of [[100, 2], [101, 1]] as const) {
    for (const known of [false, true]) {
      const { fetch, seen, asked } = setUp([rejected, fine], { next: tokenNumber(2) }, { maxReplayBody: 100 });
      const headers = known ? { "content-length": String(size) } : undefined;
      const request = new Request(`${origin}/x`, { method: "POST", body: "x".repeat(size), ...headers && { headers } });
      const response = await fetch(request);
      assertEquals([response.status, request.bodyUsed], [calls === 2 ? 200 : 401, true]);
      assertEquals(seen.map(({ body }) => body.length), Array(calls).fill(size));
      assertEquals(asked[0], `replace token-1 ${origin}/x 0`);
    }
  }
});

Deno.test("a body that outgrows the limit flows by unkept", async () => {
  let pulled = 0;
  const body = new ReadableStream({
    pull: (controller) => ++pulled > 50 ? controller.close() : controller.enqueue(new Uint8Array(100)),
  }, { highWaterMark: 0 });
  const kept = keepBody(new Request(origin, { method: "POST", body }), {}, 1_000)!;
  assertEquals(await kept.parts, undefined);
  // Read ahead by as much as the limit, and by no more.
  assert(pulled <= 13, `${pulled} parts were read`);
  assertEquals((await kept.request.arrayBuffer()).byteLength, 5_000);
});

Deno.test("an abort ends the wait for a body that stalls, with the signal's own reason", async () => {
  const reason = { own: "reason" };
  const controller = new AbortController();
  const { tokens } = fakeTokens({ next: tokenNumber(2) });
  const fetch = authenticatedFetch(tokens, { endpoint: origin, fetch: () => Promise.resolve(rejected()) });
  const request = new Request(`${origin}/x`, { method: "POST", body: new ReadableStream() });
  const call = fetch(request, { signal: controller.signal }).catch((error) => error);
  setTimeout(() => controller.abort(reason), 10);
  assertStrictEquals(await call, reason);
});

Deno.test("a redirect leads home with the token, and elsewhere without", async () => {
  const { fetch, seen } = setUp([isolated(307, "/y"), isolated(307, "https://other.test/z"), fine]);
  await fetch(new Request(`${origin}/x`, { method: "PUT", body: "body" }));
  assertEquals(seen, [
    { url: `${origin}/x`, token: "Bearer token-1", body: "body" },
    { url: `${origin}/y`, token: "Bearer token-1", body: "body" },
    { url: "https://other.test/z", token: null, body: "body" },
  ]);
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
  [403, `"invalid_token ${'\\"'.repeat(30_000)}\\`, false],
];

for (const [status, challenge, expected] of challenges) {
  Deno.test(`${status} with ${challenge.slice(0, 80) || "no challenge"} ${expected ? "rejects" : "leaves"} the token`, () => {
    const started = performance.now();
    assertEquals(rejectsToken({ status, headers: new Headers({ "www-authenticate": challenge }) }), expected);
    assert(performance.now() - started < 100);
  });
}

const hop: Hop = {
  href: `${origin}/a/b`,
  method: "POST",
  headers: { authorization: "x", cookie: "a=b", "content-type": "text/plain", "x-own": "1" },
  isGet: false,
  isHome: true,
};
const decisions: readonly [status: number, location: string | null, from: Partial<Hop>, expected: unknown][] = [
  [200, "/c", {}, undefined],
  [304, "/c", {}, undefined],
  [302, null, {}, undefined],
  [302, "javascript:alert(1)", {}, undefined],
  [302, "http://[", {}, undefined],
  [302, "c", {}, [`${origin}/a/c`, "GET", "authorization cookie x-own", true]],
  [303, "/c", { method: "PUT" }, [`${origin}/c`, "GET", "authorization cookie x-own", true]],
  [303, "/c", { method: "HEAD" }, [`${origin}/c`, "HEAD", "authorization content-type cookie x-own", true]],
  [301, "/c", { method: "PUT" }, [`${origin}/c`, "PUT", "authorization content-type cookie x-own", true]],
  [307, "/c", {}, [`${origin}/c`, "POST", "authorization content-type cookie x-own", true]],
  [308, "https://friend.test/", {}, ["https://friend.test/", "POST", "authorization content-type cookie x-own", true]],
  [308, "https://other.test/", {}, ["https://other.test/", "POST", "content-type x-own", false]],
  [302, "http://api.test/", {}, ["http://api.test/", "GET", "x-own", false]],
  [307, `${origin}/`, { href: "https://other.test/", isHome: false }, [
    `${origin}/`,
    "POST",
    "content-type x-own",
    false,
  ]],
];

for (const [status, location, from, expected] of decisions) {
  Deno.test(`a ${from.method ?? "POST"} that is answered by ${status} to ${location}, ${from.href ?? "at home"}`, () => {
    const headers = new Headers(location === null ? {} : { location });
    const scope = { headerKey: "authorization", origins: [origin, "https://friend.test"] };
    const next = decideRedirect({ status, headers }, { ...hop, ...from }, scope);
    assertEquals(
      next && [next.href, next.method, [...new Headers(next.headers).keys()].join(" "), next.isHome],
      expected,
    );
  });
}

for (
  const [says, make] of Object.entries({
    "a source": () =>
      refreshing(() => Promise.resolve({ credentials: new Credentials({ accessToken: "t" }), headerKey: "X-Token" })),
    "an option": () =>
      refreshing(() => Promise.resolve({ credentials: new Credentials({ accessToken: "t" }) }), {
        headerKey: "X-Token",
      }),
  })
) {
  Deno.test(`a header that ${says} names in capitals leaves with no redirect, and the caller's own wins`, async () => {
    const sent: [url: string, token: string | null][] = [];
    const fetchWithToken = authenticatedFetch(make(), {
      endpoint: origin,
      fetch: (input, init) => {
        const { url, headers } = new Request(input, init);
        sent.push([url, headers.get("x-token")]);
        const location = "https://elsewhere.test/";
        return Promise.resolve(
          url === `${origin}/away` ? new Response(null, { status: 302, headers: { location } }) : new Response(),
        );
      },
    });

    await fetchWithToken("/away");
    await fetchWithToken("/own", { headers: { "x-token": "mine" } });

    assertEquals(sent, [
      [`${origin}/away`, "Bearer t"],
      ["https://elsewhere.test/", null],
      [`${origin}/own`, "mine"],
    ]);
  });
}
