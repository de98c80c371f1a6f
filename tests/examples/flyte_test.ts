import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { audience, client, type FlyteBackend, frontAudience, startFlyteBackend } from "../servers/flyte_backend.ts";
import { chooseSource, environment, flags } from "../std/source.ts";

const source = await chooseSource();

function run(example: string, env: Record<string, string>, ...permissions: string[]) {
  const script = fileURLToPath(new URL(`../../examples/${example}`, import.meta.url));
  return runToEnd(Deno.execPath(), {
    args: ["run", ...flags(source, "run"), "--quiet", "--no-prompt", ...permissions, script],
    env: { ...environment(source), ...env },
  });
}

function settings({ flyte }: FlyteBackend): Record<string, string> {
  return {
    FLYTE_PLATFORM_URL: `dns:///${new URL(flyte.origin).host}`,
    FLYTE_PLATFORM_INSECURE: "true",
    FLYTE_CREDENTIALS_CLIENT_ID: client.clientId,
    FLYTE_CREDENTIALS_CLIENT_SECRET: client.clientSecret,
  };
}

Deno.test("the example for Flyte prints the projects, with no permission but for Flyte's variables and two hosts", async () => {
  await using backend = await startFlyteBackend();

  const { stdout, stderr } = await run(
    "flyte.ts",
    { ...settings(backend), FLYTE_CREDENTIALS_SCOPES: "all", FLYTE_CREDENTIALS_AUDIENCE: audience },
    "--allow-env=FLYTE_*",
    `--allow-net=${backend.hosts}`,
  );

  assertEquals([stdout, stderr], ["flytesnacks\n", ""]);
  assertEquals(backend.asked(), [{ grant_type: "client_credentials", scope: "all", audience }]);
});

Deno.test("the example for Flyte says which host it may not reach", async () => {
  await using backend = await startFlyteBackend();

  const { success, stderr } = await run("flyte.ts", settings(backend), "--allow-env=FLYTE_*");

  assertFalse(success);
  assertStringIncludes(stderr, `Run with --allow-net=${new URL(backend.flyte.origin).host}`);
  assertFalse(stderr.includes(client.clientSecret));
});

Deno.test("the example with a proxy in front prints the projects", async () => {
  await using backend = await startFlyteBackend({ hasFront: true });
  const { host } = new URL(backend.frontTokenEndpoint);

  const { stdout, stderr } = await run(
    "identity_aware_proxy.ts",
    {
      ...settings(backend),
      FLYTE_PLATFORM_URL: backend.flyte.origin,
      PROXY_TOKEN_ENDPOINT: backend.frontTokenEndpoint,
      PROXY_AUDIENCE: frontAudience,
      PROXY_CLIENT_ID: client.clientId,
      PROXY_CLIENT_SECRET: client.clientSecret,
    },
    "--allow-env=FLYTE_*,PROXY_*",
    `--allow-net=${backend.hosts},${host}`,
  );

  assertEquals([stdout, stderr], ["flytesnacks\n", ""]);
});
