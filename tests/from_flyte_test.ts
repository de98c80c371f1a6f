import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  type ClientCredentialsAuthenticator,
  clientSecretBasic,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import {
  authenticatorFromFlyteApiKey,
  type AuthenticatorFromFlyteApiKeyOptions,
} from "@m2m/authenticator/config-store/flyte";
import {
  authenticatorFromFlyteConfig,
  type AuthenticatorFromFlyteConfigOptions,
} from "@m2m/authenticator/config-store/flyte-config-file";
import { encodeBase64 } from "@std/encoding/base64";
import { assertNothingShows, planted } from "./faults/planted.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { audience, client, startFlyteBackend } from "./servers/flyte_backend.ts";
import { startProxy } from "./servers/proxy.ts";

const { clientId, clientSecret } = client;

async function assertCalls(authenticator: ClientCredentialsAuthenticator): Promise<void> {
  const response = await authenticator.fetch("/api/v1/projects");
  await response.body?.cancel();
  assertEquals(response.status, 200);
}

Deno.test("authenticatorFromFlyteApiKey: takes a URL, a host and a dns: target", async () => {
  await using backend = await startFlyteBackend();
  const { host, origin } = new URL(backend.flyte.origin);
  for (const endpoint of [origin, host, `dns:///${host}`]) {
    const key = encodeBase64(`${endpoint}:${clientId}:${clientSecret}:None`);
    await assertCalls(authenticatorFromFlyteApiKey(`${key}\n`, { insecure: true }));
  }
});

Deno.test("authenticatorFromFlyteApiKey: its options take precedence over the key", async () => {
  await using backend = await startFlyteBackend();
  const { origin: endpoint } = backend.flyte;
  const key = encodeBase64("flyte.test:other-client:other-secret:acme");
  const clientAuth = clientSecretBasic(clientSecret);
  const configStore = new StaticClientConfigStore({ tokenEndpoint: `${backend.issuer}/token`, scopes: ["offline"] });
  const cases: [AuthenticatorFromFlyteApiKeyOptions, scope: string][] = [
    [{ endpoint, ...client }, "all offline"],
    [{ endpoint, ...client, scopes: ["all"] }, "all"],
    [{ clientId, clientAuth: { ...clientAuth, method: "custom" }, configStore }, "offline"],
  ];
  for (const [options, scope] of cases) {
    await authenticatorFromFlyteApiKey(key, options).getCredentials();
    assertEquals(backend.asked().at(-1)?.scope, scope);
  }
});

Deno.test("authenticatorFromFlyteApiKey: refuses wrong arguments, and shows no secret", () => {
  const key = encodeBase64(`flyte.test:id:${planted.secret}:None`);
  const plain = encodeBase64(`http://flyte.test:id:${planted.secret}:None`);
  assertNothingShows(assertThrows(() => authenticatorFromFlyteApiKey(planted.token), TypeError, "API key"));
  assertNothingShows(assertThrows(() => authenticatorFromFlyteApiKey(plain), TypeError, "insecure"));
  assertThrows(() => authenticatorFromFlyteApiKey(key, { timeout: -1 }), RangeError);
  assertNothingShows(authenticatorFromFlyteApiKey(key));
});

Deno.test("authenticatorFromFlyteConfig: reads a config file, and the secret's file for each token", async () => {
  await using backend = await startFlyteBackend();
  await using folder = await temporaryFolder("flyte_");
  const path = `${folder.path}/client_secret`;
  await Deno.writeTextFile(path, `${clientSecret}\n`);
  const authenticator = authenticatorFromFlyteConfig(`
    admin:
      endpoint: dns:///${new URL(backend.flyte.origin).host}
      insecure: true
      authType: ClientSecret
      clientId: ${clientId}
      clientSecretLocation: ${path}
      scopes: [all]
      audience: ${audience}
  `);

  await assertCalls(authenticator);
  assertEquals(backend.asked(), [{ grant_type: "client_credentials", scope: "all", audience }]);
  await Deno.writeTextFile(path, "wrong");
  await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError);
});

