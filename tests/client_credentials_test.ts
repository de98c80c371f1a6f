import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  Authenticator,
  type ClientConfig,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretPost,
} from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { authenticatorAt } from "./authenticator_at.ts";
import { assertHides } from "./client_auth/showing.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

type Options = Partial<ClientCredentialsAuthenticatorOptions>;

/** A store that counts how often it is asked. */
function probeStore(answer: () => unknown) {
  const store = { asked: 0, getClientConfig: () => (store.asked++, answer() as ClientConfig) };
  return store;
}

Deno.test("ClientCredentialsAuthenticator: is an Authenticator", () => {
  assert(authenticatorAt(tokenEndpointStub()) instanceof Authenticator);
});

const incomplete: [options: Record<string, unknown>, missing: string][] = [
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

Deno.test("ClientCredentialsAuthenticator: says which of id and secret is missing, as flytekit does", () => {
  const configStore = probeStore(() => ({}));
  for (const [options, missing] of incomplete) {
    const all = { endpoint: "https://api.test", configStore, ...options } as never;
    const { message } = assertThrows(() => new ClientCredentialsAuthenticator(all), TypeError);
    assert(message.startsWith("Client ID and Client SECRET both are required.") && message.endsWith(` ${missing}.`));
  }
  assertEquals(configStore.asked, 0);
});

Deno.test("ClientCredentialsAuthenticator: refuses a wrong option, with what to write instead", () => {
  const stub = tokenEndpointStub();
  const wrong: [options: Record<string, unknown>, message: string][] = [
    [{ endpoint: "/v1" }, "endpoint must be an absolute URL"],
    [{ endpoint: undefined }, "endpoint must be an absolute URL"],
    [{ endpoint: "dns:///flyte.example.com" }, "endpoint must be an absolute URL"],
    [{ endpoint: "https://me:planted@api.test" }, "without user name and password"],
    [{ clientId: 7 }, "clientId"],
    [{ clientSecret: 7 }, "client secret"],
    [{ configStore: undefined }, "configStore"],
    [{ configStore: { tokenEndpoint: stub.url } }, "new StaticClientConfigStore({ tokenEndpoint })"],
    [{ scopes: "a b" }, "scopes must be an array"],
    [{ scopes: ["a b"] }, "RFC 6749 §3.3"],
    [{ audience: ["a"] }, "audience"],
    [{ headerKey: "a b" }, "headerKey"],
    [{ fetch: "fetch" }, "fetch"],
    [{ basicEncoding: "RAW" }, '"form" or "raw"'],
    [{ clientSecret: undefined, clientAuth: {} }, "clientAuth"],
    [{ clientAuth: clientSecretPost("x") }, "without clientSecret"],
    [{ fetch: stub.fetch, httpProxyUrl: "http://127.0.0.1:1" }, "can't be combined with fetch"],
    [{ fetch: stub.fetch, verify: false }, "can't be combined with fetch"],
    [{ fetch: undefined, httpProxyUrl: "127.0.0.1:1" }, "httpProxyUrl must be an absolute URL"],
  ];
  for (const [options, message] of wrong) {
    const error = assertThrows(() => authenticatorAt(stub, options as never), TypeError, message);
    assertEquals(error.message.includes("planted"), false);
  }
  const outOfRange: [options: Options, name: string][] = [
    [{ timeout: 0 }, "timeout"],
    [{ defaultLifetime: -1 }, "defaultLifetime"],
    [{ retry: { maxAttempts: 0 } }, "maxAttempts"],
    [{ retry: { maxAttempts: NaN } }, "maxAttempts"],
    [{ retry: { maxDelay: -1 } }, "maxDelay"],
    [{ retry: { totalTimeout: Infinity } }, "totalTimeout"],
  ];
  for (const [options, name] of outOfRange) assertThrows(() => authenticatorAt(stub, options), RangeError, name);
});

Deno.test("ClientCredentialsAuthenticator: asks for settings, secret and token first when a token is needed", async () => {
  const stub = tokenEndpointStub();
  const configStore = probeStore(() => ({ tokenEndpoint: stub.url }));
  let secrets = 0;
  const authenticator = authenticatorAt(stub, { configStore, clientSecret: () => `secret-${++secrets}` });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals([configStore.asked, secrets, stub.requests.length, authenticator.credentials], [0, 0, 0, undefined]);
  await authenticator.getCredentials();
  assertEquals([configStore.asked, secrets, stub.requests.length], [1, 1, 1]);
});

/** What is sent by options and settings, of which the caller's count first. */
const sent: [what: string, options: Options, config: Partial<ClientConfig>, expected: string | null][] = [
  ["scope", { scopes: ["mine"] }, { scopes: ["store"] }, "mine"],
  ["scope", {}, { scopes: ["store"] }, "store"],
  ["scope", { scopes: [] }, { scopes: ["store"] }, null],
  ["scope", {}, { scopes: [] }, null],
  ["scope", {}, {}, null],
  ["scope", { scopes: ["a", "b"] }, {}, "a b"],
  ["audience", { audience: "mine" }, { audience: "store" }, "mine"],
  ["audience", {}, { audience: "store" }, "store"],
  ["audience", { audience: "" }, { audience: "store" }, null],
  ["audience", {}, { audience: "" }, null],
  ["audience", {}, {}, null],
  ["header", { headerKey: "X-Mine" }, { headerKey: "flyte-authorization" }, "x-mine"],
  ["header", {}, { headerKey: "flyte-authorization" }, "flyte-authorization"],
  ["header", {}, { headerKey: "" }, "authorization"],
  ["header", { headerKey: "" }, {}, "authorization"],
  ["header", {}, {}, "authorization"],
  ["Basic", { clientSecret: "a%b" }, {}, "id:a%25b"],
  ["Basic", { clientSecret: "a%b", basicEncoding: "form" }, {}, "id:a%25b"],
  ["Basic", { clientSecret: "a%b", basicEncoding: "raw" }, {}, "id:a%b"],
  ["client_secret", { clientSecret: undefined, clientAuth: clientSecretPost("s3cret") }, {}, "s3cret"],
];

for (const [what, options, config, expected] of sent) {
  const given = Deno.inspect([options, config], { compact: true, breakLength: Infinity });
  Deno.test(`ClientCredentialsAuthenticator: sends the ${what} ${expected} by ${given}`, async () => {
    const stub = tokenEndpointStub();
    const [[header, token] = []] = await authenticatorAt(stub, options, config).authorize(new Headers());
    assertEquals(token, "Bearer token-1");
    const { form, headers } = stub.requests[0]!;
    const pair = atob(headers.get("authorization")?.slice("Basic ".length) ?? "");
    assertEquals({ header, Basic: pair }[what] ?? form.get(what), expected);
  });
}

Deno.test("getCredentials: reuses the token; a refresh asks for settings and secret again", async () => {
  const stub = tokenEndpointStub();
  const secrets = ["first", "second"];
  const audiences = ["first", "second"];
  const authenticator = authenticatorAt(stub, {
    clientSecret: () => Promise.resolve(secrets.shift() ?? ""),
    configStore: {
      getClientConfig: () => ({ tokenEndpoint: stub.url, headerKey: `x-${audiences[0]}`, audience: audiences.shift() }),
    },
  });
  const first = await authenticator.getCredentials();
  assertStrictEquals(await authenticator.getCredentials(), first);
  assertStrictEquals(authenticator.credentials, first);
  const refreshed = await authenticator.refreshCredentials();
  assertEquals([refreshed.accessToken, authenticator.credentials], ["token-2", refreshed]);
  assertEquals([...await authenticator.authorize(new Headers())], [["x-second", "Bearer token-2"]]);
  assertEquals(
    stub.requests.map(({ headers, form }) => [headers.get("authorization"), form.get("audience")]),
    ["first", "second"].map((each) => [`Basic ${btoa(`id:${each}`)}`, each]),
  );
});

Deno.test("getCredentials and refreshCredentials: make one request for 10,000 callers", async () => {
  const stub = tokenEndpointStub();
  const authenticator = authenticatorAt(stub);
  for (const ask of [authenticator.getCredentials, authenticator.refreshCredentials]) {
    const all = await Promise.all(Array.from({ length: 10_000 }, () => ask.call(authenticator)));
    assertEquals(new Set(all).size, 1);
  }
  assertEquals(stub.requests.length, 2);
});

Deno.test("getCredentials: gives the error of a store that throws or rejects as its cause", async () => {
  const down = new Error("the settings service is down");
  const fail = () => {
    throw down;
  };
  for (const getClientConfig of [fail, () => Promise.reject(down)]) {
    const authenticator = authenticatorAt(tokenEndpointStub(), { configStore: { getClientConfig } });
    const { code, cause, retryable } = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
    assertEquals([code, cause, retryable], ["config_store_failed", down, false]);
  }
});

Deno.test("getCredentials: says what is wrong with a store's settings", async () => {
  const stub = tokenEndpointStub();
  const wrong: [settings: unknown, message: string][] = [
    [undefined, "tokenEndpoint must be an absolute URL"],
    [null, "tokenEndpoint must be an absolute URL"],
    ["https://auth.test/token", "tokenEndpoint must be an absolute URL"],
    [{}, "got undefined"],
    [{ tokenEndpoint: "/token" }, 'got "/token"'],
    [{ tokenEndpoint: 7 }, "type number"],
    [{ tokenEndpoint: "https://a:planted@auth.test" }, "without user name and password"],
    [{ tokenEndpoint: stub.url, scopes: "a b" }, "scopes must be an array"],
    [{ tokenEndpoint: stub.url, audience: {} }, "audience"],
    [{ tokenEndpoint: stub.url, headerKey: "a\r\nb" }, "headerKey"],
  ];
  for (const [settings, message] of wrong) {
    const authenticator = authenticatorAt(stub, { configStore: probeStore(() => settings) });
    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError, message);
    assertEquals([error.code, error.message.includes("planted")], ["invalid_config", false]);
  }
  assertEquals(stub.requests.length, 0);
});

