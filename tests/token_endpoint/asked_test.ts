import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeJwt } from "jose";
import {
  AuthenticationError,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  getToken,
  StaticClientConfigStore,
  type TokenRequest,
  type TokenRequestOptions,
} from "@m2m/authenticator";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { formParameters, serializeParameters } from "../../src/token_endpoint/parameters.ts";
import { assertHides } from "../client_auth/showing.ts";
import { assertionOf, startScene } from "../grant/scene.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const clients = [{ client_id: "id", client_secret: "planted-s3cret" }];

/** What arrives for what is asked. */
async function sent(
  options: Partial<ClientCredentialsAuthenticatorOptions>,
  config: { resource?: string | readonly string[] } = {},
): Promise<[string, string][]> {
  const stub = tokenEndpointStub();
  await new ClientCredentialsAuthenticator({
    endpoint: "https://api.test",
    clientId: "id",
    clientSecret: "planted-s3cret",
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url, ...config }),
    fetch: stub.fetch,
    ...options,
  }).getCredentials();
  return [...stub.requests[0]!.form];
}

Deno.test("a resource is sent as it is, several of them one by one; the caller's take the store's place", async () => {
  const grant: [string, string] = ["grant_type", "client_credentials"];
  const cases: [TokenRequestOptions["resource"], string | string[] | undefined, string[]][] = [
    [undefined, undefined, []],
    ["https://a.test", undefined, ["https://a.test"]],
    [new URL("https://a.test/x"), undefined, ["https://a.test/x"]],
    [["https://b.test/?q=1", "urn:a"], undefined, ["https://b.test/?q=1", "urn:a"]],
    [undefined, "https://s.test", ["https://s.test"]],
    [undefined, ["https://s.test", "https://t.test"], ["https://s.test", "https://t.test"]],
    ["https://a.test", ["https://s.test", "https://t.test"], ["https://a.test"]],
    [[], "https://s.test", []],
  ];
  for (const [resource, stored, expected] of cases) {
    const config = stored === undefined ? {} : { resource: stored };
    assertEquals(await sent({ resource }, config), [grant, ...expected.map((uri) => ["resource", uri])] as never);
  }
});

Deno.test("authorization details are sent as JSON, and other parameters as they are, repeated ones too", async () => {
  const authorizationDetails = [{ type: "payment", amount: { value: "7", currency: "EUR" } }, { type: "account" }];
  const parameters = { organization: "org_7", hint: ["a", "b"], empty: "", "ümlaut &=": "ß &=" };

  assertEquals(await sent({ authorizationDetails, parameters, audience: "x" }), [
    ["grant_type", "client_credentials"],
    ["audience", "x"],
    ["authorization_details", JSON.stringify(authorizationDetails)],
    ["organization", "org_7"],
    ["hint", "a"],
    ["hint", "b"],
    ["ümlaut &=", "ß &="],
  ]);
});

Deno.test("a real server gets every resource, and gives a token for all of them", async () => {
  await using scene = await startScene();
  const { settings: { audience: _, ...settings }, server, api } = scene;
  const authenticator = new JwtBearerAuthenticator({
    ...settings,
    resource: [api.origin, "https://b.test"],
    assertion: () => assertionOf(server.issuer),
  });

  const response = await authenticator.fetch("/v1/projects");
  await response.body?.cancel();

  assertEquals([response.status, scene.lastToken().aud], [200, [api.origin, "https://b.test"]]);
  assertEquals(server.tokenRequests[0]!.parameters.resource, [api.origin, "https://b.test"]);
});

Deno.test("a real server that gives tokens for one resource alone refuses two, and none it doesn't know", async () => {
  await using server = await startAuthorizationServer({ clients, audiences: ["https://a.test", "https://b.test"] });
  const ask = (resource: string | string[]) =>
    getToken(server.tokenEndpoint, { clientId: "id", clientSecret: "planted-s3cret", resource });

  assertEquals(decodeJwt((await ask("https://b.test")).accessToken).aud, "https://b.test");
  for (const resource of [["https://a.test", "https://b.test"], "https://else.test"]) {
    const error = await assertRejects(() => ask(resource), AuthenticationError, "Check audience and resource.");
    assertEquals([error.code, error.error], ["token_request_rejected", "invalid_target"]);
  }
  assertEquals(server.tokenRequests[1]!.parameters.resource, ["https://a.test", "https://b.test"]);
});

