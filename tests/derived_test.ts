import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  AuthenticationError,
  type ClientConfig,
  type ClientConfigRequest,
  ClientConfigStore,
  ClientCredentialsAuthenticator,
  type Fetch,
  StaticClientConfigStore,
  type WithOptions,
} from "@m2m/authenticator";
import { authenticatorAt as authenticatorAtStub } from "./authenticator_at.ts";
import { assertHides } from "./client_auth/showing.ts";
import { startAuthorizationServer } from "./servers/authorization_server.ts";
import { startProtectedApi } from "./servers/protected_api.ts";
import { startProxy } from "./servers/proxy.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

const authenticatorAt: typeof authenticatorAtStub = (stub, options) =>
  authenticatorAtStub(stub, { clientSecret: "planted-s3cret", ...options });

/** A token endpoint whose tokens say what was asked for, and an API that answers with the headers it got. */
function tellingStub() {
  const stub = tokenEndpointStub((_count, { form }) => {
    const { scope = "", audience = "" } = Object.fromEntries(form);
    return Response.json({ access_token: `${scope.replaceAll(" ", "+")}/${audience}`, expires_in: 3600 });
  });
  const fetch: Fetch = (input, init) =>
    String(input) === stub.url
      ? stub.fetch(input, init)
      : Promise.resolve(Response.json([...new Headers(init?.headers)]));
  return { ...stub, fetch };
}

Deno.test("who wishes for the same gets the same authenticator, in whatever order it is said", () => {
  const root = authenticatorAt(tokenEndpointStub(), { scopes: ["a"], audience: "x" });
  const same: [WithOptions, WithOptions][] = [
    [{ scopes: ["a", "b"] }, { scopes: ["b", "a"] }],
    [{ scopes: ["a", "b"] }, { scopes: ["b", "a", "b"] }],
    [{ resource: ["https://a.test", "https://b.test"] }, { resource: ["https://b.test", "https://a.test"] }],
    [{ resource: "https://a.test" }, { resource: ["https://a.test"] }],
    [{ resource: "https://a.test" }, { resource: new URL("https://a.test").href.replace(/\/$/, "") }],
    [{ scopes: ["b"], audience: "y" }, { audience: "y", scopes: ["b"] }],
    [{ parameters: { p: "1", q: "2" } }, { parameters: { q: "2", p: "1" } }],
    [{ parameters: { p: "1" } }, { parameters: { p: ["1"] } }],
    [{ authorizationDetails: [{ type: "t" }] }, { authorizationDetails: [{ type: "t" }] }],
    [{ endpoint: "https://b.test/" }, { endpoint: new URL("https://b.test/") }],
  ];
  for (const [one, other] of same) assertStrictEquals(root.with(one), root.with(other));
  for (const nothing of [{}, { scopes: undefined }, { scopes: ["a"] }, { audience: "x" }, { headerKey: undefined }]) {
    assertStrictEquals(root.with(nothing), root, "undefined leaves it as it is");
  }
  assertInstanceOf(root.with({ scopes: ["z"] }), ClientCredentialsAuthenticator);
});

Deno.test("each difference makes another authenticator", () => {
  const root = authenticatorAt(tokenEndpointStub(), { scopes: ["a"] });
  const wishes: WithOptions[] = [
    { scopes: ["b"] },
    { scopes: [] },
    { scopes: ["a", "b"] },
    { audience: "x" },
    { audience: "a" },
    { audience: "" },
    { resource: "https://x.test" },
    { resource: ["https://x.test", "https://y.test"] },
    { parameters: { organization: "org_7" } },
    { parameters: { organization: "org_8" } },
    { parameters: { organization: ["org_7", "org_8"] } },
    { parameters: { organisation: "org_7" } },
    { authorizationDetails: [{ type: "payment" }] },
    { authorizationDetails: [{ type: "payment", amount: 7 }] },
    { endpoint: "https://other.test" },
    { endpoint: "https://api.test/v2/" },
    { headerKey: "x-token" },
    { allowedOrigins: ["https://files.test"] },
  ];

  assertEquals(new Set([root, ...wishes.map((wish) => root.with(wish))]).size, wishes.length + 1);
});

