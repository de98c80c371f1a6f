import { assertEquals, assertRejects } from "@std/assert";
import {
  AuthenticationError,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretBasic,
  getToken,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { RejectionCache } from "../../src/token_endpoint/rejection_cache.ts";
import { requestToken } from "../../src/token_endpoint/request_token.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const right = `Basic ${btoa("id:right")}`;

/** A server that takes one secret, and a clock moved by hand. */
function arrange(options: Partial<ClientCredentialsAuthenticatorOptions> = {}) {
  const stub = tokenEndpointStub((count, request) =>
    request.headers.get("authorization") === right
      ? Response.json({ access_token: `token-${count}` })
      : Response.json({ error: "invalid_client" }, { status: 401 })
  );
  const time = { now: 1_000 };
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: "https://api.test",
    clientId: "id",
    clientSecret: "wrong",
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
    fetch: stub.fetch,
    clock: { wall: () => time.now, monotonic: () => time.now },
    ...options,
  });
  return { stub, time, authenticator };
}

Deno.test("a request that was rejected permanently isn't sent again for five seconds: callers get its error, each an object of its own", async () => {
  const { stub, time, authenticator } = arrange();
  const first = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  for (const advance of [0, 1_000, 3_999]) {
    time.now += advance;
    const calls = [
      () => authenticator.getCredentials(),
      () => authenticator.refreshCredentials(),
      () => authenticator.fetch("/"),
    ];
    for (const call of calls) assertEquals((await assertRejects(call, AuthenticationError)).message, first.message);
  }
  assertEquals(stub.requests.length, 1);
  time.now += 1;
  await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  assertEquals(stub.requests.length, 2);
});

Deno.test("another secret ends the cool-down at once", async () => {
  let secret = "wrong";
  const { stub, authenticator } = arrange({ clientSecret: () => secret });
  for (let i = 0; i < 3; i++) await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  assertEquals(stub.requests.length, 1);
  secret = "right";
  assertEquals((await authenticator.getCredentials()).accessToken, "token-2");
});

Deno.test("a secret that was changed while it was used fails no call: its provider is asked once more", async () => {
  const secrets = ["wrong", "right"];
  const { stub, authenticator } = arrange({ clientSecret: () => secrets.shift() ?? "right" });
  assertEquals((await authenticator.getCredentials()).accessToken, "token-2");
  const wrong = arrange({ clientSecret: () => `wrong-${wrong.stub.requests.length}` });
  await assertRejects(() => wrong.authenticator.getCredentials(), AuthenticationError);
  assertEquals([stub.requests.length, wrong.stub.requests.length], [2, 2], "once, and not for ever");
  const steady = arrange({ clientSecret: () => steady.stub.requests.length === 0 ? "old" : "wrong" });
  for (let i = 0; i < 3; i++) await assertRejects(() => steady.authenticator.getCredentials(), AuthenticationError);
  assertEquals(steady.stub.requests.length, 2, "the second one's refusal is remembered, too");
});

Deno.test("the cool-down can be set, and be none", async () => {
  const { stub, time, authenticator } = arrange({ cooldown: 60_000 });
  await assertRejects(() => authenticator.getCredentials());
  time.now += 59_999;
  await assertRejects(() => authenticator.getCredentials());
  assertEquals(stub.requests.length, 1);
  const none = arrange({ cooldown: 0 });
  for (let i = 0; i < 3; i++) await assertRejects(() => none.authenticator.getCredentials());
  assertEquals(none.stub.requests.length, 3);
});

Deno.test("a proof made anew each time, by the same key, doesn't end the cool-down; another key does", async () => {
  let key = "first";
  const { stub, authenticator } = arrange({
    clientSecret: undefined,
    clientAuth: {
      method: "own",
      authenticate(request) {
        request.credential = key;
        request.headers.set("x-proof", crypto.randomUUID());
      },
    },
  });
  for (let i = 0; i < 5; i++) await assertRejects(() => authenticator.getCredentials());
  assertEquals(stub.requests.length, 1);
  key = "second";
  await assertRejects(() => authenticator.getCredentials());
  assertEquals(stub.requests.length, 2);
});

Deno.test("an assertion signed anew doesn't make another request of it", async () => {
  let signed = 0;
  const { stub, authenticator } = arrange({
    clientSecret: undefined,
    clientAuth: {
      method: "private_key_jwt",
      authenticate: ({ body }) => body.set("client_assertion", `assertion-${++signed}`),
    },
  });
  for (let i = 0; i < 5; i++) await assertRejects(() => authenticator.getCredentials());
  // Once more than it was asked for: after a refusal the proof may have another key.
  assertEquals([stub.requests.length, signed], [1, 6]);
});

