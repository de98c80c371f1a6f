import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { AuthenticationError, type Fetch } from "@m2m/authenticator";
import {
  ProtectedResourceClientConfigStore,
  type ProtectedResourceOptions,
} from "@m2m/authenticator/config-store/protected-resource";
import fc from "fast-check";
import { assertNothingShows, planted } from "../faults/planted.ts";
import { until } from "../faults/until.ts";
import { closedPort } from "../servers/fault_server.ts";
import { asOnWorkerd, counted, HandClock, pause } from "./metadata_stub.ts";

const api = "https://api.test/mcp";
const issuer = "https://auth.test";
const metadataUrl = "https://api.test/.well-known/oauth-protected-resource/mcp";
const hour = 3_600_000;

/** An API and authorization servers inside a function with the shape of `fetch`. */
function arrange(options: ProtectedResourceOptions = {}, resource: string | URL = api) {
  const urls: string[] = [];
  const stub = {
    urls,
    /** What the API publishes from now on, but for `resource`. */
    published: { authorization_servers: [issuer] } as Record<string, unknown>,
    /** What the authorization servers publish besides. */
    server: {} as Record<string, unknown>,
    challenge: "Bearer",
    /** What comes in place of all that, where something does. */
    trouble: undefined as (() => Response | Promise<Response>) | undefined,
  };
  const counting = counted(async (input) => {
    const url = new URL(String(input));
    urls.push(url.href);
    await pause(2);
    if (stub.trouble !== undefined) return await stub.trouble();
    if (url.href === String(resource)) {
      return new Response(null, { status: 401, headers: { "www-authenticate": stub.challenge } });
    }
    if (url.pathname.startsWith("/.well-known/oauth-protected-resource")) {
      return Response.json({ resource: String(resource), ...stub.published });
    }
    return Response.json({ issuer: url.origin, token_endpoint: `${url.origin}/token`, ...stub.server });
  });
  const clock = new HandClock();
  const given = options.issuers === undefined ? { issuer } : {};
  const store = new ProtectedResourceClientConfigStore(resource, {
    ...given,
    fetch: counting.fetch,
    clock,
    ...options,
  });
  return { stub: Object.assign(stub, counting), clock, store };
}

Deno.test("nobody is asked before somebody wants to know, then the API twice and the authorization server once", async () => {
  const { stub, store } = arrange();
  assertEquals(stub.urls, []);

  const config = await store.getClientConfig();

  assertEquals(stub.urls, [api, metadataUrl, `${issuer}/.well-known/oauth-authorization-server`]);
  assertEquals(config, {
    tokenEndpoint: `${issuer}/token`,
    issuer,
    resource: [api],
    scopes: undefined,
    audience: undefined,
    headerKey: undefined,
    revocationEndpoint: undefined,
  });
});

/** The places asked for an API that answers 404 everywhere. */
const places: Record<string, readonly string[]> = {
  "": ["/", "/.well-known/oauth-protected-resource"],
  "/": ["/", "/.well-known/oauth-protected-resource"],
  "/mcp": ["/mcp", "/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"],
  "/a%20b/mcp/": [
    "/a%20b/mcp/",
    "/.well-known/oauth-protected-resource/a%20b/mcp/",
    "/.well-known/oauth-protected-resource/a%20b/mcp",
    "/.well-known/oauth-protected-resource",
  ],
  "/mcp?tenant=1": [
    "/mcp?tenant=1",
    "/.well-known/oauth-protected-resource/mcp?tenant=1",
    "/.well-known/oauth-protected-resource",
  ],
};
for (const [path, expected] of Object.entries(places)) {
  Deno.test(`for an API at "${path}" these places are asked: ${expected.join(", ")}`, async () => {
    const { stub, store } = arrange({}, new URL(`https://api.test${path}`));
    stub.trouble = () => new Response(null, { status: 404 });

    const error = await assertRejects(() => store.getClientConfig(), AuthenticationError);

    assertEquals(stub.urls.map((url) => url.slice("https://api.test".length)), expected);
    assertEquals([error.code, error.message.includes("tenant=")], ["config_not_found", false]);
  });
}