Deno.test("getCredentials: refuses a token endpoint on http, unless allowed", async () => {
  const stub = { ...tokenEndpointStub(), url: "http://auth.test/token" };
  const error = await assertRejects(() => authenticatorAt(stub).getCredentials(), AuthenticationError);
  assertEquals(error.code, "insecure_endpoint");
  const fetch = () => Promise.resolve(Response.json({ access_token: "t" }));
  await authenticatorAt(stub, { allowInsecureRequests: true, fetch }).getCredentials();
});

Deno.test("ClientCredentialsAuthenticator: shows neither secret nor token, nor do derived ones and errors", async () => {
  const secrets = ["planted-s3cret", "planted-token", btoa("id:planted-s3cret")];
  const stub = tokenEndpointStub((count) =>
    count < 3
      ? Response.json({ access_token: "planted-token" })
      : Response.json({ error: "invalid_client", error_description: `bad: ${secrets[0]} ${secrets[2]}` }, {
        status: 401,
      })
  );
  const authenticator = authenticatorAt(stub, { clientSecret: "planted-s3cret" });
  const derived = authenticator.with({ audience: "x" });
  for (const each of [authenticator, derived]) await each.getCredentials();
  const error = await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError);
  assertEquals(error.error_description, "bad: [redacted] [redacted]");
  for (const each of [authenticator, derived, error]) assertHides(each, secrets);
});

