import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  AuthenticationError,
  type ClientConfig,
  getToken,
  type TokenRequest,
  type TokenRequestOptions,
} from "@m2m/authenticator";
import { formParameters, serializeParameters } from "../../src/token_endpoint/parameters.ts";
import { authenticatorAt } from "../authenticator_at.ts";
import { assertHides } from "../client_auth/showing.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const client = { clientId: "id", clientSecret: "planted-s3cret" };

/** The form that is sent, after the grant's type. */
async function getForm(options: TokenRequestOptions, config: Partial<ClientConfig> = {}) {
  const stub = tokenEndpointStub();
  await authenticatorAt(stub, { ...client, ...options }, config).getCredentials();
  const [type, ...form] = stub.requests[0]!.form;
  assertEquals(type, ["grant_type", "client_credentials"]);
  return form;
}

const authorizationDetails = [{ type: "payment", amount: { value: "7", currency: "EUR" } }, { type: "account" }];
const other = { organization: "org_7", hint: ["a", "b"], empty: "", "ümlaut &=": "ß &=" };
const forms: [options: TokenRequestOptions, config: Partial<ClientConfig>, form: [name: string, value: string][]][] = [
  [{}, {}, []],
  [{ resource: "https://a.test" }, {}, [["resource", "https://a.test"]]],
  [{ resource: new URL("https://a.test/x") }, {}, [["resource", "https://a.test/x"]]],
  [{ resource: ["https://b.test/?q=1", "urn:a"] }, {}, [["resource", "https://b.test/?q=1"], ["resource", "urn:a"]]],
  [{}, { resource: "https://s.test" }, [["resource", "https://s.test"]]],
  [{}, { resource: ["https://s.test", "urn:t"] }, [["resource", "https://s.test"], ["resource", "urn:t"]]],
  [{ resource: "urn:a" }, { resource: ["urn:s", "urn:t"] }, [["resource", "urn:a"]]],
  [{ resource: [] }, { resource: "urn:s" }, []],
  // What is no URI stands in the option's place.
  [{ resource: "urn:a", parameters: { resource: "0000-03@tenant" } }, {}, [["resource", "0000-03@tenant"]]],
  [{ authorizationDetails }, {}, [["authorization_details", JSON.stringify(authorizationDetails)]]],
  [{ parameters: other }, {}, [["organization", "org_7"], ["hint", "a"], ["hint", "b"], ["ümlaut &=", "ß &="]]],
];
for (const [options, config, expected] of forms) {
  Deno.test(`a token request: has the parameters of ${JSON.stringify(options)} over ${JSON.stringify(config)}`, async () => {
    assertEquals(await getForm(options, config), expected);
  });
}

const reserved = [
  ...["grant_type", "scope", "audience", "authorization_details"],
  ...["client_id", "client_secret", "client_assertion", "client_assertion_type"],
];
const wrong: [option: string, message: string, values: readonly unknown[]][] = [
  ...reserved.map((name): typeof wrong[0] => ["parameters", `parameters.${name} must be text`, [{ [name]: "x" }]]),
  ["parameters", "parameters must be a record", [null, 7, new Map(), new URLSearchParams("p=1")]],
  ["parameters", "parameters.p must be text", [undefined, null, 7, {}, ["a", 7]].map((p) => ({ p }))],
  ["resource", "an absolute URI without fragment", ["", "/v1", "https://a.test#", "https://a.test/#x", ["urn:a", ""]]],
  ["authorizationDetails", "an array of objects with a type (RFC 9396 §2)", ["x", {}, [{}], [null], [{ type: 7 }]]],
];
Deno.test("formParameters: refuses wrong values by name", () => {
  for (const [option, message, values] of wrong) {
    for (const value of values) assertThrows(() => formParameters({ [option]: value }), TypeError, message);
  }
  for (const name of ["Scope", "scopes", "client_idx", "xgrant_type"]) {
    assertEquals(formParameters({ parameters: { [name]: "x" } })[name], ["x"]);
  }
});

const text = fc.string({ unit: "grapheme" });
const odd = fc.constantFrom("__proto__", "constructor", "toString", "scope ", "resource[]", "client_id\u0000", "token");
const name = fc.oneof(text, odd).filter((name) => !reserved.includes(name));
const values = fc.oneof(text, fc.array(fc.string(), { maxLength: 3 }));