Deno.test("an API with a query in its URL is known by all of it, or by what has none", async () => {
  const resource = "https://api.test/mcp?tenant=1";
  for (const [published, isAccepted] of [[resource, true], [api, true], [`${api}?tenant=2`, false]] as const) {
    const { stub, store } = arrange({}, resource);
    stub.published = { resource: published, authorization_servers: [issuer] };
    const got = store.getClientConfig();
    if (isAccepted) assertEquals((await got).resource, [published]);
    else await assertRejects(() => got, AuthenticationError, "names another resource");
  }
});

Deno.test("an API may write the usual port, and capitals in its host", async () => {
  for (const resource of ["https://api.test:443/mcp", "https://API.test/mcp", "HTTPS://Api.Test:443/mcp/"]) {
    const { stub, store } = arrange();
    stub.published = { resource, authorization_servers: [issuer] };

    assertEquals((await store.getClientConfig()).resource, [resource]);
  }
});

Deno.test("what a fetch that follows redirects brings is no word of the API", async () => {
  const { stub, store } = arrange();
  stub.published = { authorization_servers: [issuer] };
  const redirected = (response: Response) => Object.defineProperty(response, "redirected", { value: true });
  stub.trouble = () =>
    redirected(new Response(null, { status: 401, headers: { "www-authenticate": 'Bearer scope="planted"' } }));
  const error = await assertRejects(() => store.getMetadata(), AuthenticationError);
  assertEquals(error.code, "redirect_refused");

  const fetch: Fetch = async (input, init) => {
    stub.trouble = undefined;
    const response = await stub.fetch(input, init);
    return response.status === 401 ? redirected(response) : response;
  };
  stub.challenge = 'Bearer scope="planted"';
  const other = new ProtectedResourceClientConfigStore(api, { issuer, fetch });
  assertEquals((await other.getClientConfig()).scopes, undefined);
});

Deno.test("scopes are the overrides', else the challenge's, else none, or all where that is wanted", async () => {
  const scopes_supported = ["read", "write"];
  const challenged = 'Bearer scope="read files:list"';
  const cases: [ProtectedResourceOptions, string, unknown, readonly string[] | undefined][] = [
    [{}, "Bearer", scopes_supported, undefined],
    [{ allScopes: true }, "Bearer", scopes_supported, ["read", "write"]],
    [{ allScopes: true }, "Bearer", [], undefined],
    [{ allScopes: true }, "Bearer", undefined, undefined],
    [{ allScopes: true }, "Bearer", ["read write"], undefined],
    [{ allScopes: true }, challenged, scopes_supported, ["read", "files:list"]],
    [{}, challenged, scopes_supported, ["read", "files:list"]],
    [{}, 'Basic realm="x", DPoP scope=read', scopes_supported, ["read"]],
    [{}, 'Basic scope="read"', scopes_supported, undefined],
    [{}, 'Bearer scope=""', scopes_supported, undefined],
    [{}, 'Bearer scope="\\"a\\" b"', scopes_supported, undefined],
    [{ overrides: { scopes: ["mine"] } }, challenged, scopes_supported, ["mine"]],
    [{ overrides: { scopes: [] }, allScopes: true }, challenged, scopes_supported, []],
  ];
  for (const [options, challenge, supported, expected] of cases) {
    const { stub, store } = arrange(options);
    stub.challenge = challenge;
    stub.published = { ...stub.published, scopes_supported: supported };

    assertEquals((await store.getClientConfig()).scopes, expected);
  }
});

Deno.test("the other overrides count, and what the server has for mutual TLS and revocation is told", async () => {
  const overrides = { audience: "https://x.test", headerKey: "X-Token", resource: [] };
  const { stub, store } = arrange({ overrides, useMtlsEndpointAliases: true });
  const revocation_endpoint = `${issuer}/revoke`;
  stub.server = { mtls_endpoint_aliases: { token_endpoint: `${issuer}/mtls` }, revocation_endpoint };

  assertEquals(await store.getClientConfig(), {
    tokenEndpoint: `${issuer}/mtls`,
    issuer,
    resource: [],
    scopes: undefined,
    audience: "https://x.test",
    headerKey: "x-token",
    revocationEndpoint: revocation_endpoint,
  });
  assertEquals((await store.getAuthorizationServerMetadata()).revocation_endpoint, revocation_endpoint);
  assertEquals((await store.getMetadata()).resource, api);
});

