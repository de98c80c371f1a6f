/** Where metadata is searched for, and what of it isn't used. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, type Fetch } from "@m2m/authenticator";
import fc from "fast-check";
import { assertNothingShows, planted } from "../faults/planted.ts";
import { api, issuer, MetadataStub, stores } from "./metadata_stub.ts";

const oauth = "/.well-known/oauth-authorization-server";
const openid = "/.well-known/openid-configuration";
const resource = "/.well-known/oauth-protected-resource";
const serverLocations: Record<string, string[]> = {
  "": [oauth, openid],
  "/": [oauth, openid],
  "/tenant": [`${oauth}/tenant`, `${openid}/tenant`, `/tenant${openid}`],
  "/realms/a%20b/": [`${oauth}/realms/a%20b`, `${openid}/realms/a%20b`, `/realms/a%20b${openid}`],
};
const apiLocations: Record<string, string[]> = {
  "": ["/", resource],
  "/": ["/", resource],
  "/mcp": ["/mcp", `${resource}/mcp`, resource],
  "/a%20b/mcp/": ["/a%20b/mcp/", `${resource}/a%20b/mcp/`, `${resource}/a%20b/mcp`, resource],
  "/mcp?tenant=1": ["/mcp?tenant=1", `${resource}/mcp?tenant=1`, resource],
};

for (const [path, plain] of Object.entries(serverLocations)) {
  const locations = [...plain, ...plain.map((location) => `${location}/`)];
  Deno.test(`discovery of "${path}": requests ${locations.join(", ")} until one answers`, async () => {
    for (const [index, location] of [...locations, undefined].entries()) {
      const urls: string[] = [];
      const fetch: Fetch = (input) => {
        urls.push(String(input));
        if (String(input) !== issuer + location) return Promise.resolve(new Response(null, { status: 404 }));
        return Promise.resolve(Response.json({ issuer: issuer + path, token_endpoint: `${issuer}/t` }));
      };

      const got = await stores.discovery({ url: issuer + path, fetch }).getClientConfig()
        .then((config) => [config.issuer, config.tokenEndpoint], ({ code }) => code);

      assertEquals(got, location === undefined ? "config_not_found" : [issuer + path, `${issuer}/t`]);
      // Those with a slash at the end are requested at once.
      const requested = index < plain.length ? locations.slice(0, index + 1) : locations;
      assertEquals(urls, requested.map((location) => issuer + location));
    }
  });
}

for (const [path, locations] of Object.entries(apiLocations)) {
  Deno.test(`metadata of an API at "${path}": is requested at ${locations.join(", ")}`, async () => {
    const stub = new MetadataStub();
    stub.failure = () => new Response(null, { status: 404 });
    const store = stores.api({ url: new URL(`https://api.test${path}`), fetch: stub.fetch });

    const error = await assertRejects(() => store.getClientConfig(), AuthenticationError);

    assertEquals(stub.urls, locations.map((location) => `https://api.test${location}`));
    assertEquals([error.code, error.message.includes("tenant=")], ["config_not_found", false]);
  });
}

Deno.test("ProtectedResourceClientConfigStore: gives the API's metadata and its server's, by one search", async () => {
  const stub = new MetadataStub();
  stub.server = { revocation_endpoint: `${issuer}/revoke` };
  const store = stores.api({ fetch: stub.fetch });

  assertEquals((await store.getMetadata()).resource, api);
  assertEquals((await store.getAuthorizationServerMetadata()).revocation_endpoint, `${issuer}/revoke`);

  assertEquals(stub.urls, [api, `https://api.test${resource}/mcp`, issuer + oauth]);
});

const redirects: [what: string, kind: "discovery" | "api", followed: number, expected: unknown][] = [
  ["a server", "discovery", 200, "redirect_refused"],
  ["an API", "api", 200, "redirect_refused"],
  ["an API's challenge", "api", 401, undefined],
];
for (const [what, kind, followed, expected] of redirects) {
  Deno.test(`metadata of ${what}: is ignored where fetch followed a redirect`, async () => {
    const stub = new MetadataStub();
    stub.challenge = 'Bearer scope="planted"';
    const fetch: Fetch = async (input, init) => {
      const response = await stub.fetch(input, init);
      return Object.defineProperty(response, "redirected", { value: response.status === followed });
    };

    const got = await stores[kind]({ fetch }).getClientConfig().then(({ scopes }) => scopes, ({ code }) => code);

    assertEquals(got, expected);
  });
}

Deno.test("metadata of an API: the error names the authorization server that doesn't answer in time", async () => {
  const stub = new MetadataStub();
  const fetch: Fetch = (input, init) =>
    String(input).startsWith(issuer) ? new Promise(() => {}) : stub.fetch(input, init);
  const store = stores.api({ fetch, timeout: 100 });
  const error = await assertRejects(() => store.getClientConfig(), AuthenticationError, `the metadata of ${issuer}`);
  assertEquals(error.code, "timeout");
});

Deno.test("metadata of an API: whatever the challenge, only the API and the issuer are called, and scopes are scopes", async () => {
  const hosts = ["//evil.test", "https://api.test.evil.test", "https://api.test@evil.test", "https://api.test:444"];
  const text = fc.oneof(fc.string({ unit: "binary-ascii" }), fc.webUrl(), fc.constantFrom(`${api}/m`, ...hosts))
    .map((text) => text.replace(/[^ -~]/g, " "));
  await fc.assert(
    fc.asyncProperty(text, text, text, async (url, scope, rest) => {
      const stub = new MetadataStub();
      stub.challenge = `Bearer resource_metadata="${url}", scope="${scope}", ${rest}`;

      const { scopes = [] } = await stores.api({ fetch: stub.fetch }).getClientConfig();

      assertEquals([...new Set(stub.urls.map((url) => new URL(url).origin))], ["https://api.test", issuer]);
      for (const scope of scopes) assert(/^[!-~]+$/.test(scope));
    }),
    { numRuns: 200 },
  );
});

const url = `${api}?key=${planted.query}`;
for (const where of ["challenge", "metadata"]) {
  Deno.test(`metadata of an API: the URL's query is hidden when an error at the ${where} quotes it`, async () => {
    const fetch: Fetch = (input) =>
      where === "metadata" && String(input) === url
        ? Promise.resolve(new Response(null, { status: 401 }))
        : Promise.reject(new TypeError("fetch failed", { cause: new Error(`not found: ${input}`) }));
    const getConfig = () => stores.api({ url, fetch }).getClientConfig();
    const error = await assertRejects(getConfig, AuthenticationError, "it can't be reached (");
    assertEquals([error.code, error.retryable, "cause" in error], ["network_error", true, false]);
    assertNothingShows(error);
  });
}
