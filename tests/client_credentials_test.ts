import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  Authenticator,
  type ClientConfig,
  ClientConfigStore,
  ClientCredentialsAuthenticator,
  clientSecretPost,
} from "@m2m/authenticator";
import { authenticatorAt } from "./authenticator_at.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

const endpoint = "https://api.test";

/** Counts how often it is asked; answers, or throws, whatever it is told. */
class ProbeStore extends ClientConfigStore {
  asked = 0;

  constructor(readonly answer: () => unknown) {
    super();
  }

  override getClientConfig(): ClientConfig {
    this.asked++;
    return this.answer() as ClientConfig;
  }
}

Deno.test("it is an Authenticator", () => {
  assertInstanceOf(authenticatorAt(tokenEndpointStub()), Authenticator);
});

Deno.test("a missing or empty id or secret is refused in flytekit's words, before the store is touched", () => {
  const configStore = new ProbeStore(() => ({}));
  const wrong: [Record<string, unknown>, string][] = [
    [{ clientId: "", clientSecret: "s" }, "clientId"],
    [{ clientId: undefined, clientSecret: "s" }, "clientId"],
    [{ clientSecret: "s" }, "clientId"],
    [{ clientId: "id", clientSecret: "" }, "clientSecret (or clientAuth)"],
    [{ clientId: "id", clientSecret: undefined }, "clientSecret (or clientAuth)"],
    [{ clientId: "id", clientSecret: null }, "clientSecret (or clientAuth)"],
    [{ clientId: "id" }, "clientSecret (or clientAuth)"],
    [{ clientAuth: clientSecretPost("s") }, "clientId"],
    [{}, "clientId and clientSecret (or clientAuth)"],
  ];
  for (const [options, missing] of wrong) {
    const error = assertThrows(
      () => new ClientCredentialsAuthenticator({ endpoint, configStore, ...options } as never),
      TypeError,
    );
    assertEquals(error.message, `Client ID and Client SECRET both are required. Missing: ${missing}.`);
  }
  assertEquals(configStore.asked, 0);
});

Deno.test("a wrong setting is refused by the constructor, with what to write instead", () => {
  const stub = tokenEndpointStub();
  const wrong: [Record<string, unknown>, string][] = [
    [{ endpoint: "/v1" }, "endpoint must be an absolute URL"],
    [{ endpoint: undefined }, "endpoint must be an absolute URL"],
    [{ endpoint: "dns:///flyte.example.com" }, "endpoint must be an absolute URL"],
    [{ endpoint: "https://me:planted@api.test" }, "without user name and password"],
    [{ clientId: 7 }, "clientId must be a string"],
    [{ clientSecret: 7 }, "The client secret must be a string"],
    [{ configStore: undefined }, "configStore must be a ClientConfigStore"],
    [{ configStore: { tokenEndpoint: stub.url } }, "new StaticClientConfigStore({ tokenEndpoint })"],
    [{ scopes: "a b" }, "scopes must be an array"],
    [{ scopes: ["a b"] }, "one scope (RFC 6749 §3.3) an element"],
    [{ audience: ["a"] }, "audience must be a string"],
    [{ headerKey: "a b" }, "headerKey must be a header name"],
    [{ fetch: "fetch" }, "fetch must be a function"],
    [{ basicEncoding: "RAW" }, '"form" or "raw"'],
    [{ clientSecret: undefined, clientAuth: {} }, "clientAuth must be made by"],
    [{ clientAuth: clientSecretPost("x") }, "without clientSecret"],
    [
      { fetch: stub.fetch, httpProxyUrl: "http://127.0.0.1:1" },
      "can't be combined with fetch",
    ],
    [{ fetch: stub.fetch, verify: false }, "can't be combined with fetch"],
    [{ fetch: undefined, httpProxyUrl: "127.0.0.1:1" }, "httpProxyUrl must be an absolute URL"],
  ];
  for (const [options, message] of wrong) {
    const error = assertThrows(() => authenticatorAt(stub, options as never), TypeError, message);
    assertEquals(error.message.includes("planted"), false);
  }
  assertThrows(() => authenticatorAt(stub, { timeout: 0 }), RangeError, "timeout");
  assertThrows(() => authenticatorAt(stub, { defaultLifetime: -1 }), RangeError, "defaultLifetime");
});

Deno.test("the constructor asks neither the store nor the server nor the secret's provider", async () => {
  const stub = tokenEndpointStub();
  const configStore = new ProbeStore(() => ({ tokenEndpoint: stub.url }));
  let secrets = 0;
  const clientSecret = () => `secret-${++secrets}`;
  const authenticator = authenticatorAt(stub, { configStore, clientSecret });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals([configStore.asked, secrets, stub.requests.length, authenticator.credentials], [
    0,
    0,
    0,
    undefined,
  ]);
  await authenticator.getCredentials();
  assertEquals([configStore.asked, secrets, stub.requests.length], [1, 1, 1]);
});

