import { call } from "../servers/loopback.ts";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { clientSecret, startScene } from "../grant/scene.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { projects } from "./backend.ts";
import { commandLine } from "./run_example.ts";

Deno.test("token_exchange.ts: calls the API on behalf of its callers", async () => {
  await using scene = await startScene();
  const { server, api, settings } = scene;
  const { accessToken } = await new ClientCredentialsAuthenticator({ ...settings, clientId: "other" }).getCredentials();
  const { args, env } = commandLine({
    command: ["token_exchange.ts"],
    net: [api.origin, server.issuer, "http://127.0.0.1:0"],
    names: "M2M_*,PORT",
    env: {
      ...{ M2M_ENDPOINT: api.origin, M2M_TOKEN_ENDPOINT: server.tokenEndpoint },
      ...{ M2M_CLIENT_ID: "service", M2M_CLIENT_SECRET: clientSecret },
      ...{ M2M_SCOPES: "api:read", M2M_AUDIENCE: api.audience },
    },
  });
  const command = { args: args.filter((arg) => arg !== "--quiet"), env, ready: /http:\/\/127\.0\.0\.1:\d+/ };
  await using program = await startProgram(Deno.execPath(), command);
  const [origin] = program.match;
  const headers = { authorization: `Bearer ${accessToken}` };

  for (let round = 0; round < 2; round++) {
    assertEquals(await (await fetch(`${origin}/v1/projects`, { headers })).json(), projects);
  }
  const unknown = { headers: { authorization: "Bearer unknown" } };
  const refused = [[`${origin}/v1/projects`, {}], [`${origin}/v1/projects`, unknown], [origin, { headers }]] as const;
  const statuses = [];
  for (const [url, init] of refused) statuses.push(await call({ fetch }, url, init));

  assertEquals(statuses, [401, 401, 404]);
  const { on_behalf_of, client_id } = scene.lastToken();
  assertEquals([on_behalf_of, client_id, api.calls.length], ["other", "service", 2]);
  assert(api.calls.every(({ token }) => token !== accessToken), "the API got the caller's own token");
  assertEquals(server.tokenRequests.map(({ status }) => status), [200, 200, 400]);
  for (const secret of [clientSecret, accessToken]) assertFalse(program.printed().includes(secret));
});