const schemes: [options: Options, answered: string, sent: string][] = [
  [{ tokenType: "Bearer" }, "BearerToken", "Bearer t"],
  [{ tokenType: "Bearer" }, "Application Access Token", "Bearer t"],
  [{ tokenType: "Zoho-oauthtoken" }, "Bearer", "Zoho-oauthtoken t"],
  [{ tokenType: "OAuth", headerKey: "x-token" }, "Bearer", "OAuth t"],
  [{ tokenType: "Bearer", authorization: ({ accessToken }) => accessToken }, "anything", "t"],
];
for (const [options, token_type, sent] of schemes) {
  Deno.test(`tokenType: ${sent} is sent, though the server answers ${token_type}`, async () => {
    const stub = tokenEndpointStub(() => Response.json({ access_token: "t", token_type }));
    const headers = await authenticatorAt(stub, options).authorize(new Headers());
    assertEquals(headers.get(options.headerKey ?? "authorization"), sent);
  });
}

Deno.test("tokenType: must be a scheme, and stands beside no dpop", () => {
  const stub = tokenEndpointStub();
  for (
    const options of [{ tokenType: "a b" }, { tokenType: "" }, { tokenType: 7 }, { tokenType: "OAuth", dpop: dpop() }]
  ) {
    assertThrows(() => authenticatorAt(stub, options as Options), TypeError, "tokenType");
  }
});
