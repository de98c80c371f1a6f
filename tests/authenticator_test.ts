import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  AuthenticationError,
  Authenticator,
  type AuthenticatorOptions,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  Credentials,
  type Fetch,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { startAuthorizationServer } from "./servers/authorization_server.ts";
import { startProtectedApi } from "./servers/protected_api.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

interface Call {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A token endpoint and an API behind one fetch; the API takes what `accepts` says. */
function arrange(
  accepts: (token: string | null, call: Call) => boolean | Response = () => true,
  options: Partial<ClientCredentialsAuthenticatorOptions> = {},
) {
  const stub = tokenEndpointStub();
  const calls: Call[] = [];
  const fetch: Fetch = async (input, init) => {
    if (String(input) === stub.url) return await stub.fetch(input, init);
    const request = new Request(input, init);
    const call = {
      url: request.url,
      method: request.method,
      headers: request.headers,
      body: await request.text(),
    };
    calls.push(call);
    const verdict = accepts(request.headers.get(options.headerKey ?? "authorization"), call);
    if (verdict instanceof Response) return verdict;
    return verdict ? Response.json({ ok: true }) : new Response("no", { status: 401 });
  };
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: "https://api.test/base/",
    clientId: "id",
    clientSecret: "s3cret",
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
    fetch,
    ...options,
  });
  return { authenticator, calls, stub };
}

Deno.test("a token source that can't be made rejects, and throws nothing at once", async () => {
  class Own extends Authenticator {
    constructor(options: AuthenticatorOptions) {
      super(options, () => {
        throw new Error("no vault");
      });
    }
  }
  await assertRejects(() => new Own({ endpoint: "https://api.test" }).getCredentials(), Error, "no vault");
});

Deno.test("headers that can be read only once all arrive", async () => {
  const { authenticator, calls } = arrange();
  for (const number of ["1", "2"]) {
    await authenticator.fetch("/", { headers: new Map([["x-number", number]]).entries() });
  }
  assertEquals(calls.map(({ headers }) => [headers.get("x-number"), headers.get("authorization")]), [
    ["1", "Bearer token-1"],
    ["2", "Bearer token-1"],
  ]);
});

Deno.test("against real servers, a call carries a token, and a refused token is replaced and the call replayed", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "id", client_secret: "s3cret" }],
  });
  await using api = await startProtectedApi({ issuer: server.issuer, jwksUri: server.jwksUri });
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: api.origin,
    clientId: "id",
    clientSecret: "s3cret",
    configStore: new StaticClientConfigStore({
      tokenEndpoint: server.tokenEndpoint,
      scopes: ["api:read"],
      audience: api.audience,
    }),
  });
  const first = await authenticator.fetch("/v1/projects");
  assertEquals(first.status, 200);
  await first.body?.cancel();
  api.revokeAll();
  const second = await authenticator.fetch("/v1/projects", { method: "POST", body: "whole" });
  assertEquals(second.status, 200);
  await second.body?.cancel();
  assertEquals(server.tokenRequests.length, 2);
  assertEquals(api.calls.map((call) => call.status), [200, 401, 200]);
});

Deno.test("a relative input resolves against the endpoint, as URLs do", async () => {
  const { authenticator, calls } = arrange();
  for (const input of ["/v1/x", "v1/x", "?q=1", "https://api.test/abs", new URL("https://api.test/url")]) {
    await authenticator.fetch(input);
  }
  assertEquals(calls.map((call) => call.url), [
    "https://api.test/v1/x",
    "https://api.test/base/v1/x",
    "https://api.test/base/?q=1",
    "https://api.test/abs",
    "https://api.test/url",
  ]);
  assertEquals(new Set(calls.map((call) => call.headers.get("authorization"))), new Set(["Bearer token-1"]));
});

Deno.test("what looks like a path and isn't resolves as URLs do, and gets no token elsewhere", async () => {
  const inputs = [
    "//other.test/x",
    "/\\other.test/x",
    "/\t/other.test/x",
    "\n//other.test/x",
    "/a//b",
    "/%2F/c",
    "/..//d",
    " /e",
  ];
  for (const input of inputs) {
    const { authenticator, calls } = arrange();
    await authenticator.fetch(input);
    const { href, origin } = new URL(input, "https://api.test/base/");
    assertEquals([calls[0]?.url, calls[0]?.headers.has("authorization")], [href, origin === "https://api.test"], input);
  }
});

