/** What every authenticator does, whichever its token source. @module */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Authenticator,
  type AuthenticatorOptions,
  type ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  Credentials,
  type TokenSource,
} from "@m2m/authenticator";
import { authenticatorAt, besideApi } from "./authenticator_at.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

class Own extends Authenticator {
  constructor(options: AuthenticatorOptions & { source: () => TokenSource }) {
    super(options, options.source);
  }
}

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

Deno.test("fetch: leaves the caller's init, headers and Request as they were", async () => {
  const stub = tokenEndpointStub();
  const seen: string[] = [];
  const api = (sent: Headers) => (seen.push([...sent].join(" ")), new Response());
  const authenticator = authenticatorAt(stub, { fetch: besideApi(stub, api) });
  const headers = new Headers({ "x-a": "1" });
  const request = new Request("https://api.test/", { headers });
  await authenticator.fetch("/v1", Object.freeze({ headers }));
  await authenticator.fetch(request);
  assertEquals([[...headers], [...request.headers]], [[["x-a", "1"]], [["x-a", "1"]]]);
  assertEquals(seen, Array(2).fill("authorization,Bearer token-1 x-a,1"));
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