Deno.test("authenticatorFromFlyteConfig: reads the variable instead of the file, for each token", async () => {
  await using backend = await startFlyteBackend();
  const env: Record<string, string> = {};
  // An error is cached for a moment.
  let later = 0;
  const clock = { wall: () => Date.now(), monotonic: () => performance.now() + later };
  const secret = "clientSecretEnvVar: FLYTE_SECRET, clientSecretLocation: /nowhere";
  const source = `admin: { endpoint: "${backend.flyte.origin}", clientId: ${clientId}, ${secret} }`;
  const authenticator = authenticatorFromFlyteConfig(source, { env, clock });

  await assertRejects(() => authenticator.getCredentials(), AuthenticationError, "clientSecretEnvVar names is missing");
  env.FLYTE_SECRET = clientSecret;
  later += 60_000;

  assertEquals((await authenticator.getCredentials()).tokenType, "Bearer");
});

Deno.test("authenticatorFromFlyteConfig: takes header and proxy from the file", async () => {
  await using backend = await startFlyteBackend();
  await using proxy = await startProxy();
  backend.flyte.headerKey = "x-token";
  const more = `authorizationHeader: Authorization, httpProxyURL: "${proxy.url}"`;
  const source = `admin: { endpoint: "${backend.flyte.origin}", clientId: ${clientId}, ${more} }`;
  await using authenticator = authenticatorFromFlyteConfig(source, { clientSecret });

  assertEquals([...(await authenticator.authorize(new Headers())).keys()], ["authorization"]);
  assert(proxy.requests.length >= 3);
});

Deno.test("authenticatorFromFlyteConfig: its options take precedence over the file", async () => {
  await using backend = await startFlyteBackend();
  const options = { endpoint: backend.flyte.origin, ...client, fetch, scopes: ["all"] };

  await assertCalls(
    authenticatorFromFlyteConfig("admin: { authType: Pkce, httpProxyURL: 'http://proxy.test' }", options),
  );
});

Deno.test("authenticatorFromFlyteConfig: takes all spellings of client credentials", () => {
  for (const authType of ["ClientSecret", "clientsecret", "client_credentials", "CLIENT_SECRET", "basic", '""']) {
    authenticatorFromFlyteConfig(`admin: { endpoint: a.test, clientId: x, authType: ${authType} }`, { clientSecret });
  }
});

const admin = (endpoint: string, more = "") =>
  `admin: { endpoint: ${endpoint}, clientId: x, clientSecretLocation: /s ${more} }`;
const forPeople = ["Pkce", "DeviceFlow", "ExternalCommand", "standard", "Passthrough", planted.tokenStart];
const wrong: [source: string, ...faults: string[]][] = [
  ["", "endpoint is missing", "clientId is missing", "clientSecretLocation is missing"],
  ["admin: { endpoint: a.test, clientId: x }", "clientSecretLocation is missing"],
  ...forPeople.map((type): [string, string] => [admin("a.test", `, authType: ${type}`), "authType must be"]),
  [admin("http://a.test"), "endpoint must be"],
  [admin("'a b'"), "endpoint must be"],
  [admin("a.test", `, insecure: ${planted.tokenStart}`), "insecure must be"],
];
for (const [source, ...faults] of wrong) {
  Deno.test(`authenticatorFromFlyteConfig: refuses the file "${source}", and doesn't show it`, () => {
    const error = assertThrows(() => authenticatorFromFlyteConfig(source), AuthenticationError);
    assertEquals(error.code, "invalid_config");
    for (const fault of faults) assert(error.message.includes(`admin.${fault}`), error.message);
    assertNothingShows(error);
  });
}

Deno.test("authenticatorFromFlyteConfig: refuses wrong options as such", () => {
  const cases: [AuthenticatorFromFlyteConfigOptions, typeof TypeError | typeof RangeError][] = [
    [{ timeout: -1 }, RangeError],
    [{ waitUntil: 7 as never }, TypeError],
    [{ endpoint: "http://a.test" }, TypeError],
  ];
  for (const [options, type] of cases) {
    assertThrows(() => authenticatorFromFlyteConfig(admin("a.test"), options), type);
  }
});