Deno.test("parameters: any others leave ours unchanged, and arrive", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(name, values), { maxLength: 5 }), async (entries) => {
      const parameters: Record<string, string | string[]> = Object.fromEntries(entries);
      // A form can't carry lone surrogates.
      const others = Object.entries(parameters).flatMap(([name, value]) =>
        [value].flat().filter(Boolean).map((each): [string, string] => [name.toWellFormed(), each.toWellFormed()])
      );

      const form = await getForm({ parameters, scopes: ["s"], audience: "a", resource: ["urn:r", "urn:q"] });
      const ours = [["scope", "s"], ["audience", "a"], ["resource", "urn:r"], ["resource", "urn:q"]];
      // Objects have names that are numbers first.
      assertEquals(form.sort(), [...ours, ...others].sort());
    }),
  );
});

const scopes = fc.array(fc.constantFrom("a", "b", "c", "a:b", "a,b"));
const resource = fc.array(fc.constantFrom("urn:a", "urn:b", "https://a.test/", "https://a.test/?x=a"));
const serialize = (options: TokenRequestOptions) => serializeParameters(formParameters(options));

Deno.test("serializeParameters: equal just if the sets are", () => {
  const options = fc.record({ scopes, resource, audience: fc.constantFrom("", "a") });
  const sets = ({ scopes, resource, audience }: { scopes: string[]; resource: string[]; audience: string }) =>
    JSON.stringify([[...new Set(scopes)].sort(), [...new Set(resource)].sort(), audience]);
  const property = fc.property(options, options, (one, another) => {
    assertEquals(serialize(one) === serialize(another), sets(one) === sets(another));
  });
  fc.assert(property, { numRuns: 1000 });
});

Deno.test("serializeParameters: ignores the order of names, not that of values", () => {
  const names = fc.shuffledSubarray(["p", "q", "r"], { minLength: 3 });
  fc.assert(fc.property(names, scopes, (names, scopes) => {
    const parameters = Object.fromEntries(names.map((name) => [name, name]));
    const usual = serialize({ parameters: { p: "p", q: "q", r: "r" }, scopes });
    assertEquals(serialize({ scopes: scopes.toReversed(), parameters }), usual);
  }));
  const different = [["a", "b"], ["b", "a"], ["a b"]].map((p) => ({ parameters: { p } }));
  assertEquals(new Set([...different, { scopes: ["a"] }, { audience: "a" }].map(serialize)).size, 5);
});

Deno.test("beforeTokenRequest: sees the authenticated request, and may change it", async () => {
  const error_description = "planted-key is bad";
  const stub = tokenEndpointStub(() => Response.json({ error: "invalid_request", error_description }, { status: 400 }));
  const seen: unknown[] = [];
  const beforeTokenRequest = async (request: TokenRequest) => {
    await Promise.resolve();
    seen.push(request.headers.has("authorization"), request.body.get("scope"), request.clientId);
    request.headers.set("x-gateway-key", "planted-key");
    request.redact("planted-key");
    request.body.set("scope", "other");
    request.body.append("secret_hint", "h");
  };
  const authenticator = authenticatorAt(stub, { ...client, scopes: ["s"], beforeTokenRequest }).with({ audience: "x" });

  const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);

  assertEquals(seen, [true, "s", "id"]);
  const sent = stub.requests.map(({ headers, form }) => [headers.get("x-gateway-key"), String(form)]);
  assertEquals(sent, [["planted-key", "grant_type=client_credentials&scope=other&audience=x&secret_hint=h"]]);
  assertEquals(error.error_description, "[redacted] is bad");
  assertHides(error, ["planted"]);
});

Deno.test("beforeTokenRequest: its errors end the request", async () => {
  const stub = tokenEndpointStub();
  const [own, down] = [new AuthenticationError("invalid_config", "Cannot go on: no."), new Error("the vault is down")];
  const getError = (thrown: Error) => {
    const request = getToken(stub.url, {
      ...client,
      fetch: stub.fetch,
      beforeTokenRequest: () => Promise.reject(thrown),
    });
    return assertRejects(() => request, AuthenticationError);
  };

  assertEquals(await getError(own), own);
  const { code, cause } = await getError(down);
  assertEquals([code, cause, stub.requests.length], ["client_auth_unavailable", down, 0]);
  const make = () => authenticatorAt(stub, { beforeTokenRequest: "x" as never });
  assertThrows(make, TypeError, "beforeTokenRequest must be a function");
});
