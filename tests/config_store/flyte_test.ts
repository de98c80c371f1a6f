import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { FlyteClientConfigStore, type FlyteOptions } from "@m2m/authenticator/config-store/flyte";
import { audience, client, startFlyteBackend } from "../servers/flyte_backend.ts";

const metadataPath = "/.well-known/oauth-authorization-server";
const clientPath = "/config/v1/flyte_client";
const service = "/flyteidl2.auth.AuthMetadataService";

function authenticatorFor(origin: string, options: FlyteOptions = {}) {
  const configStore = new FlyteClientConfigStore(origin, options);
  return new ClientCredentialsAuthenticator({ endpoint: configStore.endpoint, ...client, configStore });
}

const listed = { projects: [{ id: "flytesnacks", name: "flytesnacks" }] };

Deno.test("flyteadmin takes the token in its own header, with the scopes it tells of and no audience", async () => {
  await using backend = await startFlyteBackend();
  const { flyte } = backend;

  const response = await authenticatorFor(flyte.origin).fetch("/api/v1/projects");

  assertEquals(await response.json(), { ...listed, token: "" });
  assertEquals(
    flyte.log.toSorted(),
    [
      `GET ${metadataPath} 200`,
      "GET /api/v1/projects 200",
      `GET ${clientPath} 200`,
    ].toSorted(),
  );
  const { headers } = flyte.requests.at(-1)!;
  assert(headers.get("flyte-authorization")?.startsWith("Bearer "));
  assertEquals(headers.get("authorization"), null);
  assertEquals(backend.asked(), [{ grant_type: "client_credentials", scope: "all offline" }]);
  for (const { headers } of flyte.requests.slice(0, 2)) assertEquals(headers.get("accept"), "application/json");
});

Deno.test("Flyte 2 says it in other words and by Connect, and takes the token in the usual header", async () => {
  await using backend = await startFlyteBackend({ version: 2 });
  const { flyte } = backend;

  const response = await authenticatorFor(flyte.origin).fetch("/flyteidl2.project.ProjectService/ListProjects", {
    method: "POST",
    body: "{}",
  });

  assertEquals(await response.json(), listed);
  assertEquals(
    flyte.log.toSorted(),
    [
      `GET ${metadataPath} 200`,
      `GET ${clientPath} 404`,
      `POST ${service}/GetPublicClientConfig 200`,
      "POST /flyteidl2.project.ProjectService/ListProjects 200",
    ].toSorted(),
  );
  assert(flyte.requests.at(-1)!.headers.get("authorization")?.startsWith("Bearer "));
});

Deno.test("Flyte 2 whose metadata isn't set up at its path (501) gives it by Connect", async () => {
  await using backend = await startFlyteBackend({ version: 2, failing: { [metadataPath]: 501 } });

  const { tokenEndpoint, issuer } = await new FlyteClientConfigStore(backend.flyte.origin).getClientConfig();

  assertEquals([tokenEndpoint, issuer], [`${backend.issuer}/token`, backend.issuer]);
  assert(backend.flyte.log.includes(`POST ${service}/GetOAuth2Metadata 200`));
});

for (
  const [status, code, retryable] of [
    [404, "config_not_found", false],
    [501, "config_not_found", false],
    [403, "config_store_failed", false],
    [503, "config_store_failed", true],
  ] as const
) {
  Deno.test(`flyteadmin whose metadata path answers ${status} ends it with ${code}, and nothing shows`, async () => {
    await using backend = await startFlyteBackend({ failing: { [metadataPath]: status } });
    const { origin } = backend.flyte;

    const store = new FlyteClientConfigStore(origin);
    const error = await assertRejects(() => store.getClientConfig(), AuthenticationError);

    assertEquals([error.code, error.retryable, error.status], [code, retryable, status]);
    assertStringIncludes(error.message, `${origin}: ${metadataPath} answered ${status}; ${service}/GetOAuth2Metadata`);
    assert(!error.message.includes("planted-body-text"));
  });
}

Deno.test("a platform that says nothing to its clients takes the token in the usual header, without a scope", async () => {
  await using backend = await startFlyteBackend({ failing: { [clientPath]: 501 } });

  const config = await new FlyteClientConfigStore(backend.flyte.origin).getClientConfig();

  assertEquals([config.scopes, config.audience, config.headerKey], [undefined, undefined, undefined]);
});

Deno.test("a platform in trouble is not one that says nothing: the header would be a guess", async () => {
  await using backend = await startFlyteBackend({ failing: { [clientPath]: 503 } });

  const error = await assertRejects(
    () => new FlyteClientConfigStore(backend.flyte.origin).getClientConfig(),
    AuthenticationError,
    `${clientPath} answered 503; ${service}/GetPublicClientConfig answered 404. Try again later.`,
  );

  assertEquals([error.code, error.retryable], ["config_store_failed", true]);
});