Deno.test("who proves himself by a certificate is led to the endpoints for that, and a method that isn't taken is refused", async () => {
  const server = {
    token_endpoint_auth_methods_supported: ["tls_client_auth"],
    mtls_endpoint_aliases: { token_endpoint: `${issuer}/mtls` },
  };
  const { stub, store } = arrange();
  stub.server = server;
  assertEquals((await store.getClientConfig({ authMethod: "tls_client_auth" })).tokenEndpoint, `${issuer}/mtls`);
  assertEquals((await store.getClientConfig()).tokenEndpoint, `${issuer}/token`);
  const authMethod = "client_secret_basic";
  await assertRejects(() => store.getClientConfig({ authMethod }), AuthenticationError, "supports tls_client_auth");

  const lenient = arrange({ ignoreAuthMethods: true });
  lenient.stub.server = server;
  assertEquals((await lenient.store.getClientConfig({ authMethod })).tokenEndpoint, `${issuer}/token`);
});

Deno.test("of several expected issuers the first that the API names is asked, and nobody else", async () => {
  const { stub, store } = arrange({ issuers: ["https://one.test", new URL("https://two.test"), "https://three.test"] });
  stub.published = { authorization_servers: ["https://evil.test", "https://three.test", "https://two.test"] };

  assertEquals((await store.getClientConfig()).issuer, "https://two.test");
  assertEquals(stub.urls.filter((url) => /evil|one|three/.test(url)), []);
});

Deno.test("a slash at the end of an issuer is no difference", async () => {
  const { stub, store } = arrange();
  stub.published = { authorization_servers: [`${issuer}/`] };

  assertEquals((await store.getClientConfig()).issuer, issuer);
});

Deno.test("what an unexpected issuer is called isn't quoted, for it may be of any length", async () => {
  const { stub, store } = arrange({ issuers: [issuer, "https://other.test"] });
  stub.published = { authorization_servers: [`https://evil.test/${"planted".repeat(10_000)}`] };

  const error = await assertRejects(() => store.getClientConfig(), AuthenticationError);

  assertEquals([error.code, error.retryable], ["invalid_config", false]);
  assert(error.message.includes(`${issuer}, https://other.test`), error.message);
  assert(!error.message.includes("planted") && error.message.length < 500, error.message);
});

Deno.test("trouble of the authorization server is told as such", async () => {
  const { stub, store } = arrange();
  stub.server = { issuer: "https://evil.test" };
  await assertRejects(() => store.getClientConfig(), AuthenticationError, `the metadata of ${issuer}`);
  stub.server = { token_endpoint: "http://auth.test/token" };
  const error = await assertRejects(() => store.getClientConfig(), AuthenticationError);
  assertEquals(error.code, "insecure_endpoint");
});

Deno.test("an authorization server that doesn't answer is named when the time is up", async () => {
  const { stub } = arrange();
  const fetch: Fetch = (input, init) =>
    String(input).startsWith(issuer) ? new Promise(() => {}) : stub.fetch(input, init);
  const store = new ProtectedResourceClientConfigStore(api, { issuer, fetch, timeout: 100 });

  const error = await assertRejects(() => store.getClientConfig(), AuthenticationError);

  assertEquals([error.code, error.message], [
    "timeout",
    `Cannot get the metadata of ${issuer}: no answer within 100 ms.`,
  ]);
});

for (const where of ["where promises can be shared", "where they can't"]) {
  Deno.test(`all who ask at once share one search, and later ones need none, ${where}`, async () => {
    using _ = where === "where they can't" ? asOnWorkerd() : undefined;
    const { stub, store } = arrange();

    const all = await Promise.all(Array.from({ length: 50 }, () => store.getMetadata()));

    for (const one of all) assertStrictEquals(one, all[0]);
    assertStrictEquals(await store.getMetadata(), all[0]);
    assertEquals(stub.urls.length, 3);
  });
}