Deno.test("headers may come in any shape, and in any letter case", async () => {
  const shapes = (name: string): HeadersInit[] => [
    { [name]: "Own value", "X-A": "1" },
    [[name, "Own value"], ["X-A", "1"]],
    new Headers({ [name]: "Own value", "X-A": "1" }),
    Object.create(null, { [name]: { value: "Own value", enumerable: true }, "X-A": { value: "1", enumerable: true } }),
  ];
  for (const headers of [...shapes("Authorization"), ...shapes("AUTHORIZATION")]) {
    const { authenticator, calls } = arrange();
    await authenticator.fetch("/", { headers });
    assertEquals([...calls[0]?.headers ?? []], [["authorization", "Own value"], ["x-a", "1"]]);
  }
  for (const headers of shapes("X-B")) {
    const { authenticator, calls } = arrange();
    await authenticator.fetch("/", { headers });
    assertEquals([...calls[0]?.headers ?? []], [["authorization", "Bearer token-1"], ["x-a", "1"], [
      "x-b",
      "Own value",
    ]]);
  }
});

Deno.test("a caller's own header is sent although no token is to be had", async () => {
  const stub = tokenEndpointStub((count) =>
    count === 1 ? Response.json({ access_token: "t", expires_in: 1 }) : new Response(null, { status: 503 })
  );
  using time = new FakeTime();
  const { authenticator } = arrange(() => true, {
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
    fetch: (input, init) =>
      String(input) === stub.url ? stub.fetch(input, init) : Promise.resolve(new Response("fine")),
    retry: { maxAttempts: 1 },
  });
  await authenticator.getCredentials();
  await time.tickAsync(10_000);
  const response = await authenticator.fetch("/", { headers: { authorization: "Own value" } });
  assertEquals([await response.text(), stub.requests.length], ["fine", 1]);
});

Deno.test("a Request is sent with its own method, headers and body, and init has the last word", async () => {
  const { authenticator, calls } = arrange();
  const request = new Request("https://api.test/r", { method: "PUT", headers: { "x-a": "1" }, body: "body" });
  await authenticator.fetch(request);
  await authenticator.fetch(new Request("https://api.test/r", { method: "PUT", body: "old" }), {
    method: "POST",
    headers: { "x-b": "2" },
    body: "new",
  });
  assertEquals(calls.map(({ method, body }) => [method, body]), [["PUT", "body"], ["POST", "new"]]);
  assertEquals([calls[0]?.headers.get("x-a"), calls[1]?.headers.get("x-b")], ["1", "2"]);
  assertEquals(
    [...request.headers],
    [["content-type", "text/plain;charset=UTF-8"], ["x-a", "1"]],
    "left as it was",
  );
});

Deno.test("fetch is bound, and the caller's init and headers stay as they were", async () => {
  const { authenticator, calls } = arrange();
  const { fetch } = authenticator;
  const headers = new Headers({ "x-a": "1" });
  const init = Object.freeze({ headers });
  await fetch("/v1", init);
  assertEquals([...headers], [["x-a", "1"]]);
  assertEquals([...calls[0]?.headers ?? []], [["authorization", "Bearer token-1"], ["x-a", "1"]]);
});

Deno.test("a 401 renews once and replays once, whatever kind of body it was", async () => {
  const form = new FormData();
  form.set("a", "1");
  const bodies: [string, BodyInit, string][] = [
    ["string", "text", "text"],
    ["URLSearchParams", new URLSearchParams({ a: "1" }), "a=1"],
    ["bytes", new Uint8Array([65, 66]), "AB"],
    ["ArrayBuffer", new Uint8Array([67]).buffer, "C"],
    ["Blob", new Blob(["blob"]), "blob"],
    ["FormData", form, 'name="a"'],
  ];
  for (const [kind, body, expected] of bodies) {
    const { authenticator, calls, stub } = arrange((token) => token === "Bearer token-2");
    assertEquals((await authenticator.fetch("/v1", { method: "POST", body })).status, 200, kind);
    assertEquals(calls.map((call) => call.body.includes(expected)), [true, true], kind);
    assertEquals(stub.requests.length, 2, kind);
  }
});

Deno.test("a Request's body is replayed whole, a streamed one included", async () => {
  const stream = () => ReadableStream.from(["one,", "two"]).pipeThrough(new TextEncoderStream());
  for (const body of ["one,two", stream()]) {
    const { authenticator, calls } = arrange((token) => token === "Bearer token-2");
    const request = new Request("https://api.test/", { method: "POST", body });
    assertEquals((await authenticator.fetch(request)).status, 200);
    assertEquals(calls.map((call) => call.body), ["one,two", "one,two"]);
  }
});

