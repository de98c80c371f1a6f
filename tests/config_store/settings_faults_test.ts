/** Settings as files, shells and attackers write them: what is taken, and how what isn't is named. */

import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { AuthenticationError, type ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { authenticatorFromEnv, flyteEnvNames } from "@m2m/authenticator/config-store/env";
import { authenticatorFromFlyteConfig, parseFlyteConfig } from "@m2m/authenticator/config-store/flyte-config-file";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const env = { M2M_ENDPOINT: "https://api.test", M2M_TOKEN_ENDPOINT: "https://auth.test/oauth/token" };

Deno.test("authenticatorFromEnv: line breaks at the end of values don't count", async () => {
  const { fetch, requests } = tokenEndpointStub();
  const values = { ...env, M2M_CLIENT_ID: "id", M2M_CLIENT_SECRET: "s ", M2M_AUDIENCE: "api", M2M_ISSUER: "\n" };
  const broken = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, `${value}\r\n`]));
  await authenticatorFromEnv({ env: broken, fetch }).getCredentials();
  const named = { ...env, M2M_CLIENT_ID: "id", M2M_CLIENT_SECRET_ENV_VAR: "OTHER\n", OTHER: "s \n" };
  await authenticatorFromEnv({ env: named, fetch }).getCredentials();
  // A blank may be a part of the secret.
  for (const { headers } of requests) assertEquals(headers.get("authorization"), `Basic ${btoa("id:s+")}`);
  assertEquals([requests[0]?.url, requests[0]?.form.get("audience")], ["https://auth.test/oauth/token", "api"]);
});

const flyteEnv = { FLYTE_PLATFORM_URL: "dns:///x.test", FLYTE_CREDENTIALS_CLIENT_ID: "id" };
const flyte = (more: string) => `admin:\n  endpoint: dns:///x.test\n  clientId: id\n  ${more}\n`;
const secret = { clientSecret: "s" };
const faults: [name: string, make: () => ClientCredentialsAuthenticator][] = [
  [
    "M2M_CLIENT_SECRET_FILE",
    () => authenticatorFromEnv({ env: { ...env, M2M_CLIENT_ID: "id", M2M_CLIENT_SECRET_FILE: "/nowhere" } }),
  ],
  ["FLYTE_PLATFORM_CA_CERT_FILE_PATH", () =>
    authenticatorFromEnv({
      names: flyteEnvNames,
      env: { ...flyteEnv, FLYTE_PLATFORM_CA_CERT_FILE_PATH: "/nowhere" },
      ...{ ...secret, configStore: { getClientConfig: () => ({ tokenEndpoint: "https://127.0.0.1/t" }) } },
    })],
  ["admin.clientSecretLocation", () =>
    authenticatorFromFlyteConfig(flyte("clientSecretLocation: /nowhere"), {
      configStore: { getClientConfig: () => ({ tokenEndpoint: "https://127.0.0.1/t" }) },
    })],
  ["admin.caCertFilePath", () => authenticatorFromFlyteConfig(flyte("caCertFilePath: /nowhere"), secret)],
];
for (const [name, make] of faults) {
  Deno.test(`settings: the error of a file that isn't there names ${name}, and no path`, async () => {
    const { message } = await assertRejects(() => make().getCredentials(), AuthenticationError);
    assertStringIncludes(message, name);
    assert(!message.includes("nowhere"), message);
  });
}

/** Thirty lists, each of the one before twice: as text, gigabytes. */
const doubled = ["a0: &a0 [x]", ...Array.from({ length: 30 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at},*a${at}]`)];
const hostile: [name: string, source: string, says: string][] = [
  ...["insecure", "authType", "scopes", "clientId", "httpProxyURL", "authorizationHeader"].map((
    key,
  ): [string, string, string] => [`lists of lists in ${key}`, `${doubled.join("\n")}\nadmin: {${key}: *a30}`, key]),
  ["nested lists", `admin: ${"[".repeat(16_000)}`, "no YAML"],
  ["nested mappings", `admin: ${"{a: ".repeat(8_000)}`, "no YAML"],
  ["thousands of documents", "---\n".repeat(8_000), "a single document"],
  ["more than 32 KiB", `# ${"x".repeat(32_768)}\n`, "over 32 KiB"],
];
for (const [name, source, says] of hostile) {
  Deno.test(`parseFlyteConfig: refuses ${name}`, () => {
    assertStringIncludes(assertThrows(() => parseFlyteConfig(source), AuthenticationError).message, says);
  });
}