Deno.test("a real server heeds authorization details, and refuses those of a type it doesn't know", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ ...clients[0]!, authorization_details_types: ["payment"] }],
    authorizationDetailsTypes: ["payment"],
  });
  const ask = (type: string) =>
    getToken(server.tokenEndpoint, {
      clientId: "id",
      clientSecret: "planted-s3cret",
      authorizationDetails: [{ type, amount: 7 }],
    });

  const { authorization_details } = decodeJwt((await ask("payment")).accessToken);
  assertEquals(authorization_details, [{ type: "payment", amount: 7 }]);

  const error = await assertRejects(() => ask("else"), AuthenticationError);
  assertEquals([error.code, error.error], ["token_request_rejected", "invalid_authorization_details"]);
});

Deno.test("what has an option of its own can't be a parameter, and is named", () => {
  const reserved = [
    ...["grant_type", "scope", "audience", "resource", "authorization_details"],
    ...["client_id", "client_secret", "client_assertion", "client_assertion_type"],
  ];
  for (const name of reserved) {
    assertThrows(() => formParameters({ parameters: { [name]: "x" } }), TypeError, `parameters.${name} must be text`);
  }
  for (const value of [undefined, null, 7, {}, ["a", 7]]) {
    assertThrows(() => formParameters({ parameters: { p: value as string } }), TypeError, "parameters.p must be text");
  }
  for (const name of ["Scope", "scopes", "client_idx", "xgrant_type"]) {
    assertEquals(formParameters({ parameters: { [name]: "x" } })[name], ["x"]);
  }
});

Deno.test("resources and authorization details that can't be are refused", () => {
  for (const resource of ["", "/v1", "https://a.test#", "https://a.test/#x", ["https://a.test", ""]]) {
    assertThrows(() => formParameters({ resource }), TypeError, "resource must be an absolute URI without fragment");
  }
  for (const details of ["x", {}, [{}], [null], [{ type: 7 }]]) {
    assertThrows(
      () => formParameters({ authorizationDetails: details as never }),
      TypeError,
      "authorizationDetails must be an array of objects with a type (RFC 9396 §2)",
    );
  }
});

/** Names of whatever kind, those in use and those with a meaning to objects among them. */
const names = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("__proto__", "constructor", "toString", "scope ", "resource[]", "client_id\u0000", "token"),
);
const values = fc.oneof(fc.string({ unit: "grapheme" }), fc.array(fc.string(), { maxLength: 3 }));
const reserved = /^(grant_type|scope|audience|resource|authorization_details|client_(id|secret|assertion(_type)?))$/;

Deno.test("whatever other parameters there are, ours arrive unchanged, and so do they", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(names.filter((name) => !reserved.test(name)), values), { maxLength: 5 }),
      async (entries) => {
        const parameters: Record<string, string | string[]> = Object.fromEntries(entries);
        const form = await sent({ parameters, scopes: ["s"], audience: "a", resource: ["urn:r", "urn:q"] });

        assertEquals(form.slice(0, 5), [
          ["grant_type", "client_credentials"],
          ["scope", "s"],
          ["audience", "a"],
          ["resource", "urn:r"],
          ["resource", "urn:q"],
        ]);
        const others = Object.entries(parameters).flatMap(([name, value]) =>
          [value].flat().filter(Boolean).map((each): [string, string] => [wellFormed(name), wellFormed(each)])
        );
        assertEquals(form.slice(5), others);
      },
    ),
  );
});

/** As a form can carry it: lone surrogates can't be. */
function wellFormed(text: string): string {
  return text.toWellFormed();
}

const scope = fc.constantFrom("a", "b", "c", "a:b", "a,b");
const uri = fc.constantFrom("urn:a", "urn:b", "https://a.test/", "https://a.test/?x=a");

