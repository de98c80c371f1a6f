import { assert, assertEquals, assertThrows } from "@std/assert";
import { ClientCredentialsAuthenticator, clientSecretPost, StaticClientConfigStore } from "@m2m/authenticator";
import { authenticatorFromFlyteApiKey } from "@m2m/authenticator/config-store/flyte";
import { encodeBase64 } from "@std/encoding/base64";
import { assertNothingShows, planted } from "./faults/planted.ts";
import { client, startFlyteBackend } from "./servers/flyte_backend.ts";

const { clientId, clientSecret } = client;

Deno.test("an API key is all it takes", async () => {
  await using backend = await startFlyteBackend();
  const { host, origin } = new URL(backend.flyte.origin);

  for (const endpoint of [origin, host, `dns:///${host}`]) {
    const key = encodeBase64(`${endpoint}:${clientId}:${clientSecret}:None`);
    const authenticator = authenticatorFromFlyteApiKey(`${key}\n`, { insecure: true });
    assert(authenticator instanceof ClientCredentialsAuthenticator);

    const response = await authenticator.fetch("/api/v1/projects");

    assertEquals(response.status, 200, endpoint);
    await response.body?.cancel();
  }
});

Deno.test("what is given counts in place of what the key says", async () => {
  await using backend = await startFlyteBackend();
  const { origin } = backend.flyte;
  const key = encodeBase64("flyte.test:other-client:other-secret:acme");
  const asked = () => backend.asked().length;

  await authenticatorFromFlyteApiKey(key, { endpoint: origin, clientId, clientSecret }).getCredentials();
  await authenticatorFromFlyteApiKey(key, {
    clientId,
    clientAuth: { method: "custom", authenticate: ({ headers }) => void headers.set("authorization", basic) },
    configStore: new StaticClientConfigStore({ tokenEndpoint: `${backend.issuer}/token`, scopes: ["all"] }),
  }).getCredentials();
  await authenticatorFromFlyteApiKey(key, { endpoint: origin, clientId, clientSecret, scopes: ["all"] })
    .getCredentials();

  assertEquals([asked(), backend.asked().at(-1)?.scope], [3, "all"]);
  const store = authenticatorFromFlyteApiKey(key, { clientAuth: clientSecretPost("x") });
  assertEquals(store.credentials, undefined);
});

const basic = `Basic ${encodeBase64(`${clientId}:${clientSecret}`)}`;

Deno.test("what is no key is refused at once, and isn't shown; nor does the authenticator show it", () => {
  const error = assertThrows(() => authenticatorFromFlyteApiKey(planted.token), TypeError, "An API key of Flyte");
  assertNothingShows(error);
  const key = encodeBase64(`flyte.test:id:${planted.secret}:None`);
  assertNothingShows(authenticatorFromFlyteApiKey(key));
  assertThrows(() => authenticatorFromFlyteApiKey(key, { timeout: -1 }), RangeError);
  const plain = encodeBase64(`http://flyte.test:id:${planted.secret}:None`);
  assertNothingShows(assertThrows(() => authenticatorFromFlyteApiKey(plain), TypeError, "or set insecure"));
});
