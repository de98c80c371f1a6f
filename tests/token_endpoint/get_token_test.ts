import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AuthenticationError, clientSecretBasic, getToken, GrantType } from "@m2m/authenticator";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const client = { clientId: "id", clientSecret: "s3cret" } as const;

Deno.test("a certified server gives a token for id, secret, scopes and audience", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "id", client_secret: "s3cret" }],
    scopes: ["api:read", "api:write"],
    lifetime: 300,
  });
  const before = Date.now();
  const credentials = await getToken(server.tokenEndpoint, {
    ...client,
    scopes: ["api:read", "api:write"],
    audience: "https://api.example.com",
  });
  assertEquals(credentials.accessToken.split(".").length, 3);
  assertEquals(credentials.scope, "api:read api:write");
  const lifetime = (credentials.expiresAt ?? 0) - before;
  assert(lifetime >= 300_000 && lifetime < 310_000, `expiresAt is ${lifetime} ms ahead`);
});

Deno.test("the request is a form post that follows no redirect", async () => {
  const stub = tokenEndpointStub();
  await getToken(new URL(stub.url), {
    ...client,
    scopes: ["b", "a"],
    audience: "https://api.test",
    fetch: stub.fetch,
  });
  const [request] = stub.requests;
  assertEquals(request?.method, "POST");
  assertEquals(request?.headers.get("content-type"), "application/x-www-form-urlencoded");
  assertEquals(request?.headers.get("accept"), "application/json");
  assertEquals(request?.init.redirect, "manual");
  assertEquals(
    String(request?.init.body),
    "grant_type=client_credentials&scope=b+a&audience=https%3A%2F%2Fapi.test",
  );
});

Deno.test("what has no value isn't sent", async () => {
  const stub = tokenEndpointStub();
  await getToken(stub.url, { ...client, scopes: [], audience: "", fetch: stub.fetch });
  assertEquals(String(stub.requests[0]?.init.body), "grant_type=client_credentials");
});

Deno.test("flytekit's other grants send what they need", async () => {
  assertEquals(Object.values(GrantType), [
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "refresh_token",
  ]);
  const stub = tokenEndpointStub();
  const { fetch } = stub;
  await getToken(stub.url, { clientId: "id", grantType: GrantType.DEVICE_CODE, deviceCode: "dc", fetch });
  await getToken(stub.url, { clientId: "id", grantType: GrantType.REFRESH_TOKEN, refreshToken: "rt", fetch });
  assertEquals(Object.fromEntries(stub.requests[0]?.form ?? []), {
    grant_type: GrantType.DEVICE_CODE,
    device_code: "dc",
    client_id: "id",
  });
  assertEquals(stub.requests[1]?.form.get("refresh_token"), "rt");
});

Deno.test("a clock may be an object of a class", async () => {
  class Watch {
    readonly #now = 1_000;
    wall() {
      return this.#now;
    }
    monotonic() {
      return this.#now;
    }
  }
  const { fetch, url } = tokenEndpointStub();
  assertEquals((await getToken(url, { ...client, clock: new Watch(), fetch })).expiresAt, 3_601_000);
});

Deno.test("wrong arguments are refused before anything is sent, with what to write instead", async () => {
  const stub = tokenEndpointStub();
  const { fetch } = stub;
  await assertRejects(
    () => getToken("/token", { ...client, fetch }),
    TypeError,
    "tokenEndpoint must be an absolute URL",
  );
  await assertRejects(() => getToken(stub.url, { clientId: "", fetch }), TypeError, "Missing: clientId and");
  await assertRejects(() => getToken(stub.url, { clientId: "id", fetch }), TypeError, "Missing: clientSecret");
  await assertRejects(
    () => getToken(stub.url, { ...client, scopes: "a b" as never, fetch }),
    TypeError,
    "scopes",
  );
  await assertRejects(
    () => getToken(stub.url, { ...client, clientAuth: "x" as never, fetch }),
    TypeError,
    "clientAuth",
  );
  await assertRejects(
    () => getToken(stub.url, { ...client, clientAuth: clientSecretBasic("b"), fetch }),
    TypeError,
    "without clientSecret",
  );
  for (const timeout of [0, -1, NaN, Infinity, 2 ** 31]) {
    await assertRejects(() => getToken(stub.url, { ...client, timeout, fetch }), RangeError, "timeout");
  }
  assertEquals(stub.requests.length, 0);
});