Deno.test("scopes are the caller's, else the store's; an empty list sends none", async () => {
  const cases: [readonly string[] | undefined, readonly string[] | undefined, string | null][] = [
    [["mine"], ["store"], "mine"],
    [undefined, ["store"], "store"],
    [[], ["store"], null],
    [undefined, [], null],
    [undefined, undefined, null],
    [["a", "b"], undefined, "a b"],
  ];
  for (const [scopes, stored, sent] of cases) {
    const stub = tokenEndpointStub();
    await authenticatorAt(stub, { scopes }, { scopes: stored }).getCredentials();
    assertEquals(stub.requests[0]?.form.get("scope"), sent);
  }
});

Deno.test("audience is the caller's, else the store's; an empty one sends none", async () => {
  const cases: [string | undefined, string | undefined, string | null][] = [
    ["mine", "store", "mine"],
    [undefined, "store", "store"],
    ["", "store", null],
    [undefined, "", null],
    [undefined, undefined, null],
  ];
  for (const [audience, stored, sent] of cases) {
    const stub = tokenEndpointStub();
    await authenticatorAt(stub, { audience }, { audience: stored }).getCredentials();
    assertEquals(stub.requests[0]?.form.get("audience"), sent);
  }
});

Deno.test("the header is the caller's, else the store's, else authorization", async () => {
  const cases: [string | undefined, string | undefined, string][] = [
    ["X-Mine", "flyte-authorization", "x-mine"],
    [undefined, "flyte-authorization", "flyte-authorization"],
    [undefined, "", "authorization"],
    ["", undefined, "authorization"],
    [undefined, undefined, "authorization"],
  ];
  for (const [headerKey, stored, name] of cases) {
    const stub = tokenEndpointStub();
    const headers = await authenticatorAt(stub, { headerKey }, { headerKey: stored }).authorize(
      new Headers(),
    );
    assertEquals([...headers], [[name, "Bearer token-1"]]);
  }
});

Deno.test("Basic is form-encoded by default, and raw where the server wants it so", async () => {
  for (
    const [basicEncoding, pair] of [[undefined, "id:a%25b"], ["form", "id:a%25b"], ["raw", "id:a%b"]] as const
  ) {
    const stub = tokenEndpointStub();
    await authenticatorAt(stub, { clientSecret: "a%b", basicEncoding }).getCredentials();
    assertEquals(stub.requests[0]?.headers.get("authorization"), `Basic ${btoa(pair)}`);
  }
});

Deno.test("client authentication can stand in place of a secret", async () => {
  const stub = tokenEndpointStub();
  await authenticatorAt(stub, { clientSecret: undefined, clientAuth: clientSecretPost("s3cret") })
    .getCredentials();
  assertEquals(stub.requests[0]?.form.get("client_secret"), "s3cret");
});

Deno.test("the secret may come from an async function, asked for each token", async () => {
  const stub = tokenEndpointStub();
  const secrets = ["first", "second"];
  const authenticator = authenticatorAt(stub, { clientSecret: () => Promise.resolve(secrets.shift() ?? "") });
  await authenticator.getCredentials();
  await authenticator.refreshCredentials();
  assertEquals(stub.requests.map((request) => request.headers.get("authorization")), [
    `Basic ${btoa("id:first")}`,
    `Basic ${btoa("id:second")}`,
  ]);
});

Deno.test("a store is asked for each token, so that changed settings count", async () => {
  const stub = tokenEndpointStub();
  const audiences = ["first", "second"];
  const configStore = new ProbeStore(() => ({ tokenEndpoint: stub.url, audience: audiences.shift() }));
  const authenticator = authenticatorAt(stub, { configStore });
  await authenticator.getCredentials();
  await authenticator.getCredentials();
  assertEquals(configStore.asked, 1);
  await authenticator.refreshCredentials();
  assertEquals(stub.requests.map((request) => request.form.get("audience")), ["first", "second"]);
});

Deno.test("a store that throws is the cause of a typed error", async () => {
  const stub = tokenEndpointStub();
  const down = new Error("the settings service is down");
  const stores = [
    new ProbeStore(() => {
      throw down;
    }),
    new ProbeStore(() => Promise.reject(down)),
  ];
  for (const configStore of stores) {
    const error = await assertRejects(
      () => authenticatorAt(stub, { configStore }).getCredentials(),
      AuthenticationError,
    );
    assertEquals([error.code, error.cause, error.retryable], ["config_store_failed", down, false]);
  }
});

