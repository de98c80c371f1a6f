import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import {
  authenticatorFromFlyteConfig,
  type AuthenticatorFromFlyteConfigOptions,
} from "@m2m/authenticator/config-store/flyte-config-file";
import { assertNothingShows, planted } from "./faults/planted.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { audience, client, startFlyteBackend } from "./servers/flyte_backend.ts";
import { startProxy } from "./servers/proxy.ts";

const { clientId, clientSecret } = client;

Deno.test("a config file and a secret's file are all it takes, and the secret may change", async () => {
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

  const response = await authenticator.fetch("/api/v1/projects");

  assertEquals(response.status, 200);
  await response.body?.cancel();
  assertEquals(backend.asked(), [{ grant_type: "client_credentials", scope: "all", audience }]);
  await Deno.writeTextFile(path, "wrong");
  await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError);
});

Deno.test("the variable counts before the file, and is looked at when a token is asked for", async () => {
  await using backend = await startFlyteBackend();
  const env: Record<string, string> = {};
  // A fault of one's own is told again for a moment, and nobody is asked.
  let later = 0;
  const clock = { wall: () => Date.now(), monotonic: () => performance.now() + later };
  const authenticator = authenticatorFromFlyteConfig(
    `
    admin:
      endpoint: ${backend.flyte.origin}
      clientId: ${clientId}
      clientSecretEnvVar: FLYTE_SECRET
      clientSecretLocation: /nowhere
  `,
    { env, clock },
  );
  const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  assertStringIncludes(error.message, "the variable that admin.clientSecretEnvVar names is missing");

  env.FLYTE_SECRET = clientSecret;
  later += 60_000;

  assertEquals((await authenticator.getCredentials()).tokenType, "Bearer");
});

Deno.test("a header of the file's own counts before the platform's", async () => {
  await using backend = await startFlyteBackend();
  backend.flyte.headerKey = "x-token";
  const authenticator = authenticatorFromFlyteConfig(
    `admin: { endpoint: "${backend.flyte.origin}", clientId: ${clientId}, authorizationHeader: Authorization }`,
    { clientSecret },
  );

  const headers = await authenticator.authorize(new Headers());

  assertEquals([...headers.keys()], ["authorization"]);
});

Deno.test("requests go by the file's proxy", async () => {
  await using backend = await startFlyteBackend();
  await using proxy = await startProxy();
  await using authenticator = authenticatorFromFlyteConfig(
    `admin: { endpoint: "${backend.flyte.origin}", clientId: ${clientId}, httpProxyURL: "${proxy.url}" }`,
    { clientSecret },
  );

  assertEquals((await authenticator.getCredentials()).tokenType, "Bearer");

  assert(proxy.requests.length >= 3);
});

Deno.test("what is given counts in place of what the file says, and isn't missed there", async () => {
  await using backend = await startFlyteBackend();
  const authenticator = authenticatorFromFlyteConfig("admin: { authType: Pkce, httpProxyURL: 'http://proxy.test' }", {
    endpoint: backend.flyte.origin,
    ...client,
    fetch,
    scopes: ["all"],
  });

  const response = await authenticator.fetch("/api/v1/projects");

  assertEquals(response.status, 200);
  await response.body?.cancel();
});

for (const authType of ["ClientSecret", "clientsecret", "client_credentials", "CLIENT_SECRET", "basic", '""']) {
  Deno.test(`signing in by ${authType} is what this is for`, () => {
    authenticatorFromFlyteConfig(`admin: { endpoint: a.test, clientId: x, authType: ${authType} }`, { clientSecret });
  });
}

const good = "endpoint: a.test, clientId: x, clientSecretLocation: /s";
const wrong: [what: string, source: string, says: string][] = [
  ["nothing", "", "admin.endpoint is missing; admin.clientId is missing; admin.clientSecretLocation is missing"],
  ["no secret", "admin: { endpoint: a.test, clientId: x }", "admin.clientSecretLocation is missing (or admin.client"],
  ...["Pkce", "DeviceFlow", "ExternalCommand", "standard", "Passthrough", planted.tokenStart].map((
    authType,
  ): [string, string, string] => [
    `authType ${authType}`,
    `admin: { ${good}, authType: ${authType} }`,
    "admin.authType must be ClientSecret: the other ways to sign in are for people",
  ]),
  [
    "an http: endpoint",
    `admin: { ${good.replace("a.test", "http://a.test")} }`,
    "admin.endpoint must be a platform's, such as dns:///flyte.example.com, and admin.insecure be true if it is http:",
  ],
  ["an endpoint that is none", `admin: { ${good.replace("a.test", "'a b'")} }`, "admin.endpoint must be a platform's"],
  ["a wrong flag", `admin: { ${good}, insecure: ${planted.tokenStart} }`, "admin.insecure must be true or false"],
];
for (const [what, source, says] of wrong) {
  Deno.test(`a config file with ${what} is refused at once, and not shown`, () => {
    const error = assertThrows(() => authenticatorFromFlyteConfig(source), AuthenticationError, says);
    assertEquals(error.code, "invalid_config");
    assertNothingShows(error);
  });
}

const wrongOptions: [what: string, options: AuthenticatorFromFlyteConfigOptions][] = [
  ["a time that is none", { timeout: -1 }],
  ["no function", { waitUntil: 7 as unknown as () => void }],
  ["an http: endpoint", { endpoint: "http://a.test" }],
];
for (const [what, options] of wrongOptions) {
  Deno.test(`an option with ${what} is none of the file's faults`, () => {
    const error = assertThrows(() => authenticatorFromFlyteConfig(`admin: { ${good} }`, options));
    assert(error instanceof TypeError || error instanceof RangeError, String(error));
  });
}