Deno.test("a secret isn't sent over http, except on loopback or where allowed", async () => {
  const seen: string[] = [];
  const fetch = (input: unknown) => {
    seen.push(String(input));
    return Promise.resolve(Response.json({ access_token: "t" }));
  };
  const refused = [
    "http://auth.test/token",
    "http://127.0.0.1.evil.test/t",
    "http://localhost.evil.test/t",
    "http://10.0.0.1/t",
  ];
  for (const url of refused) {
    const error = await assertRejects(() => getToken(url, { ...client, fetch }), AuthenticationError);
    assertEquals(error.code, "insecure_endpoint");
  }
  assertEquals(seen, []);
  const loopback = [
    "http://127.0.0.1:1/t",
    "http://127.8.8.8/t",
    "http://[::1]:1/t",
    "http://localhost:1/t",
    "http://a.localhost/t",
  ];
  for (const url of loopback) await getToken(url, { ...client, fetch });
  await getToken("http://auth.test/token", { ...client, fetch, allowInsecureRequests: true });
  assertEquals(seen, [...loopback, "http://auth.test/token"]);
});

Deno.test("a wrong secret is refused with the server's own code, and what to check", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "id", client_secret: "s3cret" }],
  });
  const error = await assertRejects(
    () => getToken(server.tokenEndpoint, { clientId: "id", clientSecret: "planted-wrong" }),
    AuthenticationError,
  );
  assertEquals(
    [error.code, error.status, error.error, error.retryable],
    ["token_request_rejected", 401, "invalid_client", false],
  );
  assertStringIncludes(error.message, "Check the client's id and its secret");
  assertEquals(Deno.inspect(error, { depth: 10, showHidden: true }).includes("planted-wrong"), false);
});

Deno.test("a server nobody answers at is a network error that says where", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}/token?key=planted-query`;
  listener.close();
  const error = await assertRejects(() => getToken(url, client), AuthenticationError);
  assertEquals([error.code, error.retryable, error.cause], ["network_error", true, undefined]);
  assertStringIncludes(error.message, "http://127.0.0.1:");
});

Deno.test("a server that doesn't answer is given up on when its time is over", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "id", client_secret: "s3cret" }],
  });
  server.delay = 5_000;
  const error = await assertRejects(
    () => getToken(server.tokenEndpoint, { ...client, timeout: 50 }),
    AuthenticationError,
  );
  assertEquals([error.code, error.retryable], ["timeout", true]);
  assertStringIncludes(error.message, "within 50 ms");
});

Deno.test("a fetch that ignores its signal can't make anybody wait longer", async () => {
  let wake = () => {};
  const fetch = () => new Promise<Response>((resolve) => wake = () => resolve(new Response()));
  const error = await assertRejects(
    () => getToken("https://auth.test/token", { ...client, fetch, timeout: 20 }),
    AuthenticationError,
  );
  assertEquals(error.code, "timeout");
  wake();
});

Deno.test("an abort rejects with the signal's own reason", async () => {
  const reason = new Error("shutting down");
  const stub = tokenEndpointStub();
  const aborted = AbortSignal.abort(reason);
  assertEquals(
    await assertRejects(() => getToken(stub.url, { ...client, signal: aborted, fetch: stub.fetch })),
    reason,
  );
  assertEquals(stub.requests.length, 0);
  const controller = new AbortController();
  const fetch = () => {
    controller.abort(reason);
    return new Promise<Response>(() => {});
  };
  assertEquals(
    await assertRejects(() => getToken(stub.url, { ...client, signal: controller.signal, fetch })),
    reason,
  );
});

Deno.test("an answer that a redirect was followed for is refused, whoever followed it", async () => {
  const fetch = () => {
    const response = Response.json({ access_token: "planted-token" });
    return Promise.resolve(Object.defineProperty(response, "redirected", { value: true }));
  };
  const options = { clientId: "id", clientSecret: "secret", fetch };

  const error = await assertRejects(() => getToken("https://auth.test/token", options), AuthenticationError);

  assertEquals([error.code, error.retryable], ["redirect_refused", false]);
});
