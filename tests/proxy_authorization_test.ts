import { assert, assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import { client, frontAudience, startFlyteBackend } from "./servers/flyte_backend.ts";

/** A platform behind a proxy, and an authenticator for each; `list` calls the platform through both. */
async function arrange({ audience = frontAudience, scopes = ["all"] } = {}) {
  const backend = await startFlyteBackend({ hasFront: true, client: { scopes } });
  const { flyte: { origin: endpoint }, frontTokenEndpoint: tokenEndpoint } = backend;
  const configStore = new StaticClientConfigStore({ tokenEndpoint, audience });
  const headerKey = "proxy-authorization";
  const { fetch } = new ClientCredentialsAuthenticator({ endpoint, ...client, headerKey, configStore });
  const store = new FlyteClientConfigStore(endpoint);
  const authenticator = new ClientCredentialsAuthenticator({ endpoint, ...client, configStore: store, fetch });
  const list = async () => {
    const response = await authenticator.fetch("/api/v1/projects");
    await response.body?.cancel();
    return response.status;
  };
  /** The token requests for the platform, and for the proxy. */
  const counts = () => [backend.asked().length, backend.frontAsked().length];
  return { backend, list, counts, [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose]() };
}

Deno.test("proxy-authorization: both tokens go to the platform, and nowhere else", async () => {
  await using scene = await arrange();
  const { backend, list, counts } = scene;

  assertEquals([await list(), await list(), counts()], [200, 200, [1, 1]]);

  const { requests } = backend.flyte;
  for (const name of ["proxy-authorization", "flyte-authorization"]) {
    assert(requests.at(-1)!.headers.get(name)?.startsWith("Bearer "), name);
  }
  // The config store's requests pass the proxy as well.
  assertEquals(requests.map(({ headers }) => headers.has("proxy-authorization")), Array(4).fill(true));
  assert(!backend.tokenHeaderNames().flat().includes("proxy-authorization"));
});

// A 401 may be about either token: the proxy's is refreshed before the platform's.
for (const [door, server, expected] of [["front", "proxy", [1, 2]], ["api", "platform", [2, 2]]] as const) {
  Deno.test(`proxy-authorization: a token that the ${server} rejects is replaced`, async () => {
    await using scene = await arrange();
    const { backend, list, counts } = scene;
    await list();
    backend.flyte.revokeNext.add(door);

    assertEquals([await list(), counts()], [200, expected]);
  });
}

Deno.test("proxy-authorization: the proxy's refusal of a token is one request", async () => {
  await using scene = await arrange({ audience: "https://other.test" });

  const error = await assertRejects(scene.list, AuthenticationError);

  assertEquals([error.code, scene.counts()], ["token_request_rejected", [0, 1]]);
});

Deno.test("proxy-authorization: a platform that rejects all tokens causes no storm of requests", async () => {
  await using scene = await arrange({ scopes: ["offline"] });

  for (let call = 0; call < 10; call++) assertEquals(await scene.list(), 401);

  assert(Math.max(...scene.counts()) <= 5, String(scene.counts()));
});