Deno.test("two wishes are one just if they name the same sets", () => {
  const wish = fc.record({ scopes: fc.array(scope), resource: fc.array(uri), audience: fc.constantFrom("", "a") });
  fc.assert(
    fc.property(wish, wish, (one, other) => {
      const set = (list: string[]) => [...new Set(list)].sort().join(" ");
      const same = set(one.scopes) === set(other.scopes) && set(one.resource) === set(other.resource) &&
        one.audience === other.audience;
      assertEquals(serializeParameters(formParameters(one)) === serializeParameters(formParameters(other)), same);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("the order in which a wish is written makes no difference; that of a parameter's values does", () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(["p", "q", "r"], { minLength: 3 }), fc.array(scope), (order, scopes) => {
      const parameters = Object.fromEntries(order.map((name) => [name, name]));
      const usual = formParameters({ parameters: { p: "p", q: "q", r: "r" }, scopes });
      assertEquals(
        serializeParameters(formParameters({ scopes: scopes.toReversed(), parameters })),
        serializeParameters(usual),
      );
    }),
  );
  const of = (p: string[]) => serializeParameters(formParameters({ parameters: { p } }));
  assert(of(["a", "b"]) !== of(["b", "a"]));
  assert(of(["a", "b"]) !== of(["a b"]));
  assert(
    serializeParameters(formParameters({ scopes: ["a"] })) !== serializeParameters(formParameters({ audience: "a" })),
  );
});

Deno.test("beforeTokenRequest sees the request with the client's proof on it, and has the last word", async () => {
  const stub = tokenEndpointStub(() =>
    Response.json({ error: "invalid_request", error_description: "planted-key is bad" }, { status: 400 })
  );
  const seen: unknown[] = [];
  const beforeTokenRequest = async (request: TokenRequest) => {
    await Promise.resolve();
    seen.push(request.headers.has("authorization"), request.body.get("scope"), request.clientId);
    request.headers.set("x-gateway-key", "planted-key");
    request.redact("planted-key");
    request.body.set("scope", "other");
    request.body.append("secret_hint", "h");
  };
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: "https://api.test",
    clientId: "id",
    clientSecret: "planted-s3cret",
    scopes: ["s"],
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
    fetch: stub.fetch,
    beforeTokenRequest,
  });

  const error = await assertRejects(() => authenticator.with({ audience: "x" }).getCredentials(), AuthenticationError);

  assertEquals(seen, [true, "s", "id"]);
  const { headers, form } = stub.requests[0]!;
  assertEquals(headers.get("x-gateway-key"), "planted-key");
  assertEquals([...form], [
    ["grant_type", "client_credentials"],
    ["scope", "other"],
    ["audience", "x"],
    ["secret_hint", "h"],
  ]);
  assertEquals(error.error_description, "[redacted] is bad");
  assertHides(error, ["planted"]);
});

Deno.test("what beforeTokenRequest throws is the cause of a typed error, or that error itself; nothing is sent", async () => {
  const stub = tokenEndpointStub();
  const own = new AuthenticationError("invalid_config", "Cannot go on: no.");
  const down = new Error("the vault is down");
  for (const thrown of [own, down]) {
    const beforeTokenRequest = () => Promise.reject(thrown);
    const options = { clientId: "id", clientSecret: "planted-s3cret", fetch: stub.fetch, beforeTokenRequest };

    const error = await assertRejects(() => getToken(stub.url, options), AuthenticationError);

    if (thrown === own) assertEquals(error, own);
    else assertEquals([error.code, error.cause], ["client_auth_unavailable", down]);
  }
  assertThrows(
    () =>
      new ClientCredentialsAuthenticator({
        endpoint: "https://api.test",
        clientId: "id",
        clientSecret: "planted-s3cret",
        configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
        beforeTokenRequest: "x" as never,
      }),
    TypeError,
    "beforeTokenRequest must be a function",
  );
  assertEquals(stub.requests.length, 0);
});
