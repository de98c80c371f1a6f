import { assert, assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, clientSecretBasic, getToken, GrantType } from "@m2m/authenticator";
import { assertHides } from "../client_auth/showing.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

type Options = Parameters<typeof getToken>[1];

const client = { clientId: "id", clientSecret: "s3cret" };
const clients = [{ client_id: "id", client_secret: "s3cret" }];
const api = { scopes: ["api:read", "api:write"], audience: "https://api.example.com" };

Deno.test("getToken: a certified server gives a token, and refuses a wrong secret", async () => {
  await using server = await startAuthorizationServer({ clients, scopes: api.scopes, lifetime: 300 });
  const before = Date.now();

  const { accessToken, scope, expiresAt = 0 } = await getToken(server.tokenEndpoint, { ...client, ...api });

  assertEquals([accessToken.split(".").length, scope], [3, "api:read api:write"]);
  assert(expiresAt >= before + 300_000 && expiresAt <= Date.now() + 300_000);
  const wrong = getToken(server.tokenEndpoint, { clientId: "id", clientSecret: "planted" });
  const error = await assertRejects(() => wrong, AuthenticationError, "Check id and secret");
  assertEquals([error.code, error.error, error.status], ["token_request_rejected", "invalid_client", 401]);
  assertHides(error, ["planted"]);
});

Deno.test("getToken: sends a refresh token, and follows no redirect", async () => {
  const { url, fetch, requests } = tokenEndpointStub();
  const options = { clientId: "id", scopes: [], audience: "", fetch };
  await getToken(new URL(url), { ...options, grantType: GrantType.REFRESH_TOKEN, refreshToken: "rt" });
  const [{ form, init }] = requests as [typeof requests[number]];
  assertEquals(Object.fromEntries(form), { grant_type: "refresh_token", refresh_token: "rt", client_id: "id" });
  assertEquals(init.redirect, "manual");
});

Deno.test("getToken: takes a clock that is an object of a class", async () => {
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

const wrong: [options: object, message: string][] = [
  [{ clientId: "", clientSecret: undefined }, "Missing: clientId and"],
  [{ clientSecret: undefined }, "Missing: clientSecret"],
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

Deno.test("getToken: refuses the answer to a redirect that fetch followed", async () => {
  const redirected = Object.defineProperty(Response.json({ access_token: "planted" }), "redirected", { value: true });
  const request = getToken("https://auth.test/token", { ...client, fetch: () => Promise.resolve(redirected) });

  const { code, retryable } = await assertRejects(() => request, AuthenticationError);

  assertEquals([code, retryable], ["redirect_refused", false]);
});

Deno.test("getToken: ends in time with a fetch that ignores its signal", async () => {
  const options = { ...client, timeout: 20, fetch: () => new Promise<Response>(() => {}) };
  const request = getToken("https://auth.test/token", options);
  assertEquals((await assertRejects(() => request, AuthenticationError, "within 20 ms")).code, "timeout");
});

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
