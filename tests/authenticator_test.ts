/** What every authenticator does and prints, whichever its token source. @module */

import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  Authenticator,
  type AuthenticatorOptions,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  Credentials,
  refreshing,
  type TokenSource,
} from "@m2m/authenticator";
import { testServers } from "@m2m/authenticator/testing";
import { authenticatorAt } from "./authenticator_at.ts";
import { assertHides } from "./client_auth/showing.ts";
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

Deno.test("Authenticator: callerHeader decides about headers of authorize as well; onToken takes a function", async () => {
  const { options } = testServers();
  const authenticator = new ClientCredentialsAuthenticator(options);
  const authorize = (each: Authenticator) => each.authorize(new Headers({ authorization: "Own" }));
  assertEquals([...await authorize(authenticator)], [["authorization", "Own"]]);
  assertEquals([...await authorize(authenticator.with({ callerHeader: "replace" }))], [[
    "authorization",
    "Bearer test-token-2",
  ]]);
  const wrong = { callerHeader: "merge" } as unknown as AuthenticatorOptions;
  assertThrows(
    () => new ClientCredentialsAuthenticator({ ...options, ...wrong }),
    TypeError,
    'callerHeader must be "keep" or "replace"',
  );
  assertThrows(() => authenticator.onToken(undefined!), TypeError, "listener must be a function");
});

Deno.test("Authenticator: a token source that can't be made rejects the call", async () => {
  const source = () => {
    throw new Error("no vault");
  };
  await assertRejects(() => new Own({ endpoint: "https://api.test", source }).getCredentials(), Error, "no vault");
});

Deno.test("getCredentials: makes one request although an observer or a store calls it again", async () => {
  const kit = testServers();
  const { tokenEndpoint } = kit.authorizationServer;
  const again = () => void authenticator.getCredentials();
  const reentrant: Partial<ClientCredentialsAuthenticatorOptions>[] = [
    { onEvent: ({ type }) => void (type === "token_requested" && again()) },
    { configStore: { getClientConfig: () => (again(), { tokenEndpoint }) } },
  ];
  let authenticator: ClientCredentialsAuthenticator;
  for (const [index, options] of reentrant.entries()) {
    authenticator = new ClientCredentialsAuthenticator({ ...kit.options, ...options });
    await authenticator.getCredentials();
    kit.assertTokenRequests(index + 1);
  }
});

Deno.test("an authenticator prints its settings, its state and its token's remaining lifetime", async () => {
  let now = 0;
  const clock = { wall: () => now, monotonic: () => now };
  const stub = tokenEndpointStub(() => Response.json({ access_token: "planted-token", expires_in: 3600 }));
  const authenticator = authenticatorAt(stub, { clientSecret: "planted-s3cret", scopes: ["a", "b"], clock });
  const assertPrints = (state: object) => {
    const settings = { endpoint: "https://api.test", clientId: "id", scopes: ["a", "b"] };
    assertEquals(authenticator.toJSON(), { ...settings, ...state });
    assertStringIncludes(Deno.inspect(authenticator), "https://api.test");
    assertHides(authenticator, ["planted"]);
  };
  assertPrints({ token: "none" });
  await authenticator.getCredentials();
  now = 600_000;
  const { refreshIn } = authenticator.explain();
  assertPrints({ token: "live", remainingLifetime: 3_000_000, refreshIn });
  now = 3_600_000;
  assertPrints({ token: "expired" });
  await authenticator.close();
  assertPrints({ token: "closed" });
});

Deno.test("the pieces print no token", async () => {
  const credentials = new Credentials({ accessToken: "planted-token" });
  const tokens = refreshing(() => Promise.resolve({ credentials }));
  assertHides([tokens, await tokens.get()], ["planted-token"]);
  assertHides(tokens, ["planted-token"]);
});

Deno.test("an AuthenticationError has and prints the members that are known, and no others", () => {
  const bare = new AuthenticationError("timeout", "Too slow.", { retryable: true });
  const known = ["name", "code", "retryable", "status", "error", "error_description", "retryAfter", "cause"]
    .filter((name) => name in bare);
  assertEquals([bare instanceof Error, known], [true, ["name", "code", "retryable"]]);
  const details = { status: 401, error: "invalid_client", error_description: "no such client", retryAfter: 5_000 };
  const printed = JSON.parse(JSON.stringify(new AuthenticationError("token_request_rejected", "Refused.", details)));
  assertEquals(printed, { name: "AuthenticationError", code: "token_request_rejected", retryable: false, ...details });
});

Deno.test("an error's stack shows the line that waited for the token", async () => {
  const authenticator = new ClientCredentialsAuthenticator({ ...testServers().options, clientSecret: "another" });
  async function fetchProjects() {
    return await authenticator.fetch("/v1/projects");
  }
  async function lookAtToken() {
    return await authenticator.getCredentials();
  }
  // Later the error is remembered, and shared.
  for (const call of [fetchProjects, lookAtToken, fetchProjects, lookAtToken]) {
    const errors = await Promise.all([1, 2].map(() => assertRejects(call, AuthenticationError)));
    for (const { stack } of errors) assertStringIncludes(stack!, call.name);
  }
});
