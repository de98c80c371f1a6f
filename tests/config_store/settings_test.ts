import { assert, assertEquals, assertFalse, assertStrictEquals, assertStringIncludes } from "@std/assert";
import {
  AuthenticationError,
  type AuthenticationErrorCode,
  type ClientConfig,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { api, issuer, MetadataStub, platform, type StoreOptions, stores } from "./metadata_stub.ts";

type Published = Partial<Pick<MetadataStub, "server" | "resource" | "challenge">>;
/** Settings, or an error code and parts of the message. */
type Expected = Partial<ClientConfig> | [AuthenticationErrorCode, ...string[]];
type Row = [published: Published, options: StoreOptions, expected: Expected, authMethod?: string | undefined];

const token = { token_endpoint: `${issuer}/token` };
const tokenEndpoint = token.token_endpoint;
const ordinary = { ...token, revocation_endpoint: `${issuer}/revoke` };
const aliases = { token_endpoint: "https://mtls.test/token", revocation_endpoint: "https://mtls.test/revoke" };
const httpAlias = { server: { ...token, mtls_endpoint_aliases: { token_endpoint: "http://mtls.test/token" } } };
const usual = { tokenEndpoint: ordinary.token_endpoint, revocationEndpoint: ordinary.revocation_endpoint };
const mtls = { tokenEndpoint: aliases.token_endpoint, revocationEndpoint: aliases.revocation_endpoint };
const both = { ...ordinary, mtls_endpoint_aliases: aliases };
const tokenOnly = { ...ordinary, mtls_endpoint_aliases: { token_endpoint: aliases.token_endpoint } };
const loopback = { server: { token_endpoint: "http://127.0.0.1:9/token" } };
const overrides = { scopes: ["a"], audience: "https://x.test", resource: "https://y.test", headerKey: "X-Token" };
const overridden = { ...overrides, resource: ["https://y.test"], headerKey: "x-token" };
const none = { scopes: undefined, audience: undefined, headerKey: undefined, revocationEndpoint: undefined };
const spelling: Expected = ["invalid_config", "spells the issuer differently"];
const methods = "token_endpoint_auth_methods_supported";
const withMethods = (supported: unknown): Published => ({ server: { ...token, [methods]: supported } });
const withIssuer = (path: string): Published => ({ server: { issuer: `https://${path}` } });

const discoveryRows: Row[] = [
  [{ server: { ...token, scopes_supported: ["all"] } }, {}, { ...none, resource: undefined, issuer, tokenEndpoint }],
  [{ server: { ...token, scopes_supported: ["all"] } }, { overrides }, { ...overridden, issuer, tokenEndpoint }],
  [withIssuer("auth.test/"), {}, { issuer: `${issuer}/` }],
  [withIssuer("auth.test"), { url: `${issuer}/` }, { issuer }],
  [withIssuer("auth.test/tenant/"), { url: `${issuer}/tenant` }, { issuer: `${issuer}/tenant/` }],
  [withIssuer("auth.test/tenant"), { url: `${issuer}/tenant/` }, { issuer: `${issuer}/tenant` }],
  [withIssuer("auth.test"), { url: "https://AUTH.test" }, spelling],
  [withIssuer("auth.test:443"), {}, spelling],
  [withIssuer("auth.test:443"), { url: `${issuer}:443` }, { issuer: `${issuer}:443` }],
  [loopback, {}, ["insecure_endpoint"]],
  [loopback, { allowInsecureRequests: true }, { tokenEndpoint: "http://127.0.0.1:9/token" }],
  [httpAlias, {}, { tokenEndpoint }],
  [httpAlias, { allowInsecureRequests: true }, { tokenEndpoint: "http://mtls.test/token" }, "tls_client_auth"],
  ...["tls_client_auth", "self_signed_tls_client_auth"].flatMap((method): Row[] => [
    [httpAlias, {}, ["insecure_endpoint", "mtls_endpoint"], method],
    [{ server: both }, {}, mtls, method],
    [{ server: both }, { useMtlsEndpointAliases: false }, usual, method],
    [{ server: ordinary }, {}, usual, method],
    [{ server: { ...ordinary, mtls_endpoint_aliases: {} } }, {}, usual, method],
    // Each endpoint by itself (RFC 8705 §5).
    [{ server: tokenOnly }, {}, { ...usual, tokenEndpoint: aliases.token_endpoint }, method],
  ]),
  ...[undefined, "none", "private_key_jwt"].flatMap((method): Row[] => [
    [{ server: both }, {}, usual, method],
    [{ server: both }, { useMtlsEndpointAliases: true }, mtls, method],
    [{ server: ordinary }, { useMtlsEndpointAliases: true }, usual, method],
  ]),
  ...[undefined, null, [], "client_secret_post", [7], { 0: "client_secret_post" }].map(
    (supported): Row => [withMethods(supported), {}, { tokenEndpoint }, "private_key_jwt"],
  ),
  [withMethods(["private_key_jwt"]), {}, { tokenEndpoint }],
];

const scopes_supported = ["read", "write"];
const challenge = 'Bearer scope="read files:list"';
const resource = { scopes_supported };
const servers = (...authorization_servers: string[]): Published => ({ resource: { authorization_servers } });
const issuers = ["https://one.test", new URL("https://two.test"), "https://three.test"];
const certificates = {
  server: { ...token, [methods]: ["tls_client_auth"], mtls_endpoint_aliases: { token_endpoint: `${issuer}/mtls` } },
};
const otherResource: Expected = ["invalid_config", "names another resource"];
const url = `${api}?tenant=1`;

const apiRows: Row[] = [
  [{ server: token }, {}, { ...none, resource: [api], issuer, tokenEndpoint }],
  [{ server: ordinary }, { overrides: { ...overrides, resource: [] } }, { ...overridden, ...usual, resource: [] }],
  [{ resource: { resource: url } }, { url }, { resource: [url] }],
  [{ resource: { resource: api } }, { url }, { resource: [api] }],
  [{ resource: { resource: `${api}?tenant=2` } }, { url }, otherResource],
  ...["https://api.test:443/mcp", "https://API.test/mcp", "HTTPS://Api.Test:443/mcp/"].map(
    (resource): Row => [{ resource: { resource } }, {}, { resource: [resource] }],
  ),
  [{ resource }, {}, { scopes: undefined }],
  [{ resource }, { allScopes: true }, { scopes: scopes_supported }],
  [{ resource: { scopes_supported: [] } }, { allScopes: true }, { scopes: undefined }],
  [{}, { allScopes: true }, { scopes: undefined }],
  [{ resource: { scopes_supported: ["read write"] } }, { allScopes: true }, { scopes: undefined }],
  [{ resource, challenge }, { allScopes: true }, { scopes: ["read", "files:list"] }],
  [{ resource, challenge }, {}, { scopes: ["read", "files:list"] }],
  [{ resource, challenge: 'Basic realm="x", DPoP scope=read' }, {}, { scopes: ["read"] }],
  [{ resource, challenge: 'Basic scope="read"' }, {}, { scopes: undefined }],
  [{ resource, challenge }, { overrides: { scopes: ["mine"] } }, { scopes: ["mine"] }],
  [{ resource, challenge }, { overrides: { scopes: [] }, allScopes: true }, { scopes: [] }],
  [{ server: both }, { useMtlsEndpointAliases: true }, mtls],
  [certificates, {}, { tokenEndpoint: `${issuer}/mtls` }, "tls_client_auth"],
  [certificates, {}, { tokenEndpoint }],
  [certificates, {}, ["invalid_config", "supports tls_client_auth"], "client_secret_basic"],
  [certificates, { ignoreAuthMethods: true }, { tokenEndpoint }, "client_secret_basic"],
  [servers("https://evil.test", "https://three.test", "https://two.test"), { issuers }, { issuer: "https://two.test" }],
  [servers(`${issuer}/`), {}, { issuer }],
  // The error names the expected issuers: those of the API may be of any length.
  [servers(`https://evil.test/${"planted".repeat(1_000)}`), { issuers }, ["invalid_config", issuers.join(", ")]],
  [withIssuer("evil.test"), {}, ["invalid_config", `the metadata of ${issuer}`]],
  [{ server: { token_endpoint: "http://auth.test/token" } }, {}, ["insecure_endpoint", `the metadata of ${issuer}`]],
];

const basicOnly = withMethods(["client_secret_basic"]);
const flyteRows: Row[] = [
  [basicOnly, {}, ["invalid_config", "supports client_secret_basic"], "private_key_jwt"],
  [basicOnly, {}, { tokenEndpoint }, "client_secret_basic"],
  [basicOnly, {}, { tokenEndpoint }],
  [basicOnly, { ignoreAuthMethods: true }, { tokenEndpoint }, "none"],
  [withMethods([]), {}, { tokenEndpoint }, "private_key_jwt"],
  [{ server: token }, { overrides }, { ...overridden, issuer: platform, tokenEndpoint }],
  [{}, { overrides: { resource: new URL("https://y.test") } }, { resource: ["https://y.test/"], scopes: ["all"] }],
];

const tables = { discovery: discoveryRows, api: apiRows, flyte: flyteRows };
const rows = Object.entries(tables).flatMap(([kind, rows]) =>
  rows.map((row) => [kind as keyof typeof stores, ...row] as const)
);
const show = (value: unknown) => Deno.inspect(value, { compact: true, breakLength: Infinity, strAbbreviateSize: 80 });
for (const [kind, published, options, expected, authMethod = ""] of rows) {
  const given = `${show(published)} with ${show(options)} ${authMethod}`;
  Deno.test(`${kind} store: for ${given} settings are ${show(expected)}`, async () => {
    const stub = Object.assign(new MetadataStub(), published);
    const store = stores[kind]({ fetch: stub.fetch, ...options });

    const got = await store.getClientConfig({ authMethod: authMethod || undefined }).catch((error) => error);

    // No other server was asked.
    assertEquals(stub.urls.filter((url) => /evil|one|three/.test(url)), []);
    if (Array.isArray(expected)) {
      const [code, ...says] = expected;
      assert(got instanceof AuthenticationError, String(got));
      assertEquals([got.code, got.retryable, "cause" in got], [code, false, false]);
      for (const text of says) assertStringIncludes(got.message, text);
      assertFalse(got.message.includes("planted"));
    } else {
      assert(!(got instanceof Error), String(got));
      assertEquals({ ...got, ...expected }, { ...got });
    }
  });
}

Deno.test("ProtectedResourceClientConfigStore: keeps frozen copies of the overrides", async () => {
  const overrides = { scopes: ["a"], resource: ["https://x.test"] };
  const store = stores.api({ fetch: new MetadataStub().fetch, overrides });
  overrides.scopes.push("b");
  overrides.resource.push("not checked");

  const { scopes, resource } = await store.getClientConfig();

  assertEquals([scopes, resource], [["a"], ["https://x.test"]]);
  assert(Object.isFrozen(scopes) && Object.isFrozen(resource));
});

Deno.test("StaticClientConfigStore: returns a copy of its settings", async () => {
  const config = { tokenEndpoint, scopes: ["a"] };
  const store = new StaticClientConfigStore(config);
  config.tokenEndpoint = "https://evil.test/token";
  assertEquals(await store.getClientConfig(), { tokenEndpoint, scopes: ["a"] });
  assertStrictEquals(store.getClientConfig(), store.getClientConfig());
});
