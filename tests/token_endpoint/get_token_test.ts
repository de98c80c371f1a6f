import { assert, assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, clientSecretBasic, getToken, GrantType } from "@m2m/authenticator";
import { assertHides } from "../client_auth/showing.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

type Options = Parameters<typeof getToken>[1];

const client = { clientId: "id", clientSecret: "s3cret" };
const clients = [{ client_id: "id", client_secret: "s3cret" }];
const api = { scopes: ["api:read", "api:write"], audience: "https://api.example.com" };

Deno.test("getToken: gets a token from a certified server", async () => {
  await using server = await startAuthorizationServer({ clients, scopes: api.scopes, lifetime: 300 });
  const before = Date.now();

  const { accessToken, scope, expiresAt = 0 } = await getToken(server.tokenEndpoint, { ...client, ...api });

  assertEquals([accessToken.split(".").length, scope], [3, "api:read api:write"]);
  assert(expiresAt >= before + 300_000 && expiresAt <= Date.now() + 300_000);
});

const device = { grantType: GrantType.DEVICE_CODE, deviceCode: "dc" };
const bodies: [options: Options, body: string][] = [
  [
    { ...client, ...api },
    "grant_type=client_credentials&scope=api%3Aread+api%3Awrite&audience=https%3A%2F%2Fapi.example.com",
  ],
  [{ ...client, scopes: [], audience: "" }, "grant_type=client_credentials"],
  [
    { clientId: "id", ...device },
    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&device_code=dc&client_id=id",
  ],
  [
    { clientId: "id", grantType: GrantType.REFRESH_TOKEN, refreshToken: "rt" },
    "grant_type=refresh_token&refresh_token=rt&client_id=id",
  ],
];
Deno.test("getToken: posts a form, and follows no redirect", async () => {
  for (const [options, body] of bodies) {
    const stub = tokenEndpointStub();
    await getToken(new URL(stub.url), { ...options, fetch: stub.fetch });
    const [{ method, headers, init, form }] = stub.requests as [typeof stub.requests[number]];
    assertEquals([method, init.redirect, headers.get("accept")], ["POST", "manual", "application/json"]);
    assertEquals(headers.get("content-type"), "application/x-www-form-urlencoded");
    assertEquals([...form].sort(), [...new URLSearchParams(body)].sort());
  }
});

Deno.test("getToken: takes a clock that is an object of a class", async () => {
  class Watch {
    readonly #now = 1_000;
    wall() {
      return this.#now;
    }
  }
  const { fetch, url } = tokenEndpointStub();
  assertEquals((await getToken(url, { ...client, clock: new Watch(), fetch })).expiresAt, 3_601_000);
});

const wrong: [options: object, message: string][] = [
  [{ clientId: "", clientSecret: undefined }, "Missing: clientId and"],
  [{ clientSecret: undefined }, "Missing: clientSecret."],
  [{ scopes: "a b" }, "scopes"],
  [{ clientAuth: "x" }, "clientAuth"],
  [{ clientAuth: clientSecretBasic("b") }, "without clientSecret"],
];
Deno.test("getToken: refuses wrong arguments, and sends nothing", async () => {
  const { url, fetch, requests } = tokenEndpointStub();
  await assertRejects(
    () => getToken("/token", { ...client, fetch }),
    TypeError,
    "tokenEndpoint must be an absolute URL",
  );
  for (const [options, message] of wrong) {
    await assertRejects(() => getToken(url, { ...client, fetch, ...options } as Options), TypeError, message);
  }
  for (const timeout of [0, -1, NaN, Infinity, 2 ** 31]) {
    await assertRejects(() => getToken(url, { ...client, timeout, fetch }), RangeError, "timeout");
  }
  assertEquals(requests.length, 0);
});

Deno.test("getToken: sends no secret over http:, but on loopback or where allowed", async () => {
  const seen: string[] = [];
  const fetch = (input: unknown) => {
    seen.push(String(input));
    return Promise.resolve(Response.json({ access_token: "t" }));
  };
  for (const host of ["auth.test", "127.0.0.1.evil.test", "localhost.evil.test", "10.0.0.1"]) {
    const error = await assertRejects(() => getToken(`http://${host}/t`, { ...client, fetch }), AuthenticationError);
    assertEquals([error.code, seen], ["insecure_endpoint", []]);
  }
  const loopback = ["127.0.0.1:1", "127.8.8.8", "[::1]:1", "localhost:1", "a.localhost"].map((it) => `http://${it}/t`);
  for (const url of loopback) await getToken(url, { ...client, fetch });
  await getToken("http://auth.test/t", { ...client, fetch, allowInsecureRequests: true });
  assertEquals(seen, [...loopback, "http://auth.test/t"]);
});

/** Where nothing listens. */
function closedPort(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `http://127.0.0.1:${listener.addr.port}/token?key=planted-query`;
}

const redirected = Object.defineProperty(Response.json({ access_token: "planted" }), "redirected", { value: true });
const url = "https://auth.test/token";
type Failure = [
  what: string,
  code: string,
  retryable: boolean,
  told: string,
  delay: number,
  url: string,
  more: Options,
];
const failures: Failure[] = [
  ["a wrong secret", "token_request_rejected", false, "Check the client's id and its secret", 0, "", {
    ...client,
    clientSecret: "planted",
  }],
  ["a slow server", "timeout", true, "within 50 ms", 5_000, "", { ...client, timeout: 50 }],
  ["a closed port", "network_error", true, "http://127.0.0.1:", 0, closedPort(), client],
  ["a fetch that ignores its signal", "timeout", true, "within 20 ms", 0, url, {
    ...client,
    timeout: 20,
    fetch: () => new Promise(() => {}),
  }],
  ["a redirect that fetch followed", "redirect_refused", false, "redirect", 0, url, {
    ...client,
    fetch: () => Promise.resolve(redirected),
  }],
];
for (const [what, code, retryable, told, delay, tokenEndpoint, options] of failures) {
  Deno.test(`getToken: ${what} is ${code}`, async () => {
    await using server = await startAuthorizationServer({ clients });
    server.delay = delay;
    const request = getToken(tokenEndpoint || server.tokenEndpoint, options);

    const error = await assertRejects(() => request, AuthenticationError, told);

    assertEquals([error.code, error.retryable], [code, retryable]);
    assertEquals(error.error, code === "token_request_rejected" ? "invalid_client" : undefined);
    assertHides(error, ["planted"]);
  });
}

Deno.test("getToken: rejects with the signal's reason, before and during the request", async () => {
  const reason = new Error("shutting down");
  const stub = tokenEndpointStub();
  const aborted = { ...client, signal: AbortSignal.abort(reason), fetch: stub.fetch };
  assertEquals(await assertRejects(() => getToken(stub.url, aborted)), reason);
  assertEquals(stub.requests.length, 0);

  const controller = new AbortController();
  const fetch = () => {
    controller.abort(reason);
    return new Promise<Response>(() => {});
  };
  assertEquals(await assertRejects(() => getToken(stub.url, { ...client, signal: controller.signal, fetch })), reason);
});
