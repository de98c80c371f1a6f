import { assertEquals, assertStringIncludes } from "@std/assert";
import { getBasicAuthorizationHeader } from "@m2m/authenticator";
import { testOnEveryRuntime } from "../runtimes/every_runtime.ts";
import { noteTried } from "../runtimes/tried_methods.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startIntrospectingApi } from "../servers/introspecting_api.ts";
import { jwtBearerGrant, tokenExchangeGrant } from "../servers/machine_grants.ts";
import { tryGrants } from "./grant_program.ts";
import { clientSecret, trustedKey, voucher } from "./scene.ts";

const file = new URL("grant_program.ts", import.meta.url);
const program = { run: tryGrants, script: file, worker: file };
await testOnEveryRuntime("grants: both work, and their tokens are revoked,", program, async (run, runtime) => {
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

  const { "an unknown subject": refusal, ...output } = await run({
    issuer,
    tokenEndpoint,
    revocationEndpoint,
    api: api.origin,
    clientSecret,
    voucher,
    pem,
  });

  const expected = { "JWT bearer": 200, "another scope": "api:write", "token exchange": 200 };
  assertEquals(JSON.parse(JSON.stringify(output)), expected);
  assertStringIncludes(String(refusal), "invalid_request");
  assertEquals(server.revocationRequests.map(({ status }) => status), [200, 200, 200]);
  noteTried(runtime, "grants");
});