Deno.test("an API that moves to another expected issuer is followed at the next search, behind whoever asks", async () => {
  const { stub, clock, store } = arrange({ issuers: [issuer, "https://next.test"] });
  assertEquals((await store.getClientConfig()).issuer, issuer);
  stub.published = { authorization_servers: ["https://next.test"] };
  clock.now += hour - 1;
  assertEquals((await store.getClientConfig()).issuer, issuer);
  assertEquals(stub.urls.length, 3);

  clock.now += 1;
  assertEquals((await store.getClientConfig()).issuer, issuer);
  await until(() => stub.urls.length === 6);
  await stub.calm();

  assertEquals((await store.getClientConfig()).tokenEndpoint, "https://next.test/token");
  assertEquals(stub.urls.length, 6);
});

const troubles: Record<string, (stub: ReturnType<typeof arrange>["stub"]) => void> = {
  "is down": (stub) => stub.trouble = () => new Response(null, { status: 503 }),
  "can't be reached": (stub) => stub.trouble = () => Promise.reject(new TypeError("connection refused")),
  "names an issuer that isn't expected": (stub) => stub.published = { authorization_servers: ["https://evil.test"] },
};
for (const [what, cause] of Object.entries(troubles)) {
  Deno.test(`while the API ${what}, the last good settings stay in use; who has none is told, and may ask again`, async () => {
    const { stub, clock, store } = arrange();
    await store.getClientConfig();
    cause(stub);
    for (let hours = 0; hours < 48; hours += 12) {
      clock.now += 12 * hour;
      assertEquals((await store.getClientConfig()).issuer, issuer);
      await stub.calm();
    }
    assertEquals(stub.urls.filter((url) => url.includes("evil")), []);

    const other = arrange();
    const { trouble, published } = other.stub;
    cause(other.stub);
    await assertRejects(() => other.store.getClientConfig(), AuthenticationError);
    Object.assign(other.stub, { trouble, published });
    assertEquals((await other.store.getClientConfig()).issuer, issuer);
  });
}

Deno.test("what came over one way out is not for another", async () => {
  const { stub } = arrange();
  const store = new ProtectedResourceClientConfigStore(api, { issuer });
  const verified: Fetch = (input, init) => stub.fetch(input, init);

  await store.getClientConfig({ fetch: stub.fetch });
  await store.getClientConfig({ fetch: stub.fetch });
  assertEquals(stub.urls.length, 3);
  await store.getClientConfig({ fetch: verified });
  assertEquals(stub.urls.length, 6);
});

Deno.test("whatever stands in a challenge, nobody is asked but the API and the issuer, and scopes are scopes", async () => {
  const text = fc.oneof(
    fc.string({ unit: "binary-ascii" }),
    fc.webUrl(),
    fc.constantFrom(
      `${api}/m`,
      "//evil.test",
      "https://api.test.evil.test",
      "https://api.test@evil.test",
      "https://api.test:444",
    ),
  ).map((text) => text.replace(/[^ -~]/g, " "));
  const challenge = fc.tuple(text, text, text).map(([a, b, c]) =>
    `Bearer resource_metadata="${a}", scope="${b}", ${c}`
  );
  await fc.assert(
    fc.asyncProperty(challenge, async (challenge) => {
      const { stub, store } = arrange();
      stub.challenge = challenge;

      const { scopes = [] } = await store.getClientConfig();

      assertEquals([...new Set(stub.urls.map((url) => new URL(url).origin))], ["https://api.test", issuer]);
      for (const scope of scopes) assert(/^[!-~]+$/.test(scope));
    }),
    { numRuns: 200 },
  );
});

Deno.test("what a way out says of its own trouble is handed on", async () => {
  const { stub, store } = arrange();
  const trouble = new AuthenticationError("tls_failed", "The certificate has expired.");
  stub.trouble = () => Promise.reject(trouble);

  assertStrictEquals(await store.getMetadata().catch((error: unknown) => error), trouble);
});

