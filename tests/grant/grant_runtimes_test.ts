import { assertEquals, assertStringIncludes } from "@std/assert";
import { getBasicAuthorizationHeader } from "@m2m/authenticator";
import { type Runtime, testOnEveryRuntime } from "../runtimes/every_runtime.ts";
import { noteTried } from "../runtimes/tried_methods.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startIntrospectingApi } from "../servers/introspecting_api.ts";
import { jwtBearerGrant, tokenExchangeGrant } from "../servers/machine_grants.ts";
import { type ProgramInput, type ProgramOutput, tryGrants } from "./grant_program.ts";
import { clientSecret, trustedKey, voucher } from "./scene.ts";

/** Runs the grants somewhere, against a real server and an API that asks it about each token. */
async function allWork(run: (input: ProgramInput) => Promise<ProgramOutput>, runtime: Runtime): Promise<void> {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "service", client_secret: clientSecret }],
    scopes: ["api:read", "api:write"],
    grants: [jwtBearerGrant({ [voucher]: [trustedKey.publicJwk] }), tokenExchangeGrant()],
    opaqueTokens: true,
  });
  const { issuer, tokenEndpoint, revocationEndpoint, introspectionEndpoint } = server;
  const authorization = getBasicAuthorizationHeader("service", clientSecret);
  await using api = startIntrospectingApi({ introspectionEndpoint, authorization });
  const { pem } = trustedKey;
  const input = { issuer, tokenEndpoint, revocationEndpoint, api: api.origin, clientSecret, voucher, pem };

  const { "a subject of nobody's": refusal, ...output } = await run(input);

  assertEquals(JSON.parse(JSON.stringify(output)), {
    "JWT bearer": 200,
    "another token": "api:write",
    "token exchange": 200,
  });
  assertStringIncludes(String(refusal), "the server answered invalid_request (400)");
  assertEquals(server.revocationRequests.map(({ status }) => status), [200, 200, 200]);
  noteTried(runtime, "grants");
}

const program = {
  run: tryGrants,
  script: new URL("grant_script.ts", import.meta.url),
  worker: new URL("grant_worker.ts", import.meta.url),
};

await testOnEveryRuntime("both grants work, and their tokens are given back,", program, allWork);