Deno.test("a stream in init can't be sent twice: the caller gets the 401, and the next call a new token", async () => {
  const { authenticator, calls, stub } = arrange((token) => token === "Bearer token-2");
  const body = ReadableStream.from(["one"]).pipeThrough(new TextEncoderStream());
  const response = await authenticator.fetch("/v1", { method: "POST", body });
  assertEquals([response.status, await response.text()], [401, "no"]);
  assertEquals([calls.length, stub.requests.length], [1, 1]);
  assertEquals((await authenticator.fetch("/v1")).status, 200);
});

Deno.test("an API that always says 401 is believed: fifty calls cost two token requests", async () => {
  const { authenticator, calls, stub } = arrange(() => false);
  for (let i = 0; i < 50; i++) {
    const response = await authenticator.fetch("/v1");
    assertEquals([response.status, await response.text()], [401, "no"]);
  }
  assertEquals([calls.length, stub.requests.length], [51, 2]);
});

Deno.test("two hundred refusals of one token cost one renewal", async () => {
  const { authenticator, calls, stub } = arrange((token) => token !== "Bearer token-1");
  const responses = await Promise.all(Array.from({ length: 200 }, () => authenticator.fetch("/v1")));
  assertEquals(new Set(responses.map((response) => response.status)), new Set([200]));
  assertEquals([calls.length, stub.requests.length], [400, 2]);
});

Deno.test("a server that hands out the rejected token again is asked twice", async () => {
  const stub = tokenEndpointStub(() => Response.json({ access_token: "same", expires_in: 3600 }));
  let calls = 0;
  const fetch: Fetch = async (input, init) => {
    if (String(input) === stub.url) return await stub.fetch(input, init);
    calls++;
    return new Response(null, { status: 401 });
  };
  const { authenticator } = arrange(() => true, {
    fetch,
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
  });
  for (let i = 0; i < 10; i++) assertEquals((await authenticator.fetch("/v1")).status, 401);
  assertEquals([calls, stub.requests.length], [10, 2]);
});

Deno.test("a refresh that fails leaves the rejected call the API's 401, and the other calls the live token", async () => {
  const stub = tokenEndpointStub((count) =>
    count === 1 ? Response.json({ access_token: "t" }) : Response.json({ error: "invalid_client" }, { status: 401 })
  );
  const { authenticator } = arrange(() => true, {
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
    fetch: (input, init) =>
      String(input) === stub.url ? stub.fetch(input, init) : Promise.resolve(new Response("no", { status: 401 })),
  });
  const response = await authenticator.fetch("/v1");
  assertEquals([response.status, await response.text()], [401, "no"]);
  assertEquals((await authenticator.fetch("/v2")).status, 401);
  assertEquals(stub.requests.length, 2, "the failure isn't repeated at once");
  const error = await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError);
  assertEquals(error.error, "invalid_client");
});

Deno.test("a POST that was answered with a 303 is not made again for a 401 behind it", async () => {
  const { authenticator, calls, stub } = arrange((token, { url }) => {
    if (url.endsWith("/orders")) return new Response(null, { status: 303, headers: { location: "/orders/1" } });
    return token === "Bearer token-2";
  });
  assertEquals((await authenticator.fetch("/orders", { method: "POST", body: "buy" })).status, 401);
  assertEquals(calls.map(({ method, body }) => [method, body]), [["POST", "buy"], ["GET", ""]]);
  assertEquals((await authenticator.fetch("/orders/1")).status, 200);
  assertEquals(stub.requests.length, 2);
});

Deno.test("a call is what it was when it was made, however long it waits for a token", async () => {
  const { authenticator, calls } = arrange((token) => token !== "Bearer token-1");
  const headers = new Headers();
  const bytes = new Uint8Array(1);
  const form = new URLSearchParams();
  const init: RequestInit = { method: "POST", headers };
  const waiting: Promise<Response>[] = [];
  for (const letter of ["a", "b", "c"]) {
    headers.set("x-key", letter);
    init.body = letter;
    waiting.push(authenticator.fetch("/text", init));
    bytes[0] = letter.charCodeAt(0);
    waiting.push(authenticator.fetch("/bytes", { method: "POST", body: bytes }));
    form.set("key", letter);
    waiting.push(authenticator.fetch("/form", { method: "POST", body: form }));
  }
  await Promise.all(waiting);
  for (const path of ["text", "bytes", "form"]) {
    const bodies = calls.filter(({ url }) => url.endsWith(path)).map(({ body }) => body.replace("key=", ""));
    assertEquals(bodies.sort(), ["a", "a", "b", "b", "c", "c"], `${path}: each once refused, once taken`);
  }
  const keys = calls.filter(({ url }) => url.endsWith("text")).map((call) => call.headers.get("x-key"));
  assertEquals(keys.sort(), ["a", "a", "b", "b", "c", "c"]);
});