Deno.test("each has a token of its own, and sends no other", async () => {
  const stub = tellingStub();
  const root = authenticatorAt(stub, { scopes: ["a"], audience: "x" });
  const both = root.with({ scopes: ["a", "b"] });
  const members = [root, both, both.with({ audience: "y" }), root.with({ scopes: [] }), root.with({ headerKey: "h" })];
  const sent = async (each: ClientCredentialsAuthenticator) => (await (await each.fetch("/v1")).json()).at(-1);

  for (let round = 0; round < 2; round++) {
    assertEquals(await Promise.all(members.map(sent)), [
      ["authorization", "Bearer a/x"],
      ["authorization", "Bearer a+b/x"],
      ["authorization", "Bearer a+b/y"],
      ["authorization", "Bearer /x"],
      ["h", "Bearer a/x"],
    ]);
  }

  assertEquals(stub.requests.length, members.length);
  assertEquals(stub.requests.map(({ form }) => form.has("scope")), [true, true, true, false, true]);
});

Deno.test("one made from another merges what both say", async () => {
  const stub = tokenEndpointStub();
  const root = authenticatorAt(stub, { scopes: ["a"], audience: "x", parameters: { p: "1" } });

  const last = root.with({ scopes: ["b"] }).with({ resource: "https://r.test" }).with({ parameters: { q: "2" } });
  await last.getCredentials();

  const { form } = stub.requests[0]!;
  assertEquals([...form], [
    ["grant_type", "client_credentials"],
    ["scope", "b"],
    ["audience", "x"],
    ["resource", "https://r.test"],
    ["p", "1"],
    ["q", "2"],
  ]);
  assertStrictEquals(
    last,
    root.with({ scopes: ["b"], resource: "https://r.test", parameters: { q: "2" } }),
    "the way there doesn't matter",
  );
  assertStrictEquals(root.with({ scopes: ["b"] }).with({ scopes: ["a"] }), root);
});

Deno.test("they share client authentication, store and way out", async () => {
  const stub = tokenEndpointStub();
  const requests: (ClientConfigRequest | undefined)[] = [];
  class Store extends ClientConfigStore {
    override getClientConfig(request?: ClientConfigRequest): ClientConfig {
      requests.push(request);
      return { tokenEndpoint: stub.url };
    }
  }
  let secrets = 0;
  const root = authenticatorAt(stub, { configStore: new Store(), clientSecret: () => `secret-${++secrets}` });

  await root.with({ audience: "x" }).with({ audience: "y" }).getCredentials();

  assertStrictEquals(requests[0]?.fetch, stub.fetch);
  assertEquals([requests.length, requests[0]?.authMethod, secrets], [1, "client_secret_basic", 1]);
  assertEquals(stub.requests[0]!.headers.get("authorization"), `Basic ${btoa("id:secret-1")}`);
});

Deno.test("they go by one proxy, which the first one frees", async () => {
  // The leak sanitizer would name the runtime's client.
  const clients = [{ client_id: "id", client_secret: "planted-s3cret" }];
  await using server = await startAuthorizationServer({ clients });
  const { issuer, jwksUri, tokenEndpoint } = server;
  await using api = startProtectedApi({ issuer, jwksUri });
  await using proxy = await startProxy();
  await using root = new ClientCredentialsAuthenticator({
    endpoint: api.origin,
    clientId: "id",
    clientSecret: "planted-s3cret",
    audience: api.audience,
    scopes: ["api:read"],
    configStore: new StaticClientConfigStore({ tokenEndpoint }),
    httpProxyUrl: proxy.url,
  });
  const member = root.with({ parameters: { p: "1" } });

  for (const each of [root, member]) assertEquals(await (await each.fetch("/v1/projects")).json().then(Boolean), true);
  await member.close();
  const response = await root.fetch("/v1/projects");
  await response.body?.cancel();

  assertEquals([response.status, proxy.requests.length], [200, 5]);
});

