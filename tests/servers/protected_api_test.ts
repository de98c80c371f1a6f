import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { generateKeyPair, SignJWT } from "jose";
import { type AuthorizationServer, startAuthorizationServer } from "./authorization_server.ts";
import { startProtectedApi } from "./protected_api.ts";

const clients = [{ client_id: "demo", client_secret: "demo-secret" }];

async function tokenFor(server: AuthorizationServer, audience: string, scope = "api:read"): Promise<string> {
  const response = await fetch(server.tokenEndpoint, {
    method: "POST",
    body: new URLSearchParams({ grant_type: "client_credentials", audience, scope }),
    headers: { authorization: `Basic ${btoa("demo:demo-secret")}` },
  });
  return (await response.json()).access_token;
}

function call(url: string, token: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, headers: { authorization: `Bearer ${token}` } });
}

Deno.test("the API answers a call whose token the issuer signed for it", async () => {
  await using server = await startAuthorizationServer({ clients });
  await using api = startProtectedApi(server);
  const token = await tokenFor(server, api.audience);

  const list = await call(`${api.origin}/v1/projects`, token);
  const posted = await call(`${api.origin}/v1/jobs?x=1`, token, { method: "POST", body: "hello" });

  assertEquals(await list.json(), [{ id: "p1", name: "Apollo" }, { id: "p2", name: "Gemini" }]);
  assertEquals(await posted.json(), { method: "POST", path: "/v1/jobs", client: "demo", body: "hello" });
  assertEquals(api.calls.map(({ method, path, status }) => [method, path, status]), [
    ["GET", "/v1/projects", 200],
    ["POST", "/v1/jobs", 200],
  ]);
  assertEquals(api.calls[0]?.token, token);
});

Deno.test("the API refuses a call without a token, and names no error", async () => {
  await using server = await startAuthorizationServer({ clients });
  await using api = startProtectedApi(server);

  const response = await fetch(api.origin);
  await response.body?.cancel();

  assertEquals([response.status, response.headers.get("www-authenticate")], [401, "Bearer"]);
});

Deno.test("the API refuses a token for another audience, and one it can't read", async () => {
  await using server = await startAuthorizationServer({ clients });
  await using api = startProtectedApi(server);

  for (const token of [await tokenFor(server, "https://else.test/"), "opaque"]) {
    const response = await call(api.origin, token);
    await response.body?.cancel();
    assertEquals(response.status, 401);
    assertMatch(response.headers.get("www-authenticate") ?? "", /^Bearer error="invalid_token"/);
  }
});

Deno.test("the API refuses a token somebody else signed", async () => {
  await using server = await startAuthorizationServer({ clients });
  await using api = startProtectedApi(server);
  const keys = await (await fetch(server.jwksUri)).json();
  const { privateKey } = await generateKeyPair("ES256");
  const forged = await new SignJWT({ scope: "api:read" })
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid: keys.keys[0].kid })
    .setIssuer(server.issuer).setAudience(api.audience).setExpirationTime("1m").sign(privateKey);

  const response = await call(api.origin, forged);
  await response.body?.cancel();

  assertEquals(response.status, 401);
});

Deno.test("the API refuses a token that has expired", async () => {
  await using server = await startAuthorizationServer({ clients, lifetime: 1 });
  await using api = startProtectedApi({ ...server, clockTolerance: 0 });
  const token = await tokenFor(server, api.audience);
  await new Promise((resolve) => setTimeout(resolve, 1_100));

  const response = await call(api.origin, token);
  await response.body?.cancel();

  assertEquals(response.status, 401);
  assertMatch(response.headers.get("www-authenticate") ?? "", /expired/);
});

Deno.test("the API forbids a token without the scope it needs", async () => {
  await using server = await startAuthorizationServer({ clients, scopes: ["api:read", "api:write"] });
  await using api = startProtectedApi({ ...server, scope: "api:write" });

  const response = await call(api.origin, await tokenFor(server, api.audience, "api:read"));
  await response.body?.cancel();

  assertEquals(response.status, 403);
  assertEquals(
    response.headers.get("www-authenticate"),
    'Bearer error="insufficient_scope", scope="api:write"',
  );
});

Deno.test("the API refuses the tokens issued before revokeAll, and takes those issued after it", async () => {
  await using server = await startAuthorizationServer({ clients });
  await using api = startProtectedApi(server);
  const before = await tokenFor(server, api.audience);
  api.revokeAll();
  const after = await tokenFor(server, api.audience);

  const statuses = [];
  for (const token of [before, after]) {
    const response = await call(api.origin, token);
    await response.body?.cancel();
    statuses.push(response.status);
  }

  assertEquals(statuses, [401, 200]);
});

Deno.test("the API reads the token from the header it is told to", async () => {
  await using server = await startAuthorizationServer({ clients });
  await using api = startProtectedApi({ ...server, headerKey: "flyte-authorization" });
  const authorization = `Bearer ${await tokenFor(server, api.audience)}`;

  const there = await fetch(api.origin, { headers: { "flyte-authorization": authorization } });
  const elsewhere = await fetch(api.origin, { headers: { authorization } });
  await there.body?.cancel();
  await elsewhere.body?.cancel();

  assertEquals([there.status, elsewhere.status], [200, 401]);
});

Deno.test("the API says that a port is taken", async () => {
  await using server = await startAuthorizationServer({ clients });
  await using api = startProtectedApi(server);
  const port = Number(new URL(api.origin).port);

  assertThrows(() => startProtectedApi({ ...server, port }), Deno.errors.AddrInUse);
});
