import { assert, assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import { AuthenticationError, type Fetch } from "@m2m/authenticator";
import {
  ProtectedResourceClientConfigStore,
  type ProtectedResourceOptions,
} from "@m2m/authenticator/config-store/protected-resource";
import fc from "fast-check";
import { assertNothingShows, planted } from "../faults/planted.ts";
import { closedPort } from "../servers/fault_server.ts";
import { api, issuer, MetadataStub } from "./metadata_stub.ts";

const wellKnown = "/.well-known/oauth-protected-resource";
const name = "ProtectedResourceClientConfigStore";

function arrange(options: ProtectedResourceOptions = {}, resource: string | URL = api) {
  const stub = new MetadataStub();
  const given = options.issuers === undefined ? { issuer } : {};
  const store = new ProtectedResourceClientConfigStore(resource, { ...given, fetch: stub.fetch, ...options });
  return { stub, store };
}

/** The error of a store whose API or authorization server publishes this. */
async function refuse(
  published: Partial<Pick<MetadataStub, "resource" | "server">>,
  says: string,
  options?: ProtectedResourceOptions,
) {
  const { stub, store } = arrange(options);
  Object.assign(stub, published);
  return await assertRejects(() => store.getClientConfig(), AuthenticationError, says);
}

Deno.test(`${name}: calls the API, then requests its metadata and that of its server`, async () => {
  const { stub, store } = arrange();

  const config = await store.getClientConfig();

  const server = `${issuer}/.well-known/oauth-authorization-server`;
  assertEquals(stub.urls, [api, `https://api.test${wellKnown}/mcp`, server]);
  assertEquals(config, {
    tokenEndpoint: `${issuer}/token-1`,
    issuer,
    resource: [api],
    scopes: undefined,
    audience: undefined,
    headerKey: undefined,
    revocationEndpoint: undefined,
  });
});

const locations: Record<string, readonly string[]> = {
  "": ["/", wellKnown],
  "/": ["/", wellKnown],
  "/mcp": ["/mcp", `${wellKnown}/mcp`, wellKnown],
  "/a%20b/mcp/": ["/a%20b/mcp/", `${wellKnown}/a%20b/mcp/`, `${wellKnown}/a%20b/mcp`, wellKnown],
  "/mcp?tenant=1": ["/mcp?tenant=1", `${wellKnown}/mcp?tenant=1`, wellKnown],
};
for (const [path, expected] of Object.entries(locations)) {
  Deno.test(`${name}: for an API at "${path}" requests ${expected.join(", ")}`, async () => {
    const { stub, store } = arrange({}, new URL(`https://api.test${path}`));
    stub.failure = () => new Response(null, { status: 404 });

    const error = await assertRejects(() => store.getClientConfig(), AuthenticationError);

    assertEquals(stub.urls.map((url) => url.slice("https://api.test".length)), expected);
    assertEquals([error.code, error.message.includes("tenant=")], ["config_not_found", false]);
  });
}

for (
  const [url, resource, isAccepted] of [
    [`${api}?tenant=1`, `${api}?tenant=1`, true],
    [`${api}?tenant=1`, api, true],
    [`${api}?tenant=1`, `${api}?tenant=2`, false],
    [api, "https://api.test:443/mcp", true],
    [api, "https://API.test/mcp", true],
    [api, "HTTPS://Api.Test:443/mcp/", true],
  ] as const
) {
  Deno.test(`${name}: for ${url} ${isAccepted ? "accepts" : "refuses"} the resource ${resource}`, async () => {
    const { stub, store } = arrange({}, url);
    stub.resource = { resource };
    const got = store.getClientConfig();
    if (isAccepted) assertEquals((await got).resource, [resource]);
    else await assertRejects(() => got, AuthenticationError, "names another resource");
  });
}

Deno.test(`${name}: ignores what a fetch brings that follows redirects`, async () => {
  const redirected = (response: Response) => Object.defineProperty(response, "redirected", { value: true });
  for (const isChallengeOnly of [false, true]) {
    const { stub } = arrange();
    stub.challenge = 'Bearer scope="planted"';
    const fetch: Fetch = async (input, init) => {
      const response = await stub.fetch(input, init);
      return isChallengeOnly && response.status !== 401 ? response : redirected(response);
    };
    const config = new ProtectedResourceClientConfigStore(api, { issuer, fetch }).getClientConfig();
    if (isChallengeOnly) assertEquals((await config).scopes, undefined);
    else assertEquals((await assertRejects(() => config, AuthenticationError)).code, "redirect_refused");
  }
});

const supported = ["read", "write"];
const challenged = 'Bearer scope="read files:list"';
const scopeRows: [ProtectedResourceOptions, string, unknown, readonly string[] | undefined][] = [
  [{}, "Bearer", supported, undefined],
  [{ allScopes: true }, "Bearer", supported, ["read", "write"]],
  [{ allScopes: true }, "Bearer", [], undefined],
  [{ allScopes: true }, "Bearer", undefined, undefined],
  [{ allScopes: true }, "Bearer", ["read write"], undefined],
  [{ allScopes: true }, challenged, supported, ["read", "files:list"]],
  [{}, challenged, supported, ["read", "files:list"]],
  [{}, 'Basic realm="x", DPoP scope=read', supported, ["read"]],
  [{}, 'Basic scope="read"', supported, undefined],
  [{}, 'Bearer scope=""', supported, undefined],
  [{}, 'Bearer scope="\\"a\\" b"', supported, undefined],
  [{ overrides: { scopes: ["mine"] } }, challenged, supported, ["mine"]],
  [{ overrides: { scopes: [] }, allScopes: true }, challenged, supported, []],
];
for (const [options, challenge, scopes_supported, expected] of scopeRows) {
  const given = Deno.inspect([options, challenge, scopes_supported], { compact: true, breakLength: Infinity });
  Deno.test(`${name}: chooses the scopes ${expected} from ${given}`, async () => {
    const { stub, store } = arrange(options);
    Object.assign(stub, { challenge, resource: { scopes_supported } });

    assertEquals((await store.getClientConfig()).scopes, expected);
  });
}

Deno.test(`${name}: applies the other overrides, and the server's endpoints`, async () => {
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

Deno.test(`${name}: chooses endpoints by the authentication method, and refuses unsupported ones`, async () => {
  const server = {
    token_endpoint_auth_methods_supported: ["tls_client_auth"],
    mtls_endpoint_aliases: { token_endpoint: `${issuer}/mtls` },
  };
  for (
    const [ignoreAuthMethods, authMethod, expected] of [
      [false, "tls_client_auth", `${issuer}/mtls`],
      [false, undefined, `${issuer}/token-1`],
      [false, "client_secret_basic", "invalid_config"],
      [true, "client_secret_basic", `${issuer}/token-1`],
    ] as const
  ) {
    const { stub, store } = arrange({ ignoreAuthMethods });
    stub.server = server;
    const config = store.getClientConfig({ authMethod });
    assertEquals(await config.then(({ tokenEndpoint }) => tokenEndpoint, ({ code }) => code), expected);
  }
});

Deno.test(`${name}: uses the first expected issuer that the API names, but for a slash`, async () => {
  const issuers = ["https://one.test", new URL("https://two.test"), "https://three.test"];
  const { stub, store } = arrange({ issuers });
  stub.resource = { authorization_servers: ["https://evil.test", "https://three.test", "https://two.test"] };
  assertEquals((await store.getClientConfig()).issuer, "https://two.test");
  assertEquals(stub.urls.filter((url) => /evil|one|three/.test(url)), []);

  const other = arrange();
  other.stub.resource = { authorization_servers: [`${issuer}/`] };
  assertEquals((await other.store.getClientConfig()).issuer, issuer);
});

Deno.test(`${name}: names the expected issuers in the error, not those of the API`, async () => {
  const resource = { authorization_servers: [`https://evil.test/${"planted".repeat(10_000)}`] };
  const issuers = [issuer, "https://other.test"];
  const { message } = await refuse({ resource }, `${issuer}, https://other.test`, { issuers });
  assertFalse(message.includes("planted"));
});

Deno.test(`${name}: names the authorization server where that is at fault`, async () => {
  await refuse({ server: { issuer: "https://evil.test" } }, `the metadata of ${issuer}`);
  const { code } = await refuse({ server: { token_endpoint: "http://auth.test/token" } }, issuer);
  assertEquals(code, "insecure_endpoint");
  const { stub } = arrange();
  const fetch: Fetch = (input, init) =>
    String(input).startsWith(issuer) ? new Promise(() => {}) : stub.fetch(input, init);
  const late = await refuse({}, `the metadata of ${issuer}`, { fetch, timeout: 100 });
  assertEquals(late.code, "timeout");
});

Deno.test(`${name}: whatever the challenge, only the API and the issuer are called, and scopes are scopes`, async () => {
  const hosts = ["//evil.test", "https://api.test.evil.test", "https://api.test@evil.test", "https://api.test:444"];
  const text = fc.oneof(fc.string({ unit: "binary-ascii" }), fc.webUrl(), fc.constantFrom(`${api}/m`, ...hosts))
    .map((text) => text.replace(/[^ -~]/g, " "));
  await fc.assert(
    fc.asyncProperty(text, text, text, async (url, scope, rest) => {
      const { stub, store } = arrange();
      stub.challenge = `Bearer resource_metadata="${url}", scope="${scope}", ${rest}`;

      const { scopes = [] } = await store.getClientConfig();

      assertEquals([...new Set(stub.urls.map((url) => new URL(url).origin))], ["https://api.test", issuer]);
      for (const scope of scopes) assert(/^[!-~]+$/.test(scope));
    }),
    { numRuns: 200 },
  );
});

const url = `http://127.0.0.1:${await closedPort()}/mcp?key=${planted.query}`;
const quoting: Record<string, Fetch> = {
  "the runtime": (input, init) => fetch(input, init),
  "a TypeError": (input) => Promise.reject(new TypeError(`error sending request for url (${input})`)),
  "its cause": (input) => {
    const cause = new Error(`not found: ${new URL(String(input)).search}`);
    return Promise.reject(new TypeError("fetch failed", { cause }));
  },
};
for (const [what, fetch] of Object.entries(quoting)) {
  for (const where of ["challenge", "metadata"]) {
    Deno.test(`${name}: hides the URL's query at the ${where} when ${what} quotes it`, async () => {
      const by: Fetch = (input, init) =>
        where === "metadata" && String(input) === url
          ? Promise.resolve(new Response(null, { status: 401 }))
          : fetch(input, init);
      const store = new ProtectedResourceClientConfigStore(url, { issuer, fetch: by });

      const error = await assertRejects(() => store.getClientConfig(), AuthenticationError);

      assertStringIncludes(error.message, "it can't be reached (");
      assertEquals([error.code, error.retryable, "cause" in error], ["network_error", true, false]);
      assertNothingShows(error);
    });
  }
}

Deno.test(`${name}: keeps frozen copies of the overrides`, async () => {
  const overrides = { scopes: ["a"], resource: ["https://x.test"] };
  const { store } = arrange({ overrides });
  overrides.scopes.push("b");
  overrides.resource.push("not checked");

  const { scopes, resource } = await store.getClientConfig();

  assertEquals([scopes, resource], [["a"], ["https://x.test"]]);
  assert(Object.isFrozen(scopes) && Object.isFrozen(resource));
});
