import { ClientCredentialsAuthenticator, type ClientCredentialsAuthenticatorOptions } from "@m2m/authenticator";
import { type Behaviour, behaviours, testServers, type TestServersOptions } from "@m2m/authenticator/testing";
import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";

function setUp(options?: TestServersOptions, own: Partial<ClientCredentialsAuthenticatorOptions> = {}) {
  const kit = testServers(options);
  const authenticator = new ClientCredentialsAuthenticator({ ...kit.options, ...own });
  return { kit, authenticator, ...kit };
}

Deno.test("testServers: a token and a call, with the options as they are", async () => {
  for (const tokens of ["opaque", "jwt"] as const) {
    const { kit, authenticator } = setUp({ tokens }, { scopes: ["api:read"], audience: "https://api.test" });
    const response = await authenticator.fetch("/v1/projects?page=2", { method: "POST", body: "new" });
    const { client, scopes, audience, body } = await response.json();

    assertEquals({ client, scopes, audience, body }, {
      client: "test-client",
      scopes: ["api:read"],
      audience: ["https://api.test"],
      body: "new",
    });
    assertEquals(response.url, "https://api.test/v1/projects?page=2");
    kit.assertTokenRequests(1);
    kit.assertCalls(["POST /v1/projects"]);
    kit.assertCalls(["POST /v1/projects 200"]);
  }
});

Deno.test("clock: a token expires when the test says so", async () => {
  const { kit, clock, authenticator } = setUp({ lifetime: 60_000 });
  await authenticator.fetch("/1");
  clock.advance(40_000);
  await authenticator.fetch("/2");
  clock.advance(20_000);
  await authenticator.fetch("/3");

  kit.assertTokenRequests(2);
  kit.assertCalls(["GET /1 200", "GET /2 200", "GET /3 200"]);
});

/** What the API is told to do, the statuses of its answers to one call, and how many tokens that takes. */
const apiCases: Record<string, [behaviour: Behaviour, statuses: number[], tokens: number]> = {
  "rejects the token": [behaviours.rejectToken(), [401, 200], 2],
  "lacks a scope": [behaviours.lackScope("api:write"), [403], 1],
  "fails": [behaviours.status(503, { retryAfter: 1 }), [503], 1],
  "limits the rate": [behaviours.limitRate(30), [429], 1],
  "says an error in a 200": [behaviours.error("invalid_token", { status: 200 }), [200], 1],
  "has nothing to say": [behaviours.status(204), [204], 1],
  "shows a page": [behaviours.page(), [200], 1],
};
for (const [name, [behaviour, statuses, tokens]] of Object.entries(apiCases)) {
  Deno.test(`api.next: ${name}, once`, async () => {
    const { kit, api, authenticator } = setUp();
    api.next(behaviour);
    const response = await authenticator.fetch("/v1/projects");
    const later = await authenticator.fetch("/v1/projects");

    assertEquals([response.status, later.status], [statuses.at(-1), 200]);
    kit.assertCalls([...statuses, 200].map((status) => `GET /v1/projects ${status}`));
    kit.assertTokenRequests(tokens);
  });
}

/** What the token endpoint is told to do, and the code of the error; none where it is made up for. */
const tokenCases: Record<string, [behaviour: Behaviour, code?: string]> = {
  "page": [behaviours.page()],
  "page, twice": [behaviours.page(), "invalid_response"],
  "empty": [behaviours.empty()],
  "status": [behaviours.status(503)],
  "rate limit": [behaviours.limitRate(0)],
  "redirect": [behaviours.redirect("https://elsewhere.test/token"), "redirect_refused"],
  "network error": [behaviours.networkError()],
  "error": [behaviours.error("invalid_client", { status: 401, description: "No." }), "token_request_rejected"],
  "error in a 200": [behaviours.error("invalid_scope", { status: 200 }), "token_request_rejected"],
  "no expires_in": [behaviours.edit({ expires_in: undefined })],
  "expires_in as a string": [behaviours.edit({ expires_in: "3600" })],
  "another token type": [behaviours.edit({ token_type: "mac" }), "unsupported_token_type"],
  "another content type": [behaviours.contentType("text/plain")],
};
for (const [name, [behaviour, code = "none"]] of Object.entries(tokenCases)) {
  Deno.test(`authorizationServer.next: ${name}`, async () => {
    const { authorizationServer, clock, authenticator } = setUp();
    const lift = authorizationServer.next(behaviour, code === "none" ? 1 : Infinity);
    const first = await authenticator.getCredentials().then(() => "none", (error) => error.code);

    assertEquals(first, code);
    lift();
    // The cool-down of what was refused permanently.
    clock.advance(5_000);
    assertEquals((await authenticator.refreshCredentials()).tokenType, "Bearer");
  });
}

