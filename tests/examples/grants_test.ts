import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { ClientCredentialsAuthenticator, getBasicAuthorizationHeader } from "@m2m/authenticator";
import { clientSecret, startScene, trustedKey, voucher } from "../grant/scene.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startIntrospectingApi } from "../servers/introspecting_api.ts";
import { jwtBearerGrant } from "../servers/machine_grants.ts";
import { projects } from "./backend.ts";
import { commandLine, runExample } from "./run_example.ts";

/** Runs `jwt_bearer.ts` with a key in a file, more variables, and permission for them all. */
async function runJwtBearer(endpoint: string, tokenEndpoint: string, env: Record<string, string>) {
  await using folder = await temporaryFolder("example_");
  const file = join(folder.path, "key.pem");
  await Deno.writeTextFile(file, trustedKey.pem);
  return await runExample({
    command: ["jwt_bearer.ts"],
    net: [endpoint, tokenEndpoint],
    read: file,
    names: "M2M_*",
    env: {
      M2M_ENDPOINT: endpoint,
      M2M_TOKEN_ENDPOINT: tokenEndpoint,
      M2M_SERVICE_ACCOUNT: voucher,
      M2M_KEY_FILE: file,
      M2M_KEY_ALG: "ES256",
      M2M_KEY_ID: trustedKey.publicJwk.kid!,
      M2M_CLIENT_ID: "public",
      ...env,
    },
  });
}

Deno.test("jwt_bearer.ts: prints the projects on behalf of a person", async () => {
  await using scene = await startScene();
  const { api, server } = scene;
  const env = { M2M_SUBJECT: "ada", M2M_SCOPES: "api:read", M2M_AUDIENCE: api.audience };

  const { stdout, stderr } = await runJwtBearer(api.origin, server.tokenEndpoint, env);

  assertEquals([JSON.parse(stdout || "null"), stderr], [projects, ""]);
  const { on_behalf_of, client_id } = scene.lastToken();
  assertEquals([on_behalf_of, client_id], ["ada", "public"]);

  const change = { ...env, M2M_SERVICE_ACCOUNT: "mallory" };
  const refused = await runJwtBearer(api.origin, server.tokenEndpoint, change);
  assertFalse(refused.success);
  assertStringIncludes(refused.stderr, "invalid_grant");
  for (const secret of trustedKey.secrets) assertFalse(refused.stderr.includes(secret));
});

Deno.test("jwt_bearer.ts: revokes its token where the server has a revocation endpoint", async () => {
  await using server = await startAuthorizationServer({
    clients: [
      { client_id: "service", client_secret: clientSecret },
      { client_id: "public", token_endpoint_auth_method: "none" },
    ],
    grants: [jwtBearerGrant({ [voucher]: [trustedKey.publicJwk] })],
    opaqueTokens: true,
  });
  const { introspectionEndpoint, revocationEndpoint, tokenEndpoint } = server;
  const authorization = getBasicAuthorizationHeader("service", clientSecret);
  await using api = startIntrospectingApi({ introspectionEndpoint, authorization });

  const env = { M2M_REVOCATION_ENDPOINT: revocationEndpoint };
  const { stdout, stderr } = await runJwtBearer(api.origin, tokenEndpoint, env);

  assertEquals([JSON.parse(stdout || "null"), stderr], [{ client: "public" }, ""]);
  assertEquals(server.revocationRequests.map(({ status }) => status), [200]);
});

Deno.test("token_exchange.ts: calls the API on behalf of its callers", async () => {
  await using scene = await startScene();
  const { server, api, settings } = scene;
  const caller = await new ClientCredentialsAuthenticator({ ...settings, clientId: "other" }).getCredentials();
  const command = commandLine({
    command: ["token_exchange.ts"],
    net: [api.origin, server.issuer, "http://127.0.0.1:0"],
    names: "M2M_*,PORT",
    env: {
      M2M_ENDPOINT: api.origin,
      M2M_TOKEN_ENDPOINT: server.tokenEndpoint,
      M2M_CLIENT_ID: "service",
      M2M_CLIENT_SECRET: clientSecret,
      M2M_SCOPES: "api:read",
      M2M_AUDIENCE: api.audience,
    },
  });
  const args = command.args.filter((arg) => arg !== "--quiet");
  await using program = await startProgram(Deno.execPath(), { ...command, args, ready: /http:\/\/127\.0\.0\.1:\d+/ });
  const call = (token: string, path = "/v1/projects") =>
    fetch(program.match[0] + path, { headers: token === "" ? {} : { authorization: `Bearer ${token}` } });

  for (let round = 0; round < 2; round++) assertEquals(await (await call(caller.accessToken)).json(), projects);
  const statuses: number[] = [];
  for (const [token, path] of [["", "/v1/projects"], ["unknown", "/v1/projects"], [caller.accessToken, "/"]]) {
    const response = await call(token!, path);
    await response.body?.cancel();
    statuses.push(response.status);
  }

  assertEquals(statuses, [401, 401, 404]);
  const { on_behalf_of, client_id } = scene.lastToken();
  assertEquals([on_behalf_of, client_id], ["other", "service"]);
  assertEquals(api.calls.length, 2);
  assert(api.calls.every(({ token }) => token !== caller.accessToken), "the API got the caller's own token");
  assertEquals(server.tokenRequests.map(({ status }) => status), [200, 200, 400]);
  for (const secret of [clientSecret, caller.accessToken]) assertFalse(program.printed().includes(secret));
});
