import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { generateKeyPair, SignJWT } from "jose";
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from "./authorization_server.ts";
import { type ProtectedApi, type ProtectedApiOptions, startProtectedApi } from "./protected_api.ts";

const clients = [{ client_id: "demo", client_secret: "demo-secret" }];

async function getToken(server: AuthorizationServer, audience: string, scope = "api:read"): Promise<string> {
  const response = await fetch(server.tokenEndpoint, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "client_credentials", audience, scope }),
    headers: { authorization: `Basic ${btoa("demo:demo-secret")}` },
  });
  return (await response.json()).access_token;
}

/** Calls the API; returns status and challenge. */
async function call(api: ProtectedApi, token?: string, header = "authorization") {
  const response = await fetch(api.origin, { headers: token === undefined ? {} : { [header]: `Bearer ${token}` } });
  await response.body?.cancel();
  return { status: response.status, challenge: response.headers.get("www-authenticate") ?? "" };
}

function test(
  name: string,
  run: (server: AuthorizationServer, api: ProtectedApi) => Promise<void>,
  more: Partial<ProtectedApiOptions> = {},
  serverOptions: Partial<AuthorizationServerOptions> = {},
): void {
  Deno.test(`protected API: ${name}`, async () => {
    await using server = await startAuthorizationServer({ clients, ...serverOptions });
    await using api = startProtectedApi({ ...server, ...more });
    await run(server, api);
  });
}

test("answers a call with a token that the issuer signed for it", async (server, api) => {
  const token = await getToken(server, api.audience);
  const headers = { authorization: `Bearer ${token}` };

  const list = await fetch(`${api.origin}/v1/projects`, { headers });
  const posted = await fetch(`${api.origin}/v1/jobs?x=1`, { headers, method: "POST", body: "hello" });

  assertEquals(await list.json(), [{ id: "p1", name: "Apollo" }, { id: "p2", name: "Gemini" }]);
  assertEquals(await posted.json(), { method: "POST", path: "/v1/jobs", client: "demo", body: "hello" });
  assertEquals(api.calls.map(({ time: _, ...seen }) => seen), [
    { method: "GET", path: "/v1/projects", token, status: 200 },
    { method: "POST", path: "/v1/jobs", token, status: 200 },
  ]);
});

test("refuses a call without a token, with no error code", async (_, api) => {
  assertEquals(await call(api), { status: 401, challenge: "Bearer" });
});

test("refuses a token for another audience, an unreadable one, and one with another signature", async (server, api) => {
  const { keys } = await (await fetch(server.jwksUri)).json();
  const { privateKey } = await generateKeyPair("ES256");
  const forged = await new SignJWT({ scope: "api:read" })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: keys[0].kid })
    .setIssuer(server.issuer).setAudience(api.audience).setExpirationTime("1m").sign(privateKey);

  for (const token of [await getToken(server, "https://else.test/"), "opaque", forged]) {
    const { status, challenge } = await call(api, token);
    assertEquals(status, 401);
    assertMatch(challenge, /^Bearer error="invalid_token"/);
  }
});

test(
  "refuses an expired token",
  async (server, api) => {
    const token = await getToken(server, api.audience);
    await new Promise((resolve) => setTimeout(resolve, 1_100));

    const { status, challenge } = await call(api, token);

    assertEquals(status, 401);
    assertMatch(challenge, /expired/);
  },
  { clockTolerance: 0 },
  { lifetime: 1 },
);

test(
  "refuses a token without its scope",
  async (server, api) => {
    assertEquals(await call(api, await getToken(server, api.audience)), {
      status: 403,
      challenge: 'Bearer error="insufficient_scope", scope="api:write"',
    });
  },
  { scope: "api:write" },
  { scopes: ["api:read", "api:write"] },
);

test("refuses the tokens issued before revokeAll, and takes those issued after it", async (server, api) => {
  const before = await getToken(server, api.audience);
  api.revokeAll();
  const after = await getToken(server, api.audience);

  assertEquals([(await call(api, before)).status, (await call(api, after)).status], [401, 200]);
});

test("reads the token from the header it is given", async (server, api) => {
  const token = await getToken(server, api.audience);

  assertEquals((await call(api, token, "flyte-authorization")).status, 200);
  assertEquals((await call(api, token)).status, 401);
}, { headerKey: "flyte-authorization" });

test("says that a port is taken", (server, api) => {
  const port = Number(new URL(api.origin).port);
  assertThrows(() => startProtectedApi({ ...server, port }), Deno.errors.AddrInUse);
  return Promise.resolve();
});