Deno.test("during: lasts while the function runs, and counts before next", async () => {
  const { kit, api, authenticator } = setUp();
  api.next(behaviours.status(500), 2);
  const statuses = async (count: number) => {
    const found = [];
    for (let call = 0; call < count; call++) found.push((await authenticator.fetch("/")).status);
    return found;
  };

  assertEquals(await api.during(behaviours.status(418), () => statuses(3)), [418, 418, 418]);
  await assertRejects(() => api.during(behaviours.status(418), () => Promise.reject(new Error("mine"))), Error, "mine");
  assertEquals(await statuses(3), [500, 500, 200]);
  kit.reset();
  assertEquals(api.requests, []);
});

Deno.test("stall: ends when it is released, or the caller gives up", async () => {
  const { kit, api, authorizationServer, authenticator } = setUp();
  const [tokens, calls] = [behaviours.stall(), behaviours.stall()];
  authorizationServer.next(tokens);
  api.next(calls, 2);
  const impatient = new AbortController();
  const answers = [authenticator.fetch("/1"), authenticator.fetch("/2", { signal: impatient.signal })];
  const [first, second] = answers.map((answer) => answer.then(({ status }) => status, (reason) => reason));
  await tokens.arrived;
  kit.assertTokenRequests(1);
  tokens.release();
  await calls.arrived;
  impatient.abort("enough");
  assertEquals(await second, "enough");
  calls.release();
  assertEquals(await first, 200);
  kit.assertTokenRequests(1);
});

/** What happens to tokens, and what the API says of them then. */
const fates: Record<string, [act: (kit: ReturnType<typeof testServers>, token: string) => void, fault: string]> = {
  "expire": [({ authorizationServer }) => authorizationServer.expire(), "expired"],
  "expire one": [({ authorizationServer }, token) => authorizationServer.expire(token), "expired"],
  "expire another": [({ authorizationServer }) => authorizationServer.expire("another"), ""],
  "revoke": [({ authorizationServer }, token) => authorizationServer.revoke(token), "revoked"],
  "rotateKeys": [({ authorizationServer }) => authorizationServer.rotateKeys(), "isn't published any more"],
  "clock": [({ clock }) => clock.set(clock.wall() + 3_600_000), "expired"],
  "reset": [(kit) => kit.reset(), "unknown"],
};
for (const [name, [act, fault]] of Object.entries(fates)) {
  Deno.test(`tokens: ${name}`, async () => {
    const kit = testServers({ tokens: "jwt" });
    const { accessToken } = await new ClientCredentialsAuthenticator(kit.options).getCredentials();
    act(kit, accessToken);
    const response = await kit.fetch("https://api.test/", { headers: { authorization: `Bearer ${accessToken}` } });

    assertEquals(response.status, fault ? 401 : 200);
    assertStringIncludes(response.headers.get("www-authenticate") ?? "", fault);
  });
}

Deno.test("register, narrow, lifetime: count from the next token on", async () => {
  const { kit, authorizationServer, authenticator } = setUp({ scopes: ["a", "b"], requiredScopes: ["b"] });
  authorizationServer.narrow(["a"]);
  assertEquals((await authenticator.fetch("/")).status, 403);
  assertEquals(authenticator.credentials?.scope, "a");
  authorizationServer.narrow(undefined);
  authorizationServer.lifetime = 90_500;
  const { scope, expiresAt = 0 } = await authenticator.refreshCredentials();
  assertEquals(scope, "a b");
  assert(Math.abs(expiresAt - kit.clock.wall() - 90_000) < 10_000);

  const { clientId } = kit.options;
  authorizationServer.register({ clientId, clientSecret: ["another-secret", "and-a-third"] });
  assertEquals((await authenticator.refreshCredentials().catch((error) => error)).error, "invalid_client");
  const clientSecret = "and-a-third";
  const other = new ClientCredentialsAuthenticator({ ...kit.options, clientSecret, scopes: ["c"] });
  assertEquals((await other.getCredentials().catch((error) => error)).error, "invalid_scope");
});