Deno.test("a Request may come as init, as workers forward one", async () => {
  const { authenticator, calls } = arrange((token) => token === "Bearer token-2");
  const request = new Request("https://other.test/", { method: "PUT", body: "text", headers: { "x-a": "1" } });
  assertEquals((await authenticator.fetch("/x", request as RequestInit)).status, 200);
  assertEquals(calls.map(({ url, method, body, headers }) => [url, method, body, headers.get("x-a")]), [
    ["https://api.test/x", "PUT", "text", "1"],
    ["https://api.test/x", "PUT", "text", "1"],
  ]);
});

Deno.test("one path that says 401, or every other answer, costs a handful of token requests, in any mixture", async () => {
  const mixtures: [string, number, (call: Call, count: number) => boolean][] = [
    ["a path that is always rejected", 5, ({ url }) => url.endsWith("/good")],
    // Each refresh seems to help, and so is worth it, up to a limit.
    ["every other answer", 13, (_, count) => count % 2 === 0],
  ];
  for (const [what, most, takes] of mixtures) {
    let count = 0;
    const { authenticator, stub } = arrange((_, call) => takes(call, count++));
    for (let round = 0; round < 100; round++) {
      await authenticator.fetch("/good");
      await authenticator.fetch("/bad", round % 2 ? { method: "POST", body: new Blob(["x"]).stream() } : {});
    }
    assertEquals(stub.requests.length <= most, true, `${what}: ${stub.requests.length}`);
  }
});

Deno.test("an API that was mended is taken at its word after half a minute, however long the token lives", async () => {
  let isMended = false;
  const time = { now: 1_000_000 };
  const { authenticator, stub } = arrange(() => isMended, {
    clock: { wall: () => time.now, monotonic: () => time.now },
  });
  for (let i = 0; i < 10; i++) assertEquals((await authenticator.fetch("/")).status, 401);
  const before = stub.requests.length;
  isMended = true;
  assertEquals((await authenticator.fetch("/")).status, 200);
  assertEquals(stub.requests.length, before);
});

Deno.test("a 401 during an outage of the token endpoint leaves other calls their token", async () => {
  const stub = tokenEndpointStub((count) =>
    count === 1 ? Response.json({ access_token: "t", expires_in: 3600 }) : new Response(null, { status: 503 })
  );
  const { authenticator } = arrange(() => true, {
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
    fetch: (input, init) =>
      String(input) === stub.url
        ? stub.fetch(input, init)
        : Promise.resolve(new Response(null, { status: String(input).endsWith("/good") ? 200 : 401 })),
  });
  for (let i = 0; i < 5; i++) {
    assertEquals((await authenticator.fetch("/good")).status, 200);
    assertEquals((await authenticator.fetch("/bad")).status, 401);
  }
  assertEquals(stub.requests.length <= 4, true, `${stub.requests.length} token requests`);
});

Deno.test("refused credentials can be reported by clients that aren't fetch: late ones cost nothing", async () => {
  const { authenticator, stub } = arrange();
  const refused = await authenticator.getCredentials();
  const renewed = await Promise.all(
    Array.from({ length: 50 }, () => authenticator.refreshCredentials({ rejected: refused })),
  );
  assertEquals(new Set(renewed.map(({ accessToken }) => accessToken)), new Set(["token-2"]));
  assertEquals((await authenticator.refreshCredentials({ rejected: refused })).accessToken, "token-2");
  assertEquals(stub.requests.length, 2);
  let known = renewed[0];
  const error = await assertRejects(async () => {
    for (let i = 0; i < 50; i++) known = await authenticator.refreshCredentials({ rejected: known });
  }, AuthenticationError);
  assertEquals([error.code, error.retryable], ["refresh_limited", true]);
  assertEquals(stub.requests.length, 12, "no storm here either");
});

Deno.test("an observer, a store or a waitUntil that calls back or throws causes no second request", async () => {
  const store = tokenEndpointStub();
  const reentrant: Partial<ClientCredentialsAuthenticatorOptions>[] = [
    { onEvent: ({ type }) => void (type === "token_requested" && authenticator.getCredentials()) },
    {
      configStore: {
        getClientConfig() {
          void authenticator.getCredentials();
          return { tokenEndpoint: store.url };
        },
      },
    },
  ];
  let authenticator: ClientCredentialsAuthenticator;
  for (const options of reentrant) {
    const arranged = arrange(() => true, options);
    authenticator = arranged.authenticator;
    await authenticator.getCredentials();
    assertEquals(arranged.stub.requests.length, 1);
  }
});