Deno.test("what isn't set is empty, and counts as absent", async () => {
  const empty = { scopes: [], audience: "", authorization_metadata_key: "" };
  await using backend = await startFlyteBackend({ client: empty, metadata: { issuer: "" } });

  const config = await new FlyteClientConfigStore(backend.flyte.origin).getClientConfig();

  assertEquals({ ...config }, {
    tokenEndpoint: `${backend.issuer}/token`,
    resource: undefined,
    scopes: undefined,
    audience: undefined,
    headerKey: undefined,
  });
});

Deno.test("an audience is sent where the platform tells of one, and the user's own counts before it", async () => {
  await using backend = await startFlyteBackend({ client: { audience } });
  const { origin } = backend.flyte;

  await authenticatorFor(origin).getCredentials();
  await authenticatorFor(origin, { overrides: { audience: "" } }).getCredentials();
  const error = await assertRejects(
    () => authenticatorFor(origin, { overrides: { audience: "https://other.test" } }).getCredentials(),
    AuthenticationError,
  );

  assertEquals(error.code, "token_request_rejected");
  assertEquals(backend.asked().map((parameters) => parameters.audience), [audience, undefined, "https://other.test"]);
});

Deno.test("the user's own scopes count before the platform's, and the authenticator's before those", async () => {
  await using backend = await startFlyteBackend();
  const { origin } = backend.flyte;
  const configStore = new FlyteClientConfigStore(origin, { overrides: { scopes: ["all"] } });

  await new ClientCredentialsAuthenticator({ endpoint: origin, ...client, configStore }).getCredentials();
  await new ClientCredentialsAuthenticator({ endpoint: origin, ...client, configStore, scopes: ["offline"] })
    .getCredentials();
  await authenticatorFor(origin, { overrides: { scopes: [] } }).getCredentials();

  assertEquals(backend.asked().map(({ scope }) => scope), ["all", "offline", undefined]);
});

Deno.test("a platform whose clients know all three settings isn't asked for them", async () => {
  await using backend = await startFlyteBackend();
  const overrides = { scopes: ["all"], audience: "", headerKey: "Flyte-Authorization" };

  const config = await new FlyteClientConfigStore(backend.flyte.origin, { overrides }).getClientConfig();

  assertEquals([config.scopes, config.audience, config.headerKey], [["all"], "", "flyte-authorization"]);
  assertEquals(backend.flyte.log, [`GET ${metadataPath} 200`]);
});

Deno.test("a gateway's plain message in place of a challenge is read by nobody, and renewing is tried once", async () => {
  await using backend = await startFlyteBackend();
  const authenticator = authenticatorFor(backend.flyte.origin, { overrides: { scopes: ["offline"] } });

  const response = await authenticator.fetch("/api/v1/projects");

  assertEquals(response.status, 401);
  assertEquals(
    response.headers.get("www-authenticate"),
    "token parse error [JWT_VERIFICATION_FAILED] could not find it",
  );
  await response.body?.cancel();
  assertEquals(backend.asked().length, 2);
});

Deno.test("a header whose name changes is the new one on the next token, and the old one is gone", async () => {
  await using backend = await startFlyteBackend();
  const { flyte } = backend;
  let now = 1_000;
  const clock = { wall: () => Date.now() + now, monotonic: () => performance.now() + now };
  const authenticator = authenticatorFor(flyte.origin, { maxAge: 0, clock });
  await (await authenticator.fetch("/api/v1/projects")).body?.cancel();
  flyte.headerKey = "authorization";
  // Fetched behind the first who asks, used by the next.
  await authenticator.refreshCredentials();
  now += 60_000;
  await authenticator.refreshCredentials();

  const response = await authenticator.fetch("/api/v1/projects");

  assertEquals(response.status, 200);
  await response.body?.cancel();
  const { headers } = flyte.requests.findLast(({ path }) => path === "/api/v1/projects")!;
  assertEquals([headers.has("authorization"), headers.has("flyte-authorization")], [true, false]);
});

Deno.test("a resource is sent where the user says one, and the platform is still asked for the rest", async () => {
  const requests: string[] = [];
  const fetch = (input: string | URL | Request) => {
    requests.push(new URL(String(input)).pathname);
    return Promise.resolve(Response.json({ token_endpoint: "https://login.test/token", scopes: ["all"] }));
  };
  const overrides = { resource: new URL("https://flyte.test/api") };

  const config = await new FlyteClientConfigStore("flyte.test", { fetch, overrides }).getClientConfig();

  assertEquals([config.resource, config.scopes], [["https://flyte.test/api"], ["all"]]);
  assert(Object.isFrozen(config.scopes));
  assertEquals(requests.toSorted(), [metadataPath, clientPath].toSorted());
});

