import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  type ClientCredentialsAuthenticator,
  clientSecretBasic,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { authenticatorFromFlyteApiKey } from "@m2m/authenticator/config-store/flyte";
import { authenticatorFromFlyteConfig } from "@m2m/authenticator/config-store/flyte-config-file";
import { encodeBase64 } from "@std/encoding/base64";
import { assertNothingShows, planted } from "./faults/planted.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { audience, client, startFlyteBackend } from "./servers/flyte_backend.ts";
import { call } from "./servers/loopback.ts";
import { startProxy } from "./servers/proxy.ts";

const { clientId, clientSecret } = client;
const clientAuth = { ...clientSecretBasic(clientSecret), method: "custom" };
const makeKey = (...fields: string[]) => encodeBase64(fields.join(":"));
const others = makeKey("flyte.test", "other-client", "other-secret", "acme");
const people = "admin: { authType: Pkce, httpProxyURL: 'http://proxy.test' }";

const scopes = ["all"];

/** Authenticators for a platform; options take precedence. */
const made: Record<string, (endpoint: string, tokenEndpoint: string) => ClientCredentialsAuthenticator> = {
  "an API key"(endpoint) {
    const key = makeKey(`dns:///${new URL(endpoint).host}`, clientId, clientSecret, "None");
    return authenticatorFromFlyteApiKey(`${key}\n`, { insecure: true, scopes });
  },
  "options beside an API key": (endpoint) => authenticatorFromFlyteApiKey(others, { endpoint, ...client, scopes }),
  "a store beside an API key"(endpoint, tokenEndpoint) {
    const configStore = new StaticClientConfigStore({ tokenEndpoint, headerKey: "flyte-authorization", scopes });
    return authenticatorFromFlyteApiKey(others, { endpoint, clientId, clientAuth, configStore });
  },
  "options beside a config file": (endpoint) =>
    authenticatorFromFlyteConfig(people, { endpoint, ...client, fetch, scopes }),
};
for (const [what, make] of Object.entries(made)) {
  Deno.test(`Flyte: ${what} lead to a call`, async () => {
    await using backend = await startFlyteBackend();

    const status = await call(make(backend.flyte.origin, `${backend.issuer}/token`), "/api/v1/projects");

    assertEquals([status, backend.asked()], [200, [{ grant_type: "client_credentials", scope: "all" }]]);
  });
}

Deno.test("authenticatorFromFlyteConfig: reads a config file, and the secret's file or variable for each token", async () => {
  await using backend = await startFlyteBackend();
  await using proxy = await startProxy();
  await using folder = await temporaryFolder("flyte_");
  const path = `${folder.path}/client_secret`;
  await Deno.writeTextFile(path, `${clientSecret}\n`);
  backend.flyte.headerKey = "x-token";
  const env: Record<string, string> = {};
  const read = (more: string) => {
    const { host } = new URL(backend.flyte.origin);
    const admin = `endpoint: "dns:///${host}", insecure: true, authType: ClientSecret, clientId: ${clientId}`;
    const others = `clientSecretLocation: ${path}, scopes: [all], audience: "${audience}"`;
    return authenticatorFromFlyteConfig(`admin: { ${admin}, ${others}, ${more} }`, { env });
  };

  await using authenticator = read(`authorizationHeader: Authorization, httpProxyURL: "${proxy.url}"`);
  assertEquals([...(await authenticator.authorize(new Headers())).keys()], ["authorization"]);
  assertEquals(backend.asked(), [{ grant_type: "client_credentials", scope: "all", audience }]);
  assert(proxy.requests.length >= 2);
  await Deno.writeTextFile(path, "wrong");
  await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError, "invalid_client");

  const [first, second] = [read("clientSecretEnvVar: FLYTE_SECRET"), read("clientSecretEnvVar: FLYTE_SECRET")];
  await assertRejects(() => first.getCredentials(), AuthenticationError, "clientSecretEnvVar names is missing");
  env.FLYTE_SECRET = clientSecret;
  assertEquals((await second.getCredentials()).tokenType, "Bearer");
});

Deno.test("authenticatorFromFlyteConfig: takes all spellings of client credentials", () => {
  for (const authType of ["ClientSecret", "clientsecret", "client_credentials", "CLIENT_SECRET", "basic", '""']) {
    authenticatorFromFlyteConfig(`admin: { endpoint: a.test, clientId: x, authType: ${authType} }`, { clientSecret });
  }
});

for (const name of ["clientSecretLocation", "caCertFilePath"]) {
  Deno.test(`authenticatorFromFlyteConfig: the error of a file that isn't there names ${name}, and no path`, async () => {
    const source = `admin: { endpoint: x.test, clientId: id, ${name}: /nowhere }`;
    const configStore = new StaticClientConfigStore({ tokenEndpoint: "https://127.0.0.1/t" });
    const secret = name === "caCertFilePath" ? { clientSecret } : {};
    const authenticator = authenticatorFromFlyteConfig(source, { configStore, ...secret });
    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError, `admin.${name}`);
    assertEquals(error.message.includes("nowhere"), false);
  });
}

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

Deno.test("Flyte: wrong arguments are refused as such, and no secret shows", () => {
  const [key, plain] = ["flyte.test", "http://flyte.test"].map((url) => makeKey(url, "id", planted.secret, "None"));
  const wrong: [make: () => unknown, says: string, type?: typeof RangeError][] = [
    [() => authenticatorFromFlyteApiKey(planted.token), "API key"],
    [() => authenticatorFromFlyteApiKey(plain!), "insecure"],
    [() => authenticatorFromFlyteApiKey(key!, { timeout: -1 }), "timeout", RangeError],
    [() => authenticatorFromFlyteConfig(admin("a.test"), { timeout: -1 }), "timeout", RangeError],
    [() => authenticatorFromFlyteConfig(admin("a.test"), { waitUntil: 7 as never }), "waitUntil"],
    [() => authenticatorFromFlyteConfig(admin("a.test"), { endpoint: "http://a.test" }), "endpoint"],
  ];
  for (const [make, says, type = TypeError] of wrong) assertNothingShows(assertThrows(make, type, says));
  assertNothingShows(authenticatorFromFlyteApiKey(key!));
});
