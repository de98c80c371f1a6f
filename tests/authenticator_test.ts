import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  Authenticator,
  type AuthenticatorOptions,
  type ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  Credentials,
  type TokenSource,
} from "@m2m/authenticator";
import { authenticatorAt, besideApi } from "./authenticator_at.ts";
import { startAuthorizationServer } from "./servers/authorization_server.ts";
import { startProtectedApi } from "./servers/protected_api.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

class Own extends Authenticator {
  constructor(options: AuthenticatorOptions & { source: () => TokenSource }) {
    super(options, options.source);
  }
}

Deno.test("fetch: carries a token, and replays with a new one after a 401, with real servers", async () => {
  await using server = await startAuthorizationServer({ clients: [{ client_id: "id", client_secret: "s3cret" }] });
  const { issuer, jwksUri, tokenEndpoint } = server;
  await using api = startProtectedApi({ issuer, jwksUri });
  const authenticator = authenticatorAt(
    tokenEndpointStub(),
    { endpoint: api.origin, scopes: ["api:read"], audience: api.audience, fetch },
    { tokenEndpoint },
  );
  for (const init of [{}, { method: "POST", body: "whole" }]) {
    const { status, body } = await authenticator.fetch("/v1/projects", init);
    await body?.cancel();
    assertEquals(status, 200);
    api.revokeAll();
  }
  assertEquals([server.tokenRequests.length, ...api.calls.map(({ status }) => status)], [2, 200, 401, 200]);
});

Deno.test("fetch: is bound, and leaves the caller's init, headers and Request as they were", async () => {
  const stub = tokenEndpointStub();
  const seen: string[] = [];
  const { fetch } = authenticatorAt(stub, {
    fetch: besideApi(stub, (headers) => {
      seen.push([...headers].join(" "));
      return new Response();
    }),
  });
  const headers = new Headers({ "x-a": "1" });
  const request = new Request("https://api.test/", { headers });
  await fetch("/v1", Object.freeze({ headers }));
  await fetch(request);
  assertEquals([[...headers], [...request.headers]], [[["x-a", "1"]], [["x-a", "1"]]]);
  assertEquals(seen, Array(2).fill("authorization,Bearer token-1 x-a,1"));
});

Deno.test("authorize: puts the token on headers, unless the caller's own is there", async () => {
  const authenticator = authenticatorAt(tokenEndpointStub());
  const headers = new Headers({ "x-a": "1" });
  assertStrictEquals(await authenticator.authorize(headers), headers);
  assertEquals([...headers], [["authorization", "Bearer token-1"], ["x-a", "1"]]);
  const own = await authenticator.authorize(new Headers({ authorization: "Basic mine" }));
  assertEquals(own.get("authorization"), "Basic mine");
});

Deno.test("Authenticator: a subclass and what it derives use its own token source", async () => {
  const credentials = new Credentials({ accessToken: "own" });
  const source = () => () => Promise.resolve({ credentials, headerKey: "x-own" });
  const authenticator = new Own({ endpoint: "https://api.test", source });
  for (const each of [authenticator, authenticator.with({ endpoint: "https://other.test" })]) {
    assertEquals([...await each.authorize(new Headers())], [["x-own", "Bearer own"]]);
    assert(each instanceof Own);
  }
});

Deno.test("Authenticator: a token source that can't be made rejects the call", async () => {
  const source = () => {
    throw new Error("no vault");
  };
  await assertRejects(() => new Own({ endpoint: "https://api.test", source }).getCredentials(), Error, "no vault");
});

Deno.test("getCredentials: makes one request although an observer or a store calls it again", async () => {
  const stub = tokenEndpointStub();
  const again = () => void authenticator.getCredentials();
  const reentrant: Partial<ClientCredentialsAuthenticatorOptions>[] = [
    { onEvent: ({ type }) => void (type === "token_requested" && again()) },
    { configStore: { getClientConfig: () => (again(), { tokenEndpoint: stub.url }) } },
  ];
  let authenticator: ClientCredentialsAuthenticator;
  for (const [index, options] of reentrant.entries()) {
    authenticator = authenticatorAt(stub, options);
    await authenticator.getCredentials();
    assertEquals(stub.requests.length, index + 1);
  }
});
