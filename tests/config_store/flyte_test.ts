import { assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, type Fetch } from "@m2m/authenticator";
import { FlyteClientConfigStore, type FlyteOptions } from "@m2m/authenticator/config-store/flyte";
import { startFlyteBackend } from "../servers/flyte_backend.ts";
import { silence } from "./metadata_stub.ts";

const metadataPath = "/.well-known/oauth-authorization-server";
const clientPath = "/config/v1/flyte_client";
const metadata = `GET ${metadataPath} 200`;
const rpc = "POST /flyteidl2.auth.AuthMetadataService";
const overrides = { scopes: ["all"], audience: "", headerKey: "x-token" };
const flyte2 = [`GET ${clientPath} 404`, `${rpc}/GetPublicClientConfig 200`];
const withoutMetadata = [`GET ${metadataPath} 501`, `${rpc}/GetOAuth2Metadata 200`, ...flyte2];

const platforms: Record<string, [Parameters<typeof startFlyteBackend>[0], FlyteOptions, requests: string[]]> = {
  "flyteadmin": [{}, {}, [metadata, `GET ${clientPath} 200`]],
  "flyteadmin, all of whose settings are overridden,": [{}, { overrides }, [metadata]],
  "Flyte 2": [{ version: 2 }, {}, [metadata, ...flyte2]],
  "Flyte 2 without metadata": [{ version: 2, failing: { [metadataPath]: 501 } }, {}, withoutMetadata],
};
for (const [what, [backend, options, requests]] of Object.entries(platforms)) {
  Deno.test(`FlyteClientConfigStore: ${what} is asked by ${requests}`, async () => {
    await using platform = await startFlyteBackend(backend);
    const { issuer, flyte } = platform;

    const { tokenEndpoint } = await new FlyteClientConfigStore(flyte.origin, options).getClientConfig();

    assertEquals([tokenEndpoint, flyte.log.sort()], [`${issuer}/token`, requests.toSorted()]);
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
