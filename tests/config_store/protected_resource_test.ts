import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AuthenticationError, type Fetch } from "@m2m/authenticator";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import fc from "fast-check";
import { assertNothingShows, planted } from "../faults/planted.ts";
import { closedPort } from "../servers/fault_server.ts";
import { api, issuer, MetadataStub } from "./metadata_stub.ts";

const wellKnown = "/.well-known/oauth-protected-resource";
const name = "ProtectedResourceClientConfigStore";

function arrange(resource: string | URL = api) {
  const stub = new MetadataStub();
  return { stub, store: new ProtectedResourceClientConfigStore(resource, { issuer, fetch: stub.fetch }) };
}

Deno.test(`${name}: calls the API, then requests its metadata and that of its server`, async () => {
  const { stub, store } = arrange();
  stub.server = { revocation_endpoint: `${issuer}/revoke` };

  assertEquals((await store.getMetadata()).resource, api);
  assertEquals((await store.getAuthorizationServerMetadata()).revocation_endpoint, `${issuer}/revoke`);

  const server = `${issuer}/.well-known/oauth-authorization-server`;
  assertEquals(stub.urls, [api, `https://api.test${wellKnown}/mcp`, server]);
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
    const { stub, store } = arrange(new URL(`https://api.test${path}`));
    stub.failure = () => new Response(null, { status: 404 });

    const error = await assertRejects(() => store.getClientConfig(), AuthenticationError);

    assertEquals(stub.urls.map((url) => url.slice("https://api.test".length)), expected);
    assertEquals([error.code, error.message.includes("tenant=")], ["config_not_found", false]);
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

Deno.test(`${name}: names the authorization server that doesn't answer in time`, async () => {
  const { stub } = arrange();
  const fetch: Fetch = (input, init) =>
    String(input).startsWith(issuer) ? new Promise(() => {}) : stub.fetch(input, init);
  const store = new ProtectedResourceClientConfigStore(api, { issuer, fetch, timeout: 100 });
  const error = await assertRejects(() => store.getClientConfig(), AuthenticationError, `the metadata of ${issuer}`);
  assertEquals(error.code, "timeout");
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
  const store = new ProtectedResourceClientConfigStore(api, { issuer, fetch: new MetadataStub().fetch, overrides });
  overrides.scopes.push("b");
  overrides.resource.push("not checked");

  const { scopes, resource } = await store.getClientConfig();

  assertEquals([scopes, resource], [["a"], ["https://x.test"]]);
  assert(Object.isFrozen(scopes) && Object.isFrozen(resource));
});
