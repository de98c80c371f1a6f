import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { audience, client, type FlyteBackend, frontAudience, startFlyteBackend } from "../servers/flyte_backend.ts";
import { runExample } from "./run_example.ts";

/** The environment, of which Flyte's variables alone may be read. */
function settings({ flyte }: FlyteBackend) {
  return {
    FLYTE_PLATFORM_URL: `dns:///${new URL(flyte.origin).host}`,
    FLYTE_PLATFORM_INSECURE: "true",
    FLYTE_CREDENTIALS_CLIENT_ID: client.clientId,
    FLYTE_CREDENTIALS_CLIENT_SECRET: client.clientSecret,
  };
}

const listUrls = ({ hosts }: FlyteBackend) => String(hosts).split(",").map((host) => `http://${host}`);

Deno.test("flyte.ts: prints the projects, with Flyte's variables and two hosts allowed", async () => {
  await using backend = await startFlyteBackend();
  const parameters = { FLYTE_CREDENTIALS_SCOPES: "all", FLYTE_CREDENTIALS_AUDIENCE: audience };

  const { stdout, stderr } = await runExample({
    command: ["flyte.ts"],
    net: listUrls(backend),
    names: "FLYTE_*",
    env: { ...settings(backend), ...parameters },
  });

  assertEquals([stdout, stderr], ["flytesnacks\n", ""]);
  assertEquals(backend.asked(), [{ grant_type: "client_credentials", scope: "all", audience }]);
});

Deno.test("flyte.ts: names the host that it may not reach", async () => {
  await using backend = await startFlyteBackend();

  const { success, stderr } = await runExample({
    command: ["flyte.ts"],
    net: [],
    names: "FLYTE_*",
    env: settings(backend),
  });

  assertFalse(success);
  assertStringIncludes(stderr, `Run with --allow-net=${new URL(backend.flyte.origin).host}`);
  assertFalse(stderr.includes(client.clientSecret));
});

Deno.test("identity_aware_proxy.ts: prints the projects", async () => {
  await using backend = await startFlyteBackend({ hasFront: true });

  const { stdout, stderr } = await runExample({
    command: ["identity_aware_proxy.ts"],
    net: [...listUrls(backend), backend.frontTokenEndpoint],
    names: "FLYTE_*,PROXY_*",
    env: {
      ...settings(backend),
      FLYTE_PLATFORM_URL: backend.flyte.origin,
      PROXY_TOKEN_ENDPOINT: backend.frontTokenEndpoint,
      PROXY_AUDIENCE: frontAudience,
      PROXY_CLIENT_ID: client.clientId,
      PROXY_CLIENT_SECRET: client.clientSecret,
    },
  });

  assertEquals([stdout, stderr], ["flytesnacks\n", ""]);
});