Deno.test("a way to prove oneself that the platform's authorization server doesn't take is refused, unless its word is ignored", async () => {
  for (const version of [1, 2] as const) {
    await using backend = await startFlyteBackend({ version });
    const { origin } = backend.flyte;
    const settings = (authMethod?: string, options?: FlyteOptions) =>
      new FlyteClientConfigStore(origin, options).getClientConfig({ authMethod });

    const error = await assertRejects(() => settings("private_key_jwt"), AuthenticationError);

    assertStringIncludes(error.message, `Cannot authenticate by private_key_jwt: ${origin} supports client_secret_basic`);
    assertEquals(error.code, "invalid_config");
    for (const config of [settings("client_secret_basic"), settings(), settings("none", { ignoreAuthMethods: true })]) {
      assertEquals((await config).tokenEndpoint, `${backend.issuer}/token`);
    }
  }
  await using silent = await startFlyteBackend({ metadata: { token_endpoint_auth_methods_supported: [] } });
  const store = new FlyteClientConfigStore(silent.flyte.origin);
  assertEquals(
    (await store.getClientConfig({ authMethod: "private_key_jwt" })).tokenEndpoint,
    `${silent.issuer}/token`,
  );
});

const endpoints: [endpoint: string, options: FlyteOptions, expected: string][] = [
  ["https://flyte.test", {}, "https://flyte.test"],
  ["https://flyte.test/", {}, "https://flyte.test"],
  ["https://flyte.test/base/", {}, "https://flyte.test/base/"],
  ["dns:///flyte.test", {}, "https://flyte.test"],
  ["dns:///flyte.test:8089", {}, "https://flyte.test:8089"],
  ["dns:///flyte.test:8089", { insecure: true }, "http://flyte.test:8089"],
  ["flyte.test:443", {}, "https://flyte.test"],
  ["localhost:30080", { insecure: true }, "http://localhost:30080"],
  ["http://127.0.0.1:30080", {}, "http://127.0.0.1:30080"],
  ["http://flyte.test", { insecure: true }, "http://flyte.test"],
  ["http://flyte.test", { allowInsecureRequests: true }, "http://flyte.test"],
];
for (const [endpoint, options, expected] of endpoints) {
  Deno.test(`the platform ${endpoint} ${JSON.stringify(options)} is ${expected}`, () => {
    assertEquals(new FlyteClientConfigStore(endpoint, options).endpoint, expected);
  });
}

const wrong: [what: string, endpoint: unknown, options: Record<string, unknown>, says: string][] = [
  ["no endpoint", undefined, {}, "endpoint must be a platform's"],
  ["an empty endpoint", "", {}, "endpoint must be an absolute URL"],
  ["an http: endpoint", "http://flyte.test", {}, "or set insecure"],
  ["a name server", "dns://8.8.8.8/flyte.test", {}, "endpoint must be a platform's"],
  ["a name server behind a space", " dns://8.8.8.8/flyte.test", {}, "endpoint must be a platform's"],
  ["a name server and a backslash", "dns://8.8.8.8\\flyte.test", {}, "endpoint must be a platform's"],
  ["a name server and a line break", "dns://8.8.8.8\n/flyte.test", {}, "endpoint must be a platform's"],
  ["a single slash", "dns:/flyte.test", {}, "endpoint must be a platform's"],
  ["no slash", "dns:443", {}, "endpoint must be a platform's"],
  ["a file", "file:///etc/hosts", {}, "must be an absolute URL"],
  ["a query", "https://flyte.test/?x=1", {}, "neither query nor fragment"],
  ["a password", "https://a:b@flyte.test", {}, "without user name and password"],
  ["text for scopes", "flyte.test", { overrides: { scopes: "all" } }, "scopes must be an array"],
  ["a header of two words", "flyte.test", { overrides: { headerKey: "a b" } }, "headerKey must be"],
  ["a relative resource", "flyte.test", { overrides: { resource: "/api" } }, "resource must be an absolute URI"],
  ["no function for fetch", "flyte.test", { fetch: 7 }, "fetch must be a function"],
  ["no age", "flyte.test", { maxAge: NaN }, "maxAge must be"],
  ["no time", "flyte.test", { timeout: 0 }, "timeout must be"],
];
for (const [what, endpoint, options, says] of wrong) {
  Deno.test(`a store with ${what} is refused at once`, () => {
    const error = assertThrows(() => new FlyteClientConfigStore(endpoint as string, options), Error, says);
    assert(error instanceof TypeError || error instanceof RangeError);
  });
}
