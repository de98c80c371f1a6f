import { assert, assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import {
  AuthenticationError,
  type AuthenticationErrorCode,
  type ClientConfig,
  ClientCredentialsAuthenticator,
  type Fetch,
} from "@m2m/authenticator";
import { FlyteClientConfigStore, type FlyteOptions } from "@m2m/authenticator/config-store/flyte";
import { audience, client, startFlyteBackend } from "../servers/flyte_backend.ts";
import { MetadataStub, platform, silence } from "./metadata_stub.ts";

const metadataPath = "/.well-known/oauth-authorization-server";
const clientPath = "/config/v1/flyte_client";
const service = "/flyteidl2.auth.AuthMetadataService";
const listProjects = "/flyteidl2.project.ProjectService/ListProjects";
const name = "FlyteClientConfigStore";

/** A platform, and an authenticator and settings for it. */
async function arrange(backendOptions: Parameters<typeof startFlyteBackend>[0] = {}) {
  const backend = await startFlyteBackend(backendOptions);
  const { flyte } = backend;
  const createStore = (options?: FlyteOptions) => new FlyteClientConfigStore(flyte.origin, options);
  return {
    ...backend,
    authenticator: (options?: FlyteOptions, scopes?: string[]) => {
      const configStore = createStore(options);
      return new ClientCredentialsAuthenticator({ endpoint: configStore.endpoint, ...client, configStore, scopes });
    },
    get: async (options?: FlyteOptions, authMethod?: string) =>
      await createStore(options).getClientConfig({ authMethod }),
    sent: (parameter: string) => backend.asked().map((parameters) => parameters[parameter]),
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}

const listed = { projects: [{ id: "flytesnacks", name: "flytesnacks" }] };

Deno.test(`${name}: reads flyteadmin's header and scopes`, async () => {
  await using scene = await arrange();
  const { flyte } = scene;

  const response = await scene.authenticator().fetch("/api/v1/projects");

  assertEquals(await response.json(), { ...listed, token: "" });
  const log = [`GET ${metadataPath} 200`, "GET /api/v1/projects 200", `GET ${clientPath} 200`];
  assertEquals(flyte.log.toSorted(), log.toSorted());
  const { headers } = flyte.requests.at(-1)!;
  assert(headers.get("flyte-authorization")?.startsWith("Bearer "));
  assertEquals(headers.get("authorization"), null);
  assertEquals(scene.asked(), [{ grant_type: "client_credentials", scope: "all offline" }]);
  for (const { headers } of flyte.requests.slice(0, 2)) assertEquals(headers.get("accept"), "application/json");
});

Deno.test(`${name}: reads Flyte 2 by Connect, which takes the usual header`, async () => {
  await using scene = await arrange({ version: 2 });
  const { flyte } = scene;

  const response = await scene.authenticator().fetch(listProjects, { method: "POST", body: "{}" });

  assertEquals(await response.json(), listed);
  const client = [`GET ${clientPath} 404`, `POST ${service}/GetPublicClientConfig 200`];
  assertEquals(flyte.log.toSorted(), [`GET ${metadataPath} 200`, ...client, `POST ${listProjects} 200`].toSorted());
  assert(flyte.requests.at(-1)!.headers.get("authorization")?.startsWith("Bearer "));
});

Deno.test(`${name}: reads metadata by Connect where Flyte 2 has none at its path (501)`, async () => {
  await using scene = await arrange({ version: 2, failing: { [metadataPath]: 501 } });

  const { tokenEndpoint, issuer } = await scene.get();

  assertEquals([tokenEndpoint, issuer], [`${scene.issuer}/token`, scene.issuer]);
  assert(scene.flyte.log.includes(`POST ${service}/GetOAuth2Metadata 200`));
});

type Backend = NonNullable<Parameters<typeof startFlyteBackend>[0]>;
type Expected = Partial<ClientConfig> | [AuthenticationErrorCode, ...says: string[]];

const empty = { scopes: [], audience: "", authorization_metadata_key: "" };
const none = { scopes: undefined, audience: undefined, headerKey: undefined, resource: undefined };
const overrides = { scopes: ["all"], audience: "", headerKey: "Flyte-Authorization" };
const atMetadata = (status: number): string[] => [`${metadataPath} answered ${status}; ${service}/GetOAuth2Metadata `];
const rows: [backend: Backend, options: FlyteOptions, expected: Expected, authMethod?: string][] = [
  [{ failing: { [metadataPath]: 404 } }, {}, ["config_not_found", ...atMetadata(404)]],
  [{ failing: { [metadataPath]: 501 } }, {}, ["config_not_found", ...atMetadata(501)]],
  [{ failing: { [metadataPath]: 403 } }, {}, ["config_store_failed", ...atMetadata(403)]],
  [{ failing: { [metadataPath]: 503 } }, {}, ["config_store_failed", ...atMetadata(503), "Try again later"]],
  // Without client settings the header would be a guess.
  [{ failing: { [clientPath]: 503 } }, {}, ["config_store_failed", `${clientPath} answered 503; `, "Try again later"]],
  [{ failing: { [clientPath]: 501 } }, {}, none],
  [{ client: empty, metadata: { issuer: "" } }, {}, { ...none, issuer: undefined }],
  [{}, { overrides }, { ...overrides, headerKey: "flyte-authorization" }],
  ...[1, 2].map((version) => ({ version }) as Backend).flatMap((backend): typeof rows => [
    [backend, {}, ["invalid_config", "supports client_secret_basic"], "private_key_jwt"],
    [backend, {}, {}, "client_secret_basic"],
    [backend, {}, {}],
    [backend, { ignoreAuthMethods: true }, {}, "none"],
  ]),
  [{ metadata: { token_endpoint_auth_methods_supported: [] } }, {}, {}, "private_key_jwt"],
];
const show = (value: unknown) => Deno.inspect(value, { compact: true, breakLength: Infinity });
for (const [backend, options, expected, authMethod] of rows) {
  const given = [backend, options, authMethod].map((it) => show(it)).join(" with ");
  Deno.test(`${name}: for ${given} returns ${show(expected)}`, async () => {
    await using scene = await arrange(backend);

    const got = await scene.get(options, authMethod).catch((error: unknown) => error);

    if (Array.isArray(expected)) {
      const [code, ...says] = expected;
      assert(got instanceof AuthenticationError, String(got));
      assertEquals([got.code, got.retryable], [code, says.includes("Try again later")]);
      assertEquals(got.status, Object.values(backend.failing ?? {})[0]);
      for (const text of [scene.flyte.origin, ...says]) assertStringIncludes(got.message, text);
      assertFalse(got.message.includes("planted-body-text"));
    } else {
      const config = { tokenEndpoint: `${scene.issuer}/token`, ...expected };
      for (const [key, value] of Object.entries(config)) assertEquals((got as Record<string, unknown>)[key], value);
      if (options.overrides !== undefined) assertEquals(scene.flyte.log, [`GET ${metadataPath} 200`]);
    }
  });
}

Deno.test(`${name}: sends the platform's audience, unless it is overridden`, async () => {
  await using scene = await arrange({ client: { audience } });
  const overridden = (audience: string) => scene.authenticator({ overrides: { audience } });

  await scene.authenticator().getCredentials();
  await overridden("").getCredentials();
  const error = await assertRejects(() => overridden("https://other.test").getCredentials(), AuthenticationError);

  assertEquals(error.code, "token_request_rejected");
  assertEquals(scene.sent("audience"), [audience, undefined, "https://other.test"]);
});

Deno.test(`${name}: prefers the overridden scopes, and the authenticator's to those`, async () => {
  await using scene = await arrange();

  await scene.authenticator({ overrides: { scopes: ["all"] } }).getCredentials();
  await scene.authenticator({ overrides: { scopes: ["all"] } }, ["offline"]).getCredentials();
  await scene.authenticator({ overrides: { scopes: [] } }).getCredentials();

  assertEquals(scene.sent("scope"), ["all", "offline", undefined]);
});

Deno.test(`${name}: a gateway's text in place of a challenge leads to one refresh`, async () => {
  await using scene = await arrange();

  const response = await scene.authenticator({ overrides: { scopes: ["offline"] } }).fetch("/api/v1/projects");

  assertEquals(response.status, 401);
  assertStringIncludes(response.headers.get("www-authenticate")!, "JWT_VERIFICATION_FAILED");
  await response.body?.cancel();
  assertEquals(scene.asked().length, 2);
});

Deno.test(`${name}: a changed header is used with the next token, in place of the old one`, async () => {
  await using scene = await arrange();
  const { flyte } = scene;
  let now = 1_000;
  const clock = { wall: () => Date.now() + now, monotonic: () => performance.now() + now };
  const authenticator = scene.authenticator({ maxAge: 0, clock });
  await (await authenticator.fetch("/api/v1/projects")).body?.cancel();
  flyte.headerKey = "authorization";
  // The first call refreshes the settings in the background, the second uses them.
  await authenticator.refreshCredentials();
  now += 60_000;
  await authenticator.refreshCredentials();

  const response = await authenticator.fetch("/api/v1/projects");

  assertEquals(response.status, 200);
  await response.body?.cancel();
  const { headers } = flyte.requests.findLast(({ path }) => path === "/api/v1/projects")!;
  assertEquals([headers.has("authorization"), headers.has("flyte-authorization")], [true, false]);
});

Deno.test(`${name}: an overridden resource leaves the other settings to the platform`, async () => {
  const stub = new MetadataStub();
  const overrides = { resource: new URL("https://flyte.test/api") };

  const config = await new FlyteClientConfigStore("flyte.test", { fetch: stub.fetch, overrides }).getClientConfig();

  assertEquals([config.resource, config.scopes], [["https://flyte.test/api"], ["all"]]);
  assert(Object.isFrozen(config.scopes));
  assertEquals(stub.urls.toSorted(), [platform + metadataPath, platform + clientPath].toSorted());
});

for (const isDeaf of [false, true]) {
  Deno.test(`${name}: missing metadata ends a hanging client request${isDeaf ? " without signal" : ""}`, async () => {
    let hung: AbortSignal | undefined;
    const fetch: Fetch = (input, init) => {
      if (!String(input).endsWith(clientPath)) return Promise.resolve(new Response(null, { status: 404 }));
      hung = init?.signal ?? undefined;
      return isDeaf ? new Promise(() => {}) : silence(hung);
    };

    const store = new FlyteClientConfigStore("flyte.test", { fetch, timeout: 60_000 });
    const error = await assertRejects(() => store.getClientConfig(), AuthenticationError);

    assertEquals([error.code, hung?.aborted], ["config_not_found", true]);
  });
}