Deno.test("a store that answers nonsense gets an error that says what is wrong with it", async () => {
  const stub = tokenEndpointStub();
  const nonsense: [unknown, string][] = [
    [undefined, "tokenEndpoint must be an absolute URL"],
    [null, "tokenEndpoint must be an absolute URL"],
    ["https://auth.test/token", "tokenEndpoint must be an absolute URL"],
    [{}, "got undefined"],
    [{ tokenEndpoint: "/token" }, 'got "/token"'],
    [{ tokenEndpoint: 7 }, "got a value of type number"],
    [{ tokenEndpoint: "https://a:planted@auth.test" }, "without user name and password"],
    [{ tokenEndpoint: stub.url, scopes: "a b" }, "scopes must be an array"],
    [{ tokenEndpoint: stub.url, audience: {} }, "audience must be a string"],
    [{ tokenEndpoint: stub.url, headerKey: "a\r\nb" }, "headerKey must be a header name"],
  ];
  for (const [answer, message] of nonsense) {
    const configStore = new ProbeStore(() => answer);
    const error = await assertRejects(
      () => authenticatorAt(stub, { configStore }).getCredentials(),
      AuthenticationError,
      message,
    );
    assertEquals([error.code, error.message.includes("planted")], ["invalid_config", false]);
  }
  assertEquals(stub.requests.length, 0);
});

Deno.test("a token endpoint on http is refused, unless allowed", async () => {
  const stub = tokenEndpointStub();
  const tokenEndpoint = "http://auth.test/token";
  const error = await assertRejects(
    () => authenticatorAt(stub, {}, { tokenEndpoint }).getCredentials(),
    AuthenticationError,
  );
  assertEquals(error.code, "insecure_endpoint");
  const fetch = (input: unknown) => {
    assertEquals(String(input), tokenEndpoint);
    return Promise.resolve(Response.json({ access_token: "t" }));
  };
  await authenticatorAt(stub, { allowInsecureRequests: true, fetch }, { tokenEndpoint }).getCredentials();
});

Deno.test("credentials are reused for as long as they live, and are the last known", async () => {
  const stub = tokenEndpointStub();
  const authenticator = authenticatorAt(stub);
  const first = await authenticator.getCredentials();
  assertEquals(first.accessToken, "token-1");
  assert(first === await authenticator.getCredentials());
  assert(first === authenticator.credentials);
  assertEquals(stub.requests.length, 1);
});

Deno.test("refreshing always asks, and concurrent callers share one request", async () => {
  const stub = tokenEndpointStub();
  const authenticator = authenticatorAt(stub);
  await authenticator.getCredentials();
  const refreshed = await Promise.all(Array.from({ length: 100 }, () => authenticator.refreshCredentials()));
  assertEquals(new Set(refreshed.map((credentials) => credentials.accessToken)), new Set(["token-2"]));
  assertEquals(authenticator.credentials?.accessToken, "token-2");
  await authenticator.refreshCredentials();
  assertEquals(stub.requests.length, 3);
});

Deno.test("ten thousand first callers cause one token request", async () => {
  const stub = tokenEndpointStub();
  const authenticator = authenticatorAt(stub);
  const all = await Promise.all(Array.from({ length: 10_000 }, () => authenticator.getCredentials()));
  assertEquals(stub.requests.length, 1);
  assert(all.every((credentials) => credentials === all[0]));
});

Deno.test("a failed refresh leaves the credentials that still live", async () => {
  const stub = tokenEndpointStub((count) =>
    count === 2
      ? Response.json({ error: "invalid_client" }, { status: 401 })
      : Response.json({ access_token: `t${count}` })
  );
  const authenticator = authenticatorAt(stub);
  await authenticator.getCredentials();
  await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError);
  assertEquals((await authenticator.getCredentials()).accessToken, "t1");
});

Deno.test("a secret shows neither in the authenticator nor in what it throws", async () => {
  const stub = tokenEndpointStub(() =>
    Response.json({
      error: "invalid_client",
      error_description: `bad: planted-s3cret ${btoa("id:planted-s3cret")}`,
    }, {
      status: 401,
    })
  );
  const authenticator = authenticatorAt(stub, { clientSecret: "planted-s3cret" });
  const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  assertEquals(error.error_description, "bad: [redacted] [redacted]");
  const shown = [authenticator, error].map((value) =>
    Deno.inspect(value, { depth: 10, showHidden: true, getters: true }) + JSON.stringify(value) +
    (value as Error).stack
  ).join();
  for (const secret of ["planted-s3cret", btoa("id:planted-s3cret")]) {
    assertEquals(shown.includes(secret), false);
  }
});
