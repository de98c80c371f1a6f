import { assert, assertEquals, assertFalse, assertRejects, assertStringIncludes } from "@std/assert";
import { AuthenticationError, type AuthenticationErrorCode, type Fetch } from "@m2m/authenticator";
import { FlyteClientConfigStore, type FlyteOptions } from "@m2m/authenticator/config-store/flyte";
import { startFlyteBackend } from "../servers/flyte_backend.ts";
import { silence } from "./metadata_stub.ts";

const metadataPath = "/.well-known/oauth-authorization-server";
const clientPath = "/config/v1/flyte_client";
const service = "/flyteidl2.auth.AuthMetadataService";
const byConnect = `POST ${service}/GetPublicClientConfig 200`;

type Backend = NonNullable<Parameters<typeof startFlyteBackend>[0]>;
/** Settings and the requests for them, or an error code and parts of the message. */
type Expected = Record<string, unknown> | [AuthenticationErrorCode, ...says: string[]];

const empty = { scopes: [], audience: "", authorization_metadata_key: "" };
const none = { scopes: undefined, audience: undefined, headerKey: undefined, resource: undefined };
const overrides = { scopes: ["all"], audience: "", headerKey: "Flyte-Authorization" };
const flyte1 = { scopes: ["all", "offline"], headerKey: "flyte-authorization" };
const bothPaths = [`GET ${metadataPath} 200`, `GET ${clientPath} 200`];
const resource = new URL("https://flyte.test/api");
const fails = (path: string, status: number): Backend => ({ failing: { [path]: status } });
const atMetadata = (status: number): string[] => [`${metadataPath} answered ${status}; ${service}/GetOAuth2Metadata `];
const rows: [backend: Backend, options: FlyteOptions, expected: Expected, authMethod?: string][] = [
  [{}, {}, { ...flyte1, log: bothPaths }],
  [{ version: 2 }, {}, { log: [`GET ${metadataPath} 200`, `GET ${clientPath} 404`, byConnect] }],
  [
    { version: 2, ...fails(metadataPath, 501) },
    {},
    {
      log: [`GET ${metadataPath} 501`, `POST ${service}/GetOAuth2Metadata 200`, `GET ${clientPath} 404`, byConnect],
    },
  ],
  [fails(metadataPath, 404), {}, ["config_not_found", ...atMetadata(404)]],
  [fails(metadataPath, 501), {}, ["config_not_found", ...atMetadata(501)]],
  [fails(metadataPath, 403), {}, ["config_store_failed", ...atMetadata(403)]],
  [fails(metadataPath, 503), {}, ["config_store_failed", ...atMetadata(503), "Try again later"]],
  // Without client settings the header would be a guess.
  [fails(clientPath, 503), {}, ["config_store_failed", `${clientPath} answered 503; `, "Try again later"]],
  [fails(clientPath, 501), {}, none],
  [{ client: empty, metadata: { issuer: "" } }, {}, { ...none, issuer: undefined }],
  [{}, { overrides }, { ...overrides, headerKey: "flyte-authorization", log: [`GET ${metadataPath} 200`] }],
  [{}, { overrides: { resource } }, { ...flyte1, resource: [resource.href], log: bothPaths }],
  ...[1, 2].map((version) => ({ version }) as Backend).flatMap((backend): typeof rows => [
    [backend, {}, ["invalid_config", "supports client_secret_basic"], "private_key_jwt"],
    [backend, {}, {}, "client_secret_basic"],
    [backend, { ignoreAuthMethods: true }, {}, "none"],
  ]),
  [{ metadata: { token_endpoint_auth_methods_supported: [] } }, {}, {}, "private_key_jwt"],
];
const show = (value: unknown) => Deno.inspect(value, { compact: true, breakLength: Infinity });
for (const [backend, options, expected, authMethod] of rows) {
  const given = [backend, options, authMethod].map(show).join(" with ");
  Deno.test(`FlyteClientConfigStore: for ${given} returns ${show(expected)}`, async () => {
    await using platform = await startFlyteBackend(backend);
    const { issuer, flyte } = platform;

    const got = await new FlyteClientConfigStore(flyte.origin, options).getClientConfig({ authMethod })
      .catch((error) => error);

    if (Array.isArray(expected)) {
      const [code, ...says] = expected;
      const [status] = Object.values(backend.failing ?? {});
      assert(got instanceof AuthenticationError, String(got));
      assertEquals([got.code, got.retryable, got.status], [code, says.includes("Try again later"), status]);
      for (const text of [flyte.origin, ...says]) assertStringIncludes(got.message, text);
      assertFalse(got.message.includes("planted-body-text"));
    } else {
      const { log = flyte.log, ...settings } = expected;
      assertEquals({ ...got, tokenEndpoint: `${issuer}/token`, issuer, ...settings }, { issuer: undefined, ...got });
      assertEquals(flyte.log.sort(), (log as string[]).toSorted());
    }
  });
}

for (const isDeaf of [false, true]) {
  Deno.test(`FlyteClientConfigStore: missing metadata ends a hanging client request${isDeaf ? " without signal" : ""}`, async () => {
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
