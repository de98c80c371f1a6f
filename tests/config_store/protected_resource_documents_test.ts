import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
import { json } from "../faults/behaviours.ts";
import { assertNothingShows, planted } from "../faults/planted.ts";
import { startFaultServer } from "../servers/fault_server.ts";
import { acceptedResources, type Failure, type Places, protectedResourceCases } from "./protected_resource_cases.ts";

/** An API, its authorization server, a server that nothing may reach, and a client with a planted secret. */
async function arrange(timeout?: number) {
  await using stack = new AsyncDisposableStack();
  const api = stack.use(await startFaultServer());
  const auth = stack.use(await startFaultServer());
  const elsewhere = stack.use(await startFaultServer());
  auth.always(({ path }) =>
    path === "/token"
      ? json({ access_token: planted.token, token_type: "Bearer" })
      : json({ issuer: auth.origin, token_endpoint: `${auth.origin}/token` })
  );
  const places: Places = {
    api: `${api.origin}/mcp`,
    origin: api.origin,
    issuer: auth.origin,
    elsewhere: elsewhere.origin,
  };
  const store = new ProtectedResourceClientConfigStore(places.api, { issuer: places.issuer, timeout });
  const authenticator = stack.use(
    new ClientCredentialsAuthenticator({
      endpoint: places.api,
      clientId: planted.clientId,
      clientSecret: planted.secret,
      configStore: store,
      retry: { maxAttempts: 1 },
    }),
  );
  const moved = stack.move();
  return { api, auth, elsewhere, places, store, authenticator, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}

for (const [name, behaviour, end, timeout = 5_000] of protectedResourceCases) {
  const outcome = "metadata" in end ? "its metadata is used" : `it ends with ${end.code}, and no secret is sent`;
  Deno.test(`an API that ${name}: ${outcome}`, async () => {
    await using scene = await arrange(timeout);
    const { api, auth, elsewhere, places, store, authenticator } = scene;
    api.always((request) => behaviour(places, request));

    const got = await store.getMetadata().catch((error: unknown) => error);

    assertNothingShows(got);
    for (const { method, headers } of api.requests) assertEquals([method, headers.get("authorization")], ["GET", null]);
    const requests = api.requests.map(({ path }) => path);
    const error = await authenticator.getCredentials().then(() => undefined, (error: unknown) => error);
    assertNothingShows(error);
    assertEquals(elsewhere.connections, 0);
    if (!("metadata" in end)) {
      assertFailure(got, end, places.api);
      assert(error instanceof AuthenticationError, String(error));
      assertEquals([error.code, auth.connections], [end.code, 0]);
      return;
    }
    assert(!(got instanceof Error), String(got));
    const { resource, ...metadata } = got as Record<string, unknown>;
    assert(resource === places.api || resource === places.origin);
    assertEquals(metadata, { authorization_servers: [places.issuer], ...end.metadata });
    assert(Object.isFrozen(got));
    assertEquals(Object.getPrototypeOf(got), Object.prototype);
    if (end.requests !== undefined) assertEquals(requests, end.requests);
    const config = await store.getClientConfig();
    assertEquals([config.scopes, config.resource], [end.scopes, [resource]]);
    assertEquals(error, undefined);
    assertEquals(auth.requests.map(({ path }) => path), ["/.well-known/oauth-authorization-server", "/token"]);
  });
}

for (const [name, resource] of Object.entries(acceptedResources)) {
  Deno.test(`an API may name ${name} as its resource; tokens are asked for by what it writes`, async () => {
    await using scene = await arrange();
    const { api, places, store } = scene;
    const expected = resource(places);
    api.always(json({ resource: expected, authorization_servers: [places.issuer] }));

    assertEquals((await store.getClientConfig()).resource, [expected]);
  });
}

function assertFailure(got: unknown, { code, says, status, retryable = false }: Failure, api: string) {
  assert(got instanceof AuthenticationError, String(got));
  assertEquals([got.code, got.retryable], [code, retryable]);
  if (status !== undefined) assertEquals(got.status, status);
  assertStringIncludes(got.message, says);
  assertStringIncludes(got.message, api);
  assertEquals("cause" in got, false);
}