Deno.test("however many callers, there is one request for each identity", async () => {
  const stub = tokenEndpointStub();
  const root = authenticatorAt(stub);
  const callers = Array.from({ length: 1000 }, (_, index) => root.with({ audience: `a${index % 4}` }));

  await Promise.all(callers.map((each) => each.getCredentials()));

  assertEquals(stub.requests.map(({ form }) => form.get("audience")).sort(), ["a0", "a1", "a2", "a3"]);
});

Deno.test("a wrong secret is asked about once, whatever it is to be used for", async () => {
  const stub = tokenEndpointStub(() => Response.json({ error: "invalid_client" }, { status: 401 }));
  let secret = "planted-wrong";
  const root = authenticatorAt(stub, { clientSecret: () => secret });
  const members = Array.from({ length: 50 }, (_, index) => root.with({ audience: `a${index}` }));

  const errors = new Set<AuthenticationError>();
  for (const each of members) errors.add(await assertRejects(() => each.getCredentials(), AuthenticationError));
  assertEquals([errors.size, stub.requests.length], [50, 1], "each caller has an error object of its own");

  secret = "another";
  await assertRejects(() => members[49]!.getCredentials(), AuthenticationError);
  assertEquals(stub.requests.length, 2);
});

Deno.test("a refusal of what is asked for keeps nobody else from asking for something else", async () => {
  const stub = tokenEndpointStub((count, { form }) =>
    form.get("scope") === "bad"
      ? Response.json({ error: "invalid_scope" }, { status: 400 })
      : Response.json({ access_token: `token-${count}` })
  );
  const root = authenticatorAt(stub, { scopes: ["bad"] });
  for (let call = 0; call < 3; call++) await assertRejects(() => root.getCredentials(), AuthenticationError);

  assertEquals((await root.with({ scopes: ["good"] }).getCredentials()).accessToken, "token-2");
  assertEquals(stub.requests.length, 2);
});

Deno.test("10,000 are kept; the one that was asked for longest ago is dropped, and is of use still", async () => {
  const stub = tokenEndpointStub();
  const root = authenticatorAt(stub);
  const wish = (index: number) => root.with({ audience: `a${index}` });
  const first = wish(0);
  const second = wish(1);
  for (let index = 2; index < 9_999; index++) wish(index);
  assertStrictEquals(wish(0), first, "10,000 are there, the first one of all among them");

  wish(9_999);
  assert(root.with({}) !== root, "it was asked for longest ago");
  assert(wish(1) !== second);
  assertStrictEquals(wish(0), first);

  assertEquals((await second.getCredentials()).accessToken, "token-1");
  assertEquals((await root.getCredentials()).accessToken, "token-2");
});

Deno.test("closing the first one ends what all of them wait for, though it was dropped itself", async () => {
  let count = 0;
  const fetch: Fetch = (_input, init) => {
    count++;
    return new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
  };
  const root = authenticatorAt(tokenEndpointStub(), { fetch });
  for (let index = 0; index <= 10_000; index++) root.with({ audience: `a${index}` });
  const members = [root, root.with({ audience: "a10000" }), root.with({ audience: "a9999" })];
  const ends = members.map((each) => assertRejects(() => each.getCredentials(), DOMException, "was closed"));
  for (let waits = 0; waits < 5_000 && count < 1; waits++) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals(count, 1, "one finds out how the endpoint is, and the others wait");

  await root.close();

  await Promise.all(ends);
});

Deno.test("closing one of them leaves the others alone", async () => {
  const gate = Promise.withResolvers<void>();
  const stub = tokenEndpointStub(async (count) => {
    if (count > 1) await gate.promise;
    return Response.json({ access_token: `token-${count}` });
  });
  const root = authenticatorAt(stub);
  await root.getCredentials();
  const [one, other] = [root.with({ audience: "one" }), root.with({ audience: "other" })];
  const ended = assertRejects(() => one.getCredentials(), DOMException, "was closed");
  const going = other.getCredentials();
  for (let waits = 0; waits < 5_000 && stub.requests.length < 3; waits++) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assertEquals(stub.requests.length, 3);

  await one.close();
  await ended;
  gate.resolve();

  assertEquals((await going).accessToken, "token-3");
  await assertRejects(() => one.getCredentials(), DOMException, "was closed");
});

