import { assert, assertEquals, assertGreaterOrEqual, assertLess, assertRejects } from "@std/assert";
import { decodeJwt } from "jose";
import { type AuthorizationServer, startAuthorizationServer } from "./authorization_server.ts";

const clients = [
  { client_id: "by basic", client_secret: "s:e/c%r+t" },
  {
    client_id: "by-post",
    client_secret: "s3cret",
    token_endpoint_auth_method: "client_secret_post" as const,
  },
];

const basic = `Basic ${btoa("by+basic:s%3Ae%2Fc%25r%2Bt")}`;

function ask(server: AuthorizationServer, form: Record<string, string>, headers: HeadersInit = {}) {
  const body = new URLSearchParams({ grant_type: "client_credentials", ...form });
  return fetch(server.tokenEndpoint, { method: "POST", body, headers });
}

Deno.test("the authorization server gives a JWT for the scope and audience asked for", async () => {
  await using server = await startAuthorizationServer({ clients, lifetime: 90 });

  const response = await ask(server, { scope: "api:read nonsense", audience: "https://api.test/" }, {
    authorization: basic,
  });

  const answer = await response.json();
  assertEquals(response.status, 200);
  assertEquals([answer.token_type, answer.expires_in, answer.scope], ["Bearer", 90, "api:read"]);
  const claims = decodeJwt(answer.access_token);
  assertEquals([claims.iss, claims.aud, claims.client_id, claims.scope], [
    server.issuer,
    "https://api.test/",
    "by basic",
    "api:read",
  ]);
  assertEquals(claims.exp! - claims.iat!, 90);
});

Deno.test("the authorization server takes a resource indicator as well as an audience", async () => {
  await using server = await startAuthorizationServer({ clients });

  const response = await ask(server, { resource: "https://api.test/" }, { authorization: basic });

  assertEquals(decodeJwt((await response.json()).access_token).aud, "https://api.test/");
});

Deno.test("the authorization server refuses an audience it doesn't serve", async () => {
  await using server = await startAuthorizationServer({ clients, audiences: ["https://api.test/"] });

  const refused = await ask(server, { audience: "https://else.test/" }, { authorization: basic });
  const byDefault = await ask(server, {}, { authorization: basic });

  assertEquals([refused.status, (await refused.json()).error], [400, "invalid_target"]);
  assertEquals(decodeJwt((await byDefault.json()).access_token).aud, "https://api.test/");
});

Deno.test("the authorization server takes a posted secret, and refuses a wrong one", async () => {
  await using server = await startAuthorizationServer({ clients });

  const right = await ask(server, { client_id: "by-post", client_secret: "s3cret" });
  const wrong = await ask(server, { client_id: "by-post", client_secret: "S3cret" });

  assertEquals([right.status, (await right.json()).token_type], [200, "Bearer"]);
  assertEquals([wrong.status, (await wrong.json()).error], [401, "invalid_client"]);
});

Deno.test("the authorization server shows the token requests it got", async () => {
  await using server = await startAuthorizationServer({ clients });

  await (await ask(server, { scope: "api:read" }, { authorization: basic })).body?.cancel();
  await (await ask(server, { client_id: "nobody" })).body?.cancel();

  const [first, second, ...others] = server.tokenRequests;
  assertEquals(others, []);
  assertEquals(first?.status, 200);
  assertEquals(first?.parameters, { grant_type: "client_credentials", scope: "api:read" });
  assert(first?.headerNames.includes("authorization"));
  assertEquals([second?.status, second?.parameters.client_id], [401, "nobody"]);
});

Deno.test("the authorization server's lifetime and delay can change while it runs", async () => {
  await using server = await startAuthorizationServer({ clients, lifetime: 600 });
  server.lifetime = 3;
  server.delay = 100;

  const start = performance.now();
  const response = await ask(server, {}, { authorization: basic });

  assertGreaterOrEqual(performance.now() - start, 99);
  assertEquals((await response.json()).expires_in, 3);
});

Deno.test("the authorization server prints nothing: hung up on, asked by a page, or asked for HTML", async () => {
  const printed: unknown[] = [];
  const { info, warn, error } = console;
  console.info = console.warn = console.error = (...args) => void printed.push(args);
  try {
    await using server = await startAuthorizationServer({ clients });
    server.delay = 100;
    const controller = new AbortController();
    const body = new URLSearchParams({ grant_type: "client_credentials" });
    const hungUp = fetch(server.tokenEndpoint, { method: "POST", body, signal: controller.signal });
    const refused = assertRejects(() => hungUp, DOMException, "aborted");
    assert(await settled(() => server.tokenRequests.length === 1));
    controller.abort();
    await refused;
    await (await ask(server, {}, { authorization: basic, origin: "https://page.test" })).body?.cancel();

    const html = await ask(server, {}, { authorization: "Bearer x", accept: "text/html" });

    assertEquals([html.status, (await html.json()).error], [400, "invalid_request"]);
    assertEquals(server.tokenRequests.map(({ status }) => status), [undefined, 200, 400]);
  } finally {
    Object.assign(console, { info, warn, error });
  }
  assertEquals(printed, []);
});

Deno.test("the authorization server closes at once, with a request waiting", async () => {
  const server = await startAuthorizationServer({ clients });
  server.delay = 60_000;
  const request = assertRejects(() => ask(server, {}, { authorization: basic }), TypeError);
  const waiting = await settled(() => server.tokenRequests.length === 1);

  const start = performance.now();
  await server.close();
  await request;

  assert(waiting);
  assertLess(performance.now() - start, 5_000);
});

Deno.test("the authorization server says that a port is taken", async () => {
  await using server = await startAuthorizationServer({ clients });
  const port = Number(new URL(server.issuer).port);

  await assertRejects(() => startAuthorizationServer({ clients, port }), Deno.errors.AddrInUse);
});

async function settled(condition: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 200 && !condition(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return condition();
}
