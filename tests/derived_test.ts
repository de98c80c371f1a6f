/** Authenticators that are made from another one by with(). */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { type ClientConfigRequest, ClientCredentialsAuthenticator, type WithOptions } from "@m2m/authenticator";
import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";
import { behaviours, testServers } from "@m2m/authenticator/testing";
import { authenticatorAt } from "./authenticator_at.ts";
import { startBackend } from "./examples/backend.ts";
import { call } from "./servers/loopback.ts";
import { startProxy } from "./servers/proxy.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

function assertClosed(authenticator: ClientCredentialsAuthenticator): Promise<unknown> {
  return assertRejects(() => authenticator.getCredentials(), DOMException, "was closed");
}

// Scopes, resources and parameters are compared as serializeParameters does.
Deno.test("with: gives the same authenticator for the same options, another one for each difference", () => {
  const root = authenticatorAt(tokenEndpointStub(), { scopes: ["a"], audience: "x" });
  const same: [WithOptions, WithOptions][] = [
    [{ scopes: ["a", "b"], audience: "y" }, { audience: "y", scopes: ["b", "a", "b"] }],
    [{ resource: "https://a.test" }, { resource: ["https://a.test"] }],
    [{ parameters: { p: "1" } }, { parameters: { p: ["1"] } }],
    [{ authorizationDetails: [{ type: "t" }] }, { authorizationDetails: [{ type: "t" }] }],
    [{ endpoint: "https://b.test/" }, { endpoint: new URL("https://b.test/") }],
  ];
  for (const [one, other] of same) assertStrictEquals(root.with(one), root.with(other));
  for (
    const own of [{}, { callerHeader: "keep" as const }, { scopes: undefined }, { scopes: ["a"] }, { audience: "x" }, {
      headerKey: undefined,
    }]
  ) {
    assertStrictEquals(root.with(own), root);
  }
  assertStrictEquals(root.with({ scopes: ["b"] }).with({ scopes: ["a"] }), root);
  const others: WithOptions[] = [
    ...same.map(([options]) => options),
    ...[{ scopes: ["b"] }, { scopes: [] }, { audience: "a" }, { audience: "" }],
    ...[{ authorizationDetails: [{ type: "t", amount: 7 }] }, { parameters: { p: ["1", "2"] } }],
    ...[{ endpoint: "https://api.test/v2/" }, { headerKey: "x-token" }, { allowedOrigins: ["https://files.test"] }],
    { callerHeader: "replace" },
  ];
  assertEquals(new Set([root, ...others.map((each) => root.with(each))]).size, others.length + 1);
});

Deno.test("with: gives each its own token", async () => {
  const kit = testServers();
  const root = new ClientCredentialsAuthenticator({ ...kit.options, scopes: ["a"], audience: "x" });
  const both = root.with({ scopes: ["a", "b"] });
  const all = [root, both, both.with({ audience: "y" }), root.with({ scopes: [] }), root.with({ headerKey: "h" })];
  for (const _ of [1, 2]) {
    const headers = await Promise.all(all.map((each) => each.authorize(new Headers())));
    assertEquals(headers.map((each) => [...each].join()), [
      ...[1, 2, 3, 4].map((number) => `authorization,Bearer test-token-${number}`),
      "h,Bearer test-token-5",
    ]);
  }
  const requested = kit.authorizationServer.tokenRequests.map(({ form }) => [form.get("scope"), form.get("audience")]);
  assertEquals(requested, [["a", "x"], ["a b", "x"], ["a b", "y"], [null, "x"], ["a", "x"]]);
});

Deno.test("with: merges options, in whatever steps they are given, and shares secret, store and transport", async () => {
  const stub = tokenEndpointStub();
  const requests: (ClientConfigRequest | undefined)[] = [];
  const getClientConfig = (request?: ClientConfigRequest) => (requests.push(request), { tokenEndpoint: stub.url });
  const own = { clientSecret: () => `secret-${requests.length}`, configStore: { getClientConfig } };
  const root = authenticatorAt(stub, { ...own, scopes: ["a"], audience: "x", parameters: { p: "1" } });
  const last = root.with({ scopes: ["b"] }).with({ resource: "https://r.test" }).with({ parameters: { q: "2" } });
  assertStrictEquals(last, root.with({ scopes: ["b"], resource: "https://r.test", parameters: { q: "2" } }));
  await last.getCredentials();
  assertEquals(stub.requests.map(({ form, headers }) => [String(form), headers.get("authorization")]), [[
    "grant_type=client_credentials&scope=b&audience=x&resource=https%3A%2F%2Fr.test&p=1&q=2",
    `Basic ${btoa("id:secret-1")}`,
  ]]);
  assertEquals(requests.map((request) => [request?.fetch, request?.authMethod]), [[stub.fetch, "client_secret_basic"]]);
});