Deno.test("a caller who gives up leaves at once with his own reason, and the others get theirs", async () => {
  const { stub, store } = arrange();
  stub.trouble = () => new Promise(() => {});
  const controller = new AbortController();
  const leader = store.getMetadata({ signal: controller.signal }).catch((error: unknown) => error);
  const other = store.getMetadata();
  await until(() => stub.urls.length === 1);

  controller.abort("enough");
  stub.trouble = undefined;

  assertEquals(await leader, "enough");
  assertEquals((await other).resource, api);
});

Deno.test("a query in the API's URL shows nowhere when the API can't be reached, whoever quotes it", async () => {
  const url = `http://127.0.0.1:${await closedPort()}/mcp?key=${planted.query}`;
  const quoting: (Fetch | undefined)[] = [
    undefined,
    (input) => Promise.reject(new TypeError(`error sending request for url (${input})`)),
    (input) =>
      Promise.reject(new TypeError("fetch failed", { cause: new Error(`no way to ${new URL(String(input)).search}`) })),
  ];
  for (const fetch of quoting) {
    // At the challenge, and at the metadata behind it.
    for (const isAtChallenge of [true, false]) {
      const by: Fetch = (input, init) =>
        !isAtChallenge && String(input) === url
          ? Promise.resolve(new Response(null, { status: 401 }))
          : (fetch ?? globalThis.fetch)(input, init);
      const store = new ProtectedResourceClientConfigStore(url, { issuer, fetch: by });

      const error = await assertRejects(() => store.getClientConfig(), AuthenticationError, "it can't be reached (");

      assertEquals([error.code, error.retryable, "cause" in error], ["network_error", true, false]);
      assertNothingShows(error);
    }
  }
});

Deno.test("what is said of the client isn't changed by whoever said it, or is told", async () => {
  const overrides = { scopes: ["a"], resource: ["https://x.test"] };
  const { store } = arrange({ overrides });
  overrides.scopes.push("b");
  overrides.resource.push("not checked");

  const { scopes, resource } = await store.getClientConfig();

  assertEquals([scopes, resource], [["a"], ["https://x.test"]]);
  assert(Object.isFrozen(scopes) && Object.isFrozen(resource));
});

Deno.test("wrong arguments are told at once", () => {
  type Wrong = [unknown, unknown, typeof TypeError | typeof RangeError, string];
  const wrong: Wrong[] = [
    ["", { issuer }, TypeError, "resource must be an absolute URL"],
    ["api.example.com", { issuer }, TypeError, "resource must be an absolute URL"],
    ["https://me:planted@api.test", { issuer }, TypeError, "without user name"],
    ["https://api.test/#planted", { issuer }, TypeError, "resource must have no fragment"],
    ["http://api.test", { issuer }, TypeError, 'resource must be an "https:" URL'],
    [api, undefined, TypeError, "issuer is required"],
    [api, {}, TypeError, "issuer is required"],
    [api, { issuers: [] }, TypeError, "issuer is required"],
    [api, { issuers: issuer }, TypeError, "issuers, an array"],
    [api, { issuer, issuers: [issuer] }, TypeError, "not both"],
    [api, { issuer: "http://auth.test" }, TypeError, 'issuer must be an "https:" URL'],
    [api, { issuers: [issuer, "auth.test"] }, TypeError, "issuer must be an absolute URL"],
    [api, { issuer, maxAge: -1 }, RangeError, "maxAge must be"],
    [api, { issuer, timeout: 0 }, RangeError, "timeout must be"],
    [api, { issuer, overrides: { scopes: "a b" } }, TypeError, "scopes must be an array"],
    [api, { issuer, overrides: { headerKey: "a b" } }, TypeError, "headerKey must be a header name"],
    [api, { issuer, overrides: { resource: "mcp" } }, TypeError, "resource must be an absolute URI without fragment"],
  ];
  for (const [resource, options, type, message] of wrong) {
    const make = () =>
      new ProtectedResourceClientConfigStore(resource as string, options as unknown as ProtectedResourceOptions);
    const error = assertThrows(make, type, message);
    assert(!error.message.includes("planted"));
  }
  new ProtectedResourceClientConfigStore("http://api.test", { issuer, allowInsecureRequests: true });
  new ProtectedResourceClientConfigStore("http://[::1]:8080/x", { issuer: "http://localhost:1", maxAge: Infinity });
});
