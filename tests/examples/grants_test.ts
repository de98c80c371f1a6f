import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ClientCredentialsAuthenticator, getBasicAuthorizationHeader } from "@m2m/authenticator";
import { clientSecret, startScene, trustedKey, voucher } from "../grant/scene.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startIntrospectingApi } from "../servers/introspecting_api.ts";
import { jwtBearerGrant } from "../servers/machine_grants.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import { projects } from "./backend.ts";

const source = await chooseSource();

function commandLine(example: string, ...permissions: string[]): string[] {
  const script = fileURLToPath(new URL(`../../examples/${example}`, import.meta.url));
  return ["run", ...flags(source, "run"), "--no-prompt", "--allow-env", ...permissions, script];
}

const hosts = (...urls: string[]) => `--allow-net=${urls.map((url) => new URL(url).host)}`;

Deno.test("the example with a signed assertion prints the projects", async () => {
  await using scene = await startScene();
  await using folder = await temporaryFolder("example_");
  const file = join(folder.path, "key.pem");
  await Deno.writeTextFile(file, trustedKey.pem);
  const { server, api } = scene;
  const env = {
    ...environment(source),
    M2M_ENDPOINT: api.origin,
    M2M_TOKEN_ENDPOINT: server.tokenEndpoint,
    M2M_SERVICE_ACCOUNT: voucher,
    M2M_KEY_FILE: file,
    M2M_KEY_ALG: "ES256",
    M2M_KEY_ID: trustedKey.publicJwk.kid!,
    M2M_SUBJECT: "ada",
    M2M_CLIENT_ID: "public",
    M2M_SCOPES: "api:read",
    M2M_AUDIENCE: api.audience,
  };
  const args = commandLine("jwt_bearer.ts", "--quiet", hosts(api.origin, server.issuer), `--allow-read=${file}`);

  const { stdout, stderr } = await runToEnd(Deno.execPath(), { args, env });

  assertEquals([JSON.parse(stdout || "null"), stderr], [projects, ""]);
  const { on_behalf_of, client_id } = scene.lastToken();
  assertEquals([on_behalf_of, client_id], ["ada", "public"]);

  const refused = await runToEnd(Deno.execPath(), { args, env: { ...env, M2M_SERVICE_ACCOUNT: "mallory" } });
  assertFalse(refused.success);
  assertStringIncludes(refused.stderr, "the server answered invalid_grant (400)");
  for (const secret of trustedKey.secrets) assertFalse(refused.stderr.includes(secret));
});

Deno.test("the example with a signed assertion gives its token back where the server takes it", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "service", client_secret: clientSecret }, {
      client_id: "public",
      token_endpoint_auth_method: "none",
    }],
    grants: [jwtBearerGrant({ [voucher]: [trustedKey.publicJwk] })],
    opaqueTokens: true,
  });
  const { introspectionEndpoint } = server;
  const authorization = getBasicAuthorizationHeader("service", clientSecret);
  await using api = startIntrospectingApi({ introspectionEndpoint, authorization });
  await using folder = await temporaryFolder("example_");
  const file = join(folder.path, "key.pem");
  await Deno.writeTextFile(file, trustedKey.pem);
  const env = {
    ...environment(source),
    M2M_ENDPOINT: api.origin,
    M2M_TOKEN_ENDPOINT: server.tokenEndpoint,
    M2M_REVOCATION_ENDPOINT: server.revocationEndpoint,
    M2M_SERVICE_ACCOUNT: voucher,
    M2M_KEY_FILE: file,
    M2M_KEY_ALG: "ES256",
    M2M_KEY_ID: trustedKey.publicJwk.kid!,
    M2M_CLIENT_ID: "public",
  };
  const args = commandLine("jwt_bearer.ts", "--quiet", hosts(api.origin, server.issuer), `--allow-read=${file}`);

  const { stdout, stderr } = await runToEnd(Deno.execPath(), { args, env });

  assertEquals([JSON.parse(stdout || "null"), stderr], [{ client: "public" }, ""]);
  assertEquals(server.revocationRequests.map(({ status }) => status), [200]);
});

Deno.test("the example with token exchange answers its callers on their behalf", async () => {
  await using scene = await startScene();
  const { server, api, settings } = scene;
  const caller = await new ClientCredentialsAuthenticator({ ...settings, clientId: "other" }).getCredentials();
  const env = {
    ...environment(source),
    M2M_ENDPOINT: api.origin,
    M2M_TOKEN_ENDPOINT: server.tokenEndpoint,
    M2M_CLIENT_ID: "service",
    M2M_CLIENT_SECRET: clientSecret,
    M2M_SCOPES: "api:read",
    M2M_AUDIENCE: api.audience,
  };
  await using program = await startProgram(Deno.execPath(), {
    args: commandLine("token_exchange.ts", `${hosts(api.origin, server.issuer)},127.0.0.1:0`),
    env,
    ready: /http:\/\/127\.0\.0\.1:\d+/,
  });
  const call = (token: string, path = "/v1/projects") =>
    fetch(program.match[0] + path, { headers: token === "" ? {} : { authorization: `Bearer ${token}` } });

  for (let round = 0; round < 2; round++) assertEquals(await (await call(caller.accessToken)).json(), projects);
  const statuses: number[] = [];
  for (const [token, path] of [["", "/v1/projects"], ["of-nobody", "/v1/projects"], [caller.accessToken, "/"]]) {
    const response = await call(token!, path);
    await response.body?.cancel();
    statuses.push(response.status);
  }

  assertEquals(statuses, [401, 401, 404]);
  const { on_behalf_of, client_id } = scene.lastToken();
  assertEquals([on_behalf_of, client_id], ["other", "service"]);
  assertEquals(api.calls.length, 2);
  assert(api.calls.every(({ token }) => token !== caller.accessToken), "the caller's own token doesn't get there");
  assertEquals(server.tokenRequests.map(({ status }) => status), [200, 200, 400]);
  for (const secret of [clientSecret, caller.accessToken]) assertFalse(program.printed().includes(secret));
});