Deno.test("a server that runs for days: it keeps the last requests, and knows the last 10,000 tokens", async () => {
  const { kit, authorizationServer } = setUp({ maxRequests: 2 });
  const { clientId, clientSecret } = kit.options;
  const body = `grant_type=client_credentials&client_id=${clientId}&client_secret=${clientSecret}`;
  const init = { method: "POST", headers: { "content-type": "application/x-www-form-urlencoded" }, body };
  const issue = () => authorizationServer.fetch(new Request(authorizationServer.tokenEndpoint, init));
  const { access_token: first } = await (await issue()).json();
  const askApi = () => kit.fetch("https://api.test/", { headers: { authorization: `Bearer ${first}` } });
  for (let count = 1; count < 10_000; count++) await issue();
  assertEquals([(await askApi()).status, authorizationServer.requests.length], [200, 2]);
  await issue();
  assertEquals((await askApi()).status, 401);
  assertThrows(() => testServers({ maxRequests: -1 }), RangeError, "maxRequests");
});

Deno.test("assertions: throw an error that lists what came", async () => {
  const { kit, authenticator } = setUp({}, { scopes: ["api:read"] });
  kit.assertTokenRequests(0);
  kit.assertCalls([]);
  await authenticator.fetch("/v1/projects?secret=1");

  const tokenRequest = "POST /oauth/token (client_credentials, api:read) → 200";
  const cases: readonly (readonly [act: () => void, message: string])[] = [
    [() => kit.assertTokenRequests(2), `Expected 2 token requests, but there was 1:\n  ${tokenRequest}`],
    [() => kit.assertCalls([]), "Expected no call, but there was 1:\n  GET /v1/projects → 200"],
    [
      () => kit.assertCalls(["GET /v1/projects 401", "GET /"]),
      "Expected the calls GET /v1/projects 401, GET /, but there was 1:\n  GET /v1/projects → 200",
    ],
  ];
  for (const [act, message] of cases) assertEquals(assertThrows(act, Error).message, message);
});

Deno.test("printers: show no secret, token or header", async () => {
  const { kit, authenticator } = setUp();
  await authenticator.fetch("/v1/projects", { method: "POST", body: "planted-body" });
  const [request] = kit.authorizationServer.requests;
  assertEquals(request?.form.get("grant_type"), "client_credentials");
  assertMatch(request?.headers.get("authorization") ?? "", /^Basic /);

  const shown = [kit, ...kit.api.requests, ...kit.authorizationServer.requests];
  const texts = shown.flatMap((each) => [Deno.inspect(each, { depth: 9 }), JSON.stringify(each), String(each)]).join(
    "\n",
  );
  for (const secret of ["test-secret", "dGVzd", "Bearer", "test-token", "planted"]) {
    assert(!texts.includes(secret), `${secret} is in ${texts}`);
  }
  assertStringIncludes(texts, "client_credentials");
});

Deno.test("testServers: one origin for both, another server beside them, and options that can't be used", async () => {
  const origin = "https://all.test:8443/";
  const otherwise = () => Promise.resolve(new Response("elsewhere"));
  const { kit, authenticator } = setUp({ issuer: origin, endpoint: origin, otherwise });
  assertEquals((await authenticator.fetch("/v1")).status, 200);
  assertEquals((await authenticator.fetch("/oauth/unknown")).status, 200);
  kit.assertCalls(["GET /v1", "GET /oauth/unknown"]);
  assertEquals(await (await kit.fetch("https://elsewhere.test/")).text(), "elsewhere");

  const message =
    "Cannot connect to https://elsewhere.test: the test servers are https://auth.test and https://api.test.";
  await assertRejects(() => testServers().fetch("https://elsewhere.test/?secret"), TypeError, message);
  for (const options of [{ issuer: "auth.test" }, { clients: [] }, { tokens: "saml" }, { scopes: "a b" }]) {
    assertThrows(() => testServers(options as TestServersOptions), TypeError);
  }
  assertThrows(() => testServers({ lifetime: 0 }), RangeError, "lifetime");
  assertThrows(() => kit.api.next(undefined as unknown as Behaviour), TypeError, "behaviour");
});