Deno.test("after one is closed, the next like it is open; of a closed one all are closed", async () => {
  const stub = tokenEndpointStub();
  const root = authenticatorAt(stub);
  const closed = root.with({ audience: "a" });
  await closed.close();
  const next = root.with({ audience: "a" });
  assert(next !== closed);
  assertEquals((await next.getCredentials()).accessToken, "token-1");
  await assertRejects(() => closed.with({ audience: "b" }).getCredentials(), DOMException, "was closed");

  await root.close();
  for (const each of [root, next]) {
    await assertRejects(() => each.with({ audience: "c" }).getCredentials(), DOMException, "was closed");
  }
  assertEquals(stub.requests.length, 1);
});

Deno.test("what is requested doesn't change with the caller's objects", async () => {
  const stub = tokenEndpointStub(() => Response.json({ access_token: "token", expires_in: 1 }));
  const detail = { type: "payment", actions: ["read"] };
  const given = {
    scopes: ["a"],
    resource: ["https://a.test"],
    authorizationDetails: [detail],
    parameters: { tenant: ["one"] },
  };
  const both = [authenticatorAt(stub, given), authenticatorAt(stub).with(given)];
  for (const list of [given.scopes, given.resource, detail.actions, given.parameters.tenant]) list.push("later");
  for (const each of both) {
    await each.getCredentials();
    const { form } = stub.requests.at(-1)!;
    assertEquals(["scope", "resource", "authorization_details", "tenant"].map((name) => form.getAll(name)), [
      ["a"],
      ["https://a.test"],
      ['[{"type":"payment","actions":["read"]}]'],
      ["one"],
    ]);
  }
});

Deno.test("neither secret nor token shows in one that was made from another", async () => {
  const stub = tokenEndpointStub(() => Response.json({ access_token: "planted-token" }));
  const member = authenticatorAt(stub).with({ audience: "x" });
  await member.getCredentials();

  assertHides(member, ["planted-s3cret", "planted-token", btoa("id:planted-s3cret")]);
});

Deno.test("what can't be what it should be is refused at once", () => {
  const root = authenticatorAt(tokenEndpointStub());
  const wrong: [Record<string, unknown>, string][] = [
    [{ scopes: "a b" }, "scopes must be an array"],
    [{ audience: 7 }, "audience must be a string"],
    [{ resource: "/relative" }, "resource must be an absolute URI"],
    [{ resource: "https://a.test/#part" }, "without fragment"],
    [{ authorizationDetails: [{}] }, "authorizationDetails must be an array of objects with a type"],
    [{ parameters: { scope: "a" } }, "parameters.scope must be text, and nothing that has an option of its own"],
    [{ endpoint: "/v1" }, "endpoint must be an absolute URL"],
    [{ headerKey: "a b" }, "headerKey must be a header name"],
    [{ allowedOrigins: "https://a.test" }, "allowedOrigins must be an array"],
    [{ scopes: ["a"], clientId: "other" }, "clientId can't be changed by with: make another authenticator."],
    [{ clientSecret: "planted" }, "clientSecret can't be changed by with"],
  ];
  for (const [options, message] of wrong) assertThrows(() => root.with(options), TypeError, message);
});

/** Answers with what it is told at the time. */
class ChangingStore extends ClientConfigStore {
  constructor(public config: ClientConfig) {
    super();
  }

  override getClientConfig(): ClientConfig {
    return this.config;
  }
}