Deno.test("with: shares one proxy, which the first authenticator frees", async () => {
  // The leak sanitizer would name the runtime's client.
  await using backend = await startBackend();
  await using proxy = await startProxy();
  await using root = authenticatorFromEnv({ env: backend.settings, httpProxyUrl: proxy.url });
  const derived = root.with({ parameters: { p: "1" } });
  const statuses = [await call(root, "/v1/projects"), await call(derived, "/v1/projects")];
  await derived.close();
  assertEquals([...statuses, await call(root, "/v1/projects"), proxy.requests.length], [200, 200, 200, 5]);
});

Deno.test("with: keeps 10,000; the one that was used longest ago is dropped, and goes on working", async () => {
  const root = authenticatorAt(tokenEndpointStub());
  const derive = (index: number) => root.with({ audience: `a${index}` });
  const [first, second] = [derive(0), derive(1)];
  for (let index = 2; index < 9_999; index++) derive(index);
  assertStrictEquals(derive(0), first, "10,000 are there, the root among them");
  derive(9_999);
  assert(root.with({}) !== root, "it was used longest ago");
  assert(derive(1) !== second);
  assertStrictEquals(derive(0), first);
  for (const [index, each] of [second, root].entries()) {
    assertEquals((await each.getCredentials()).accessToken, `token-${index + 1}`);
  }
  await root.close();
  for (const each of [root, first, derive(9_999)]) await assertClosed(each);
});

Deno.test("close: of a derived authenticator leaves the others alone", async () => {
  const { authorizationServer, options } = testServers();
  const stall = behaviours.stall();
  authorizationServer.next(stall, Infinity);
  const root = new ClientCredentialsAuthenticator(options);
  const [one, other] = [root.with({ audience: "one" }), root.with({ audience: "other" })];
  const ended = assertClosed(one);
  const going = other.getCredentials();

  await one.close();
  await ended;
  stall.release();

  await going;
  for (const each of [one, one.with({ audience: "b" })]) await assertClosed(each);
  const next = root.with({ audience: "one" });
  await next.getCredentials();
  await root.close();
  for (const each of [root, next]) await assertClosed(each.with({ audience: "c" }));
});

Deno.test("with: isn't affected when the caller changes its objects later", async () => {
  const stub = tokenEndpointStub(() => Response.json({ access_token: "token", expires_in: 1 }));
  const detail = { type: "payment", actions: ["read"] };
  const [scopes, resource, tenant, endpoint] = [["a"], ["https://a.test"], ["one"], new URL("https://a.test/")];
  const given = { scopes, resource, authorizationDetails: [detail], parameters: { tenant }, endpoint };
  const root = authenticatorAt(stub, given);
  const both = [root, authenticatorAt(stub).with(given)];
  for (const list of [scopes, resource, detail.actions, tenant]) list.push("later");
  endpoint.host = "b.test";
  for (const each of both) {
    await each.getCredentials();
    const { form } = stub.requests.at(-1)!;
    const sent = ["scope", "resource", "authorization_details", "tenant"].map((name) => form.getAll(name).join());
    assertEquals(sent, ["a", "https://a.test", '[{"type":"payment","actions":["read"]}]', "one"]);
  }
  for (const change of [{ endpoint }, { scopes }, { parameters: { tenant } }]) {
    assert(root.with(change) !== root, Object.keys(change)[0]);
  }
});

Deno.test("with: refuses what a constructor refuses, and what can't be changed", () => {
  const root = authenticatorAt(tokenEndpointStub());
  const wrong: [Record<string, unknown>, message: string][] = [
    [{ scopes: "a b" }, "scopes must be an array"],
    [{ audience: 7 }, "audience"],
    [{ resource: "https://a.test https://b.test" }, "resource"],
    [{ authorizationDetails: [{}] }, "authorizationDetails"],
    ...["a=b", [["a", "b"]]].map((parameters): typeof wrong[0] => [{ parameters }, "parameters must be a record"]),
    [{ endpoint: "/v1" }, "endpoint must be an absolute URL"],
    [{ headerKey: "a b" }, "headerKey"],
    [{ allowedOrigins: "https://a.test" }, "allowedOrigins must be an array"],
    [{ scopes: ["a"], clientId: "other" }, "clientId can't be changed"],
    [{ clientSecret: "planted" }, "clientSecret can't be changed"],
  ];
  for (const [options, message] of wrong) assertThrows(() => root.with(options), TypeError, message);
});

Deno.test("with: refuses a class whose constructor doesn't take all options", () => {
  class Own extends ClientCredentialsAuthenticator {
    constructor() {
      const configStore = { getClientConfig: () => ({ tokenEndpoint: "https://auth.test/token" }) };
      super({ endpoint: "https://api.test", clientId: "id", clientSecret: "secret", audience: "A", configStore });
    }
  }
  assertThrows(() => new Own().with({ audience: "B" }), TypeError, "passes all of its options on");
});
