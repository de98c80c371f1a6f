import { assert, assertEquals } from "@std/assert";
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import { client, frontAudience, startFlyteBackend } from "./servers/flyte_backend.ts";
import { call } from "./servers/loopback.ts";

/** A platform behind a proxy, and an authenticator for each; `list` calls the platform through both. */
async function arrange({ audience = frontAudience, scopes = ["all"] } = {}) {
  const backend = await startFlyteBackend({ hasFront: true, client: { scopes } });
  const { flyte: { origin: endpoint }, frontTokenEndpoint: tokenEndpoint } = backend;
  const configStore = new StaticClientConfigStore({ tokenEndpoint, audience });
  const headerKey = "proxy-authorization";
  const { fetch } = new ClientCredentialsAuthenticator({ endpoint, ...client, headerKey, configStore });
  const store = new FlyteClientConfigStore(endpoint);
  const authenticator = new ClientCredentialsAuthenticator({ endpoint, ...client, configStore: store, fetch });
  const list = () => call(authenticator, "/api/v1/projects").catch(({ code }) => code);
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

const refused = "token_request_rejected";
/** An audience of the proxy's tokens, whose token is rejected, and the statuses and token requests of two calls. */
const rejections: [what: string, audience: string, door: "front" | "api", gets: unknown[], counts: number[]][] = [
  // A 401 may be about either token: the proxy's is refreshed before the platform's.
  ["a token that the proxy rejects is replaced", frontAudience, "front", [200, 200], [1, 2]],
  ["a token that the platform rejects is replaced", frontAudience, "api", [200, 200], [2, 2]],
  ["the proxy's refusal of a token is one request", "https://other.test", "api", [refused, refused], [0, 1]],
];
for (const [what, audience, door, gets, expected] of rejections) {
  Deno.test(`proxy-authorization: ${what}`, async () => {
    await using scene = await arrange({ audience });
    const { backend, list, counts } = scene;
    const first = await list();
    backend.flyte.revokeNext.add(door);

    assertEquals([[first, await list()], counts()], [gets, expected]);
  });
}

Deno.test("proxy-authorization: a platform that rejects all tokens causes no storm of requests", async () => {
  await using scene = await arrange({ scopes: ["offline"] });

  for (let calls = 0; calls < 10; calls++) assertEquals(await scene.list(), 401);

  assert(Math.max(...scene.counts()) <= 5, String(scene.counts()));
});