Deno.test("once the settings are others, a token obtained under the old ones isn't sent any more", async () => {
  const changes: Partial<ClientConfig>[] = [
    { tokenEndpoint: "https://new.test/token" },
    { scopes: ["other"] },
    { audience: "other" },
    { resource: "https://other.test" },
  ];
  for (const change of changes) {
    let isDown = false;
    let tokens = 0;
    const sent: (string | null)[] = [];
    const fetch: Fetch = (input, init) => {
      if (String(input).endsWith("/token")) {
        return Promise.resolve(
          isDown
            ? Response.json({ error: "invalid_request" }, { status: 400 })
            : Response.json({ access_token: `token-${++tokens}`, expires_in: 3600 }),
        );
      }
      sent.push(new Headers(init?.headers).get("authorization"));
      return Promise.resolve(new Response());
    };
    const configStore = new ChangingStore({ tokenEndpoint: "https://auth.test/token", scopes: ["a"] });
    const authenticator = authenticatorAt(tokenEndpointStub(), { configStore, fetch, cooldown: 0 });
    await authenticator.fetch("/");

    // The same settings: a refresh that fails leaves the token in use.
    isDown = true;
    await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError);
    await authenticator.fetch("/");
    assertEquals(sent, ["Bearer token-1", "Bearer token-1"]);

    configStore.config = { ...configStore.config, ...change };
    await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError);
    await assertRejects(() => authenticator.fetch("/"), AuthenticationError);
    isDown = false;
    await authenticator.fetch("/");

    assertEquals(sent, ["Bearer token-1", "Bearer token-1", "Bearer token-2"]);
  }
});

Deno.test("a header that the settings name otherwise takes the old one's place on the replay", async () => {
  const calls: Record<string, string>[] = [];
  const stub = tokenEndpointStub();
  const fetch: Fetch = (input, init) => {
    if (String(input) === stub.url) return stub.fetch(input, init);
    const headers = Object.fromEntries(new Headers(init?.headers));
    calls.push(headers);
    return Promise.resolve(new Response(null, { status: "x-new" in headers ? 200 : 401 }));
  };
  const configStore = new ChangingStore({ tokenEndpoint: stub.url, headerKey: "x-old" });
  const authenticator = authenticatorAt(stub, { configStore, fetch });
  await authenticator.getCredentials();
  configStore.config = { tokenEndpoint: stub.url, headerKey: "x-new" };

  const { status } = await authenticator.fetch("/", { headers: { accept: "text/plain" } });

  assertEquals([status, calls], [200, [
    { accept: "text/plain", "x-old": "Bearer token-1" },
    { accept: "text/plain", "x-new": "Bearer token-2" },
  ]]);
});

Deno.test("what the caller changes afterwards is nobody else's wish", async () => {
  const stub = tokenEndpointStub();
  const parameters = { organization: "A" };
  const scopes = ["a"];
  const root = authenticatorAt(stub, { parameters, scopes });
  parameters.organization = "B";
  scopes[0] = "b";

  const other = root.with({ parameters, scopes });
  assertFalse(other === root);
  parameters.organization = "C";
  await other.with({ audience: "x" }).getCredentials();

  assertEquals(stub.requests[0]!.form.get("organization"), "B");
});

Deno.test("an endpoint that the caller changes afterwards is another one's", () => {
  const stub = tokenEndpointStub();
  const endpoint = new URL("https://a.test/");
  const root = authenticatorAt(stub, { endpoint });
  endpoint.host = "b.test";

  assertFalse(root.with({ endpoint }) === root);
});

Deno.test("resources are never run together, and parameters are a record", () => {
  const root = authenticatorAt(tokenEndpointStub());

  assertThrows(() => root.with({ resource: "https://a.test https://b.test" }), TypeError, "resource");
  for (const parameters of [new Map([["a", "b"]]), new URLSearchParams("a=b"), "a=b", [["a", "b"]], null]) {
    assertThrows(() => root.with({ parameters: parameters as never }), TypeError, "parameters must be a record");
  }
});

Deno.test("with refuses a class whose constructor keeps its options to itself", () => {
  const stub = tokenEndpointStub();
  class Own extends ClientCredentialsAuthenticator {
    constructor() {
      super({
        endpoint: "https://api.test",
        clientId: "id",
        clientSecret: "secret",
        audience: "A",
        fetch: stub.fetch,
        configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.test/token" }),
      });
    }
  }

  assertThrows(() => new Own().with({ audience: "B" }), TypeError, "passes all of its options on");
});