Deno.test("a 403 is the caller's business", async () => {
  const { authenticator, calls, stub } = arrange(() => new Response(null, { status: 403 }));
  assertEquals((await authenticator.fetch("/v1")).status, 403);
  assertEquals([calls.length, stub.requests.length], [1, 1]);
});

Deno.test("the caller's own header goes as it is, and isn't replayed", async () => {
  for (const headerKey of ["authorization", "flyte-authorization"]) {
    const { authenticator, calls } = arrange(() => false, { headerKey });
    const response = await authenticator.fetch("/v1", { headers: { [headerKey]: "Basic mine" } });
    assertEquals([response.status, calls.length, calls[0]?.headers.get(headerKey)], [401, 1, "Basic mine"]);
  }
});

Deno.test("under another header, the caller's authorization goes along", async () => {
  const { authenticator, calls } = arrange(() => true, { headerKey: "flyte-authorization" });
  await authenticator.fetch("/v1", { headers: { authorization: "Basic mine" } });
  assertEquals([...calls[0]?.headers ?? []], [["authorization", "Basic mine"], [
    "flyte-authorization",
    "Bearer token-1",
  ]]);
});

Deno.test("another origin gets no token, and causes no token request", async () => {
  const { authenticator, calls, stub } = arrange(() => false);
  const others = [
    "https://other.test/",
    "http://api.test/",
    "https://api.test:8443/",
    "https://api.test.evil.test/",
    "//other.test/x",
  ];
  for (const input of [...others, new Request("https://other.test/")]) await authenticator.fetch(input);
  assertEquals(calls.map((call) => call.headers.has("authorization")), Array(6).fill(false));
  assertEquals(stub.requests.length, 0);
});

Deno.test("an aborted call rejects with the caller's reason, and disturbs nobody", async () => {
  const { authenticator, stub } = arrange();
  const reason = new Error("enough");
  assertStrictEquals(
    await assertRejects(() => authenticator.fetch("/", { signal: AbortSignal.abort(reason) })),
    reason,
  );
  const controller = new AbortController();
  const aborted = authenticator.fetch(new Request("https://api.test/", { signal: controller.signal }));
  const other = authenticator.fetch("/");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => aborted), reason);
  assertEquals([(await other).status, stub.requests.length], [200, 1]);
});

Deno.test("authorize puts the token on headers, and leaves the caller's own", async () => {
  const { authenticator } = arrange();
  const headers = new Headers({ "x-a": "1" });
  assertStrictEquals(await authenticator.authorize(headers), headers);
  assertEquals([...headers], [["authorization", "Bearer token-1"], ["x-a", "1"]]);
  const own = await authenticator.authorize(new Headers({ authorization: "Basic mine" }));
  assertEquals(own.get("authorization"), "Basic mine");
});

Deno.test("a token that ran out is replaced before the call", async () => {
  using time = new FakeTime();
  const { authenticator, calls } = arrange();
  await authenticator.fetch("/v1");
  await time.tickAsync(3_600_000);
  await authenticator.fetch("/v1");
  assertEquals(calls.map((call) => call.headers.get("authorization")), ["Bearer token-1", "Bearer token-2"]);
});

Deno.test("a subclass brings a token source of its own, and what it derives has the same", async () => {
  class Own extends Authenticator {
    constructor(options: AuthenticatorOptions) {
      const credentials = new Credentials({ accessToken: "own" });
      super(options, () => () => Promise.resolve({ credentials, headerKey: "x-own" }));
    }
  }
  const authenticator = new Own({ endpoint: "https://api.test" });
  for (const each of [authenticator, authenticator.with({ endpoint: "https://other.test" })]) {
    assertEquals([...await each.authorize(new Headers())], [["x-own", "Bearer own"]]);
    assertInstanceOf(each, Own);
  }
});

Deno.test("closing ends a wait for a token, and leaves a script nothing to wait for", async () => {
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: "https://api.test",
    clientId: "id",
    clientSecret: "s3cret",
    configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.test/token" }),
    fetch: () => new Promise(() => {}),
  });
  let waiting: Promise<unknown>;
  {
    await using closing = authenticator;
    waiting = assertRejects(() => closing.getCredentials());
  }
  const error = await waiting;
  assertInstanceOf(error, DOMException);
  assert(error.name === "AbortError");
});
