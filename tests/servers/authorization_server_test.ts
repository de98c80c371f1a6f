import { assert, assertEquals, assertGreaterOrEqual, assertRejects } from "@std/assert";
import { decodeJwt } from "jose";
import { type AuthorizationServer, startAuthorizationServer } from "./authorization_server.ts";
import { until } from "./loopback.ts";

const clients = [
  { client_id: "by basic", client_secret: "s:e/c%r+t" },
  { client_id: "by-post", client_secret: "s3cret", token_endpoint_auth_method: "client_secret_post" },
];
const basic = `Basic ${btoa("by+basic:s%3Ae%2Fc%25r%2Bt")}`;

function send(server: AuthorizationServer, form: Record<string, string>, headers: HeadersInit, init: RequestInit = {}) {
  const body = new URLSearchParams({ grant_type: "client_credentials", ...form });
  return fetch(server.tokenEndpoint, { method: "POST", body, headers, ...init });
}

async function ask(
  server: AuthorizationServer,
  form: Record<string, string>,
  headers: HeadersInit = { authorization: basic },
) {
  const response = await send(server, form, headers);
  const { access_token, ...answer } = await response.json();
  return { status: response.status, ...answer, claims: access_token && decodeJwt(access_token) };
}

Deno.test("authorization server: issues a JWT for the scope and audience in the request", async () => {
  await using server = await startAuthorizationServer({ clients, lifetime: 90 });

  const answer = await ask(server, { scope: "api:read unknown", audience: "https://api.test/" });

  const { claims } = answer;
  assertEquals([answer.status, answer.token_type, answer.expires_in, answer.scope], [200, "Bearer", 90, "api:read"]);
  const { iss, aud, client_id, scope } = claims;
  assertEquals([iss, aud, client_id, scope], [server.issuer, "https://api.test/", "by basic", "api:read"]);
  assertEquals(claims.exp! - claims.iat!, 90);
  assertEquals((await ask(server, { resource: "https://api.test/" })).claims.aud, "https://api.test/");
});

Deno.test("authorization server: refuses an audience it doesn't serve", async () => {
  await using server = await startAuthorizationServer({ clients, audiences: ["https://api.test/"] });

  const { status, error } = await ask(server, { audience: "https://else.test/" });

  assertEquals([status, error], [400, "invalid_target"]);
  assertEquals((await ask(server, {})).claims.aud, "https://api.test/");
});

Deno.test("authorization server: takes a posted secret, and refuses a wrong one", async () => {
  await using server = await startAuthorizationServer({ clients });

  const right = await ask(server, { client_id: "by-post", client_secret: "s3cret" }, {});
  const wrong = await ask(server, { client_id: "by-post", client_secret: "S3cret" }, {});

  assertEquals([right.status, right.token_type, wrong.status, wrong.error], [200, "Bearer", 401, "invalid_client"]);
});

Deno.test("authorization server: shows the token requests it got", async () => {
  await using server = await startAuthorizationServer({ clients });

  await ask(server, { scope: "api:read" });
  await ask(server, { client_id: "unknown" }, {});

  assertEquals(server.tokenRequests.map(({ status, parameters }) => [status, parameters]), [
    [200, { grant_type: "client_credentials", scope: "api:read" }],
    [401, { grant_type: "client_credentials", client_id: "unknown" }],
  ]);
  assert(server.tokenRequests[0]?.headerNames.includes("authorization"));
});

Deno.test("authorization server: changes lifetime and delay while it runs", async () => {
  await using server = await startAuthorizationServer({ clients, lifetime: 600 });
  Object.assign(server, { lifetime: 3, delay: 100 });
  const start = performance.now();

  assertEquals((await ask(server, {})).expires_in, 3);
  assertGreaterOrEqual(performance.now() - start, 99);
});

Deno.test("authorization server: prints nothing at a disconnect, a page's request, or a request for HTML", async () => {
  const printed: unknown[] = [];
  const { info, warn, error } = console;
  console.info = console.warn = console.error = (...args) => void printed.push(args);
  try {
    await using server = await startAuthorizationServer({ clients });
    server.delay = 100;
    const controller = new AbortController();
    const refused = assertRejects(() => send(server, {}, {}, { signal: controller.signal }), DOMException, "aborted");
    await until(() => server.tokenRequests.length === 1);
    controller.abort();
    await refused;
    await ask(server, {}, { authorization: basic, origin: "https://page.test" });

    const html = await ask(server, {}, { authorization: "Bearer x", accept: "text/html" });

    assertEquals([html.status, html.error], [400, "invalid_request"]);
    assertEquals(server.tokenRequests.map(({ status }) => status), [undefined, 200, 400]);
  } finally {
    Object.assign(console, { info, warn, error });
  }
  assertEquals(printed, []);
});

Deno.test("authorization server: closes at once, with a request waiting; says that a port is taken", async () => {
  await using server = await startAuthorizationServer({ clients });
  const port = Number(new URL(server.issuer).port);
  await assertRejects(() => startAuthorizationServer({ clients, port }), Deno.errors.AddrInUse);
  // The sanitizers would see what is left of a minute's wait.
  server.delay = 60_000;
  const request = assertRejects(() => ask(server, {}), TypeError);
  await until(() => server.tokenRequests.length === 1);

  await server.close();
  await request;
});