const page = () => new Response("<p>Back soon.</p>");
const cases: [name: string, answer: () => Response, posts: number[]][] = [
  ["a 401 of text", () => new Response("Bad credentials", { status: 401 }), [1, 1, 1]],
  ["a 401 of other JSON", () => Response.json({ message: "no" }, { status: 401 }), [1, 1, 1]],
  ["unauthorized_client in a 401", () => Response.json({ error: "unauthorized_client" }, { status: 401 }), [1, 1, 1]],
  ["invalid_client in a 400", () => Response.json({ error: "invalid_client" }, { status: 400 }), [1, 1, 1]],
  ["unauthorized_client in a 400", () => Response.json({ error: "unauthorized_client" }, { status: 400 }), [1, 1, 2]],
  ["a 404", () => new Response("", { status: 404 }), [1, 1, 2]],
  ["a page in a 200, which may be there for a moment", page, [1, 2, 3]],
  ["a 503", () => new Response("", { status: 503 }), [1, 2, 3]],
];

/** Requests a token through a cache of 5 s, with one secret. */
function arrangeRequests(answer: (count: number) => Response | Promise<Response>) {
  const stub = tokenEndpointStub(answer);
  const time = { now: 1_000 };
  const rejections = new RejectionCache();
  const request = (scope: string, signal = new AbortController().signal) =>
    requestToken({
      tokenEndpoint: new URL(stub.url),
      clientId: "id",
      clientAuth: clientSecretBasic("wrong"),
      grantType: "client_credentials",
      form: { scope: [scope] },
      keys: ["client", scope],
      fetch: stub.fetch,
      clock: { wall: () => time.now, monotonic: () => time.now },
      signal,
      rejections,
    });
  return { stub, time, request };
}

for (const [name, answer, posts] of cases) {
  Deno.test(`posts for two requests of one scope, then one of another: ${name}`, async () => {
    const { stub, request } = arrangeRequests(answer);
    const counts = [];
    for (const scope of ["a", "a", "b"]) {
      await assertRejects(() => request(scope), AuthenticationError);
      counts.push(stub.requests.length);
    }
    assertEquals(counts, posts);
  });
}

Deno.test("a page is kept back from the second one in a row; a token between two ends the row", async () => {
  const { stub, time, request } = arrangeRequests((count) =>
    count === 2 ? Response.json({ access_token: "t" }) : page()
  );
  await assertRejects(() => request("a"));
  await request("a");
  await assertRejects(() => request("a"));
  await assertRejects(() => request("a"));
  assertEquals(stub.requests.length, 4);
  await assertRejects(() => request("a"));
  assertEquals(stub.requests.length, 4);
  time.now += 5_000;
  await assertRejects(() => request("a"));
  assertEquals(stub.requests.length, 5);
});

Deno.test("an attempt that was given up leaves no trace, though its fetch answers late", async () => {
  const late = Promise.withResolvers<Response>();
  const { stub, request } = arrangeRequests((count) =>
    count === 1 ? late.promise : Response.json({ access_token: "t" })
  );
  const controller = new AbortController();
  const given = assertRejects(() => request("a", controller.signal), DOMException);
  while (stub.requests.length === 0) await Promise.resolve();
  controller.abort();
  late.resolve(Response.json({ error: "invalid_client" }, { status: 401 }));
  await given;
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals((await request("a")).accessToken, "t");
});

Deno.test("a secret that comes after the request was given up isn't sent", async () => {
  const late = Promise.withResolvers<string>();
  const stub = tokenEndpointStub();
  const controller = new AbortController();
  const given = assertRejects(() =>
    getToken(stub.url, {
      clientId: "id",
      clientSecret: () => late.promise,
      fetch: stub.fetch,
      signal: controller.signal,
    }), DOMException);
  controller.abort();
  await given;
  late.resolve("secret");
  await new Promise((resolve) => setTimeout(resolve, 10));
  assertEquals(stub.requests.length, 0);
});

Deno.test("at most 1,000 rejections are kept: the oldest goes first", async () => {
  const { stub, request } = arrangeRequests(() => Response.json({ error: "invalid_scope" }, { status: 400 }));
  for (let index = 0; index <= 1_000; index++) await assertRejects(() => request(`scope-${index}`));
  await assertRejects(() => request("scope-1000"));
  await assertRejects(() => request("scope-1"));
  assertEquals(stub.requests.length, 1_001);
  await assertRejects(() => request("scope-0"));
  assertEquals(stub.requests.length, 1_002);
});
