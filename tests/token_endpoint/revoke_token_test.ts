import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { decodeJwt } from "jose";
import {
  AuthenticationError,
  type ClientConfig,
  ClientConfigStore,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretPost,
  Credentials,
  type Fetch,
  getBasicAuthorizationHeader,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { assertHides } from "../client_auth/showing.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startIntrospectingApi } from "../servers/introspecting_api.ts";
import { startProxy } from "../servers/proxy.ts";

const clientSecret = "planted-secret-4711";
const key = await testKey("ES256");
const clients = [
  { client_id: "service", client_secret: clientSecret },
  { client_id: "by-key", token_endpoint_auth_method: "private_key_jwt" as const, jwks: { keys: [key.publicJwk] } },
];

/** A server whose tokens can be given back, and an API that knows of it. */
async function startScene({ opaqueTokens = true } = {}) {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(
    await startAuthorizationServer({ clients, opaqueTokens, scopes: ["api:read", "api:write"] }),
  );
  const { introspectionEndpoint, tokenEndpoint, revocationEndpoint, issuer } = server;
  const authorization = getBasicAuthorizationHeader("service", clientSecret);
  const api = stack.use(startIntrospectingApi({ introspectionEndpoint, authorization }));
  const started = stack.move();
  return {
    server,
    api,
    settings: {
      endpoint: api.origin,
      clientId: "service",
      clientSecret,
      scopes: ["api:read"],
      configStore: new StaticClientConfigStore({ tokenEndpoint, revocationEndpoint, issuer }),
      revocation: tokenRevocation(),
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function statusOf(url: string, token: string): Promise<number> {
  const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  await response.body?.cancel();
  return response.status;
}

Deno.test("a token that was given back is refused by an API that asks about it", async () => {
  await using scene = await startScene();
  const { settings, server, api } = scene;
  const authenticator = new ClientCredentialsAuthenticator(settings);
  const { accessToken } = await authenticator.getCredentials();
  assertEquals(await statusOf(api.origin, accessToken), 200);

  await authenticator.close();

  assertEquals(await statusOf(api.origin, accessToken), 401);
  const [request, ...others] = server.revocationRequests;
  assertEquals([others, request?.status], [[], 200]);
  assertEquals(request?.parameters, { token: accessToken, token_type_hint: "access_token" });
  assert(request?.headerNames.includes("authorization"));
});

Deno.test("await using gives the token back, and what is closed stays closed", async () => {
  await using scene = await startScene();
  const { settings, api } = scene;
  let first = "";
  {
    await using authenticator = new ClientCredentialsAuthenticator(settings);
    first = (await authenticator.getCredentials()).accessToken;
  }
  assertEquals(await statusOf(api.origin, first), 401);

  const authenticator = new ClientCredentialsAuthenticator(settings);
  await authenticator.getCredentials();
  await authenticator.close();
  for (const use of [() => authenticator.fetch("/"), () => authenticator.getCredentials()]) {
    assertEquals((await assertRejects(use, DOMException, "was closed")).name, "AbortError");
  }
  await authenticator.close();
});

Deno.test("closing twice gives back once, and closing without a token asks nobody", async () => {
  await using scene = await startScene();
  const { settings, server } = scene;
  const authenticator = new ClientCredentialsAuthenticator(settings);
  await authenticator.close();
  assertEquals(server.revocationRequests, []);

  const used = new ClientCredentialsAuthenticator(settings);
  await used.getCredentials();
  await Promise.all([used.close(), used.close()]);
  await used.close();

  assertEquals(server.revocationRequests.length, 1);
});

Deno.test("a token that has expired isn't given back", async () => {
  await using scene = await startScene();
  const { settings, server } = scene;
  let ahead = 0;
  const clock = { wall: () => Date.now() + ahead, monotonic: () => performance.now() + ahead };
  const authenticator = new ClientCredentialsAuthenticator({ ...settings, clock });
  await authenticator.getCredentials();
  ahead = 3_600_000;

  await authenticator.close();

  assertEquals(server.revocationRequests, []);
});

Deno.test("closing the first one gives back the tokens of those made from it; closing one of them its own", async () => {
  await using scene = await startScene();
  const { settings, server, api } = scene;
  const root = new ClientCredentialsAuthenticator(settings);
  const writer = root.with({ scopes: ["api:write"] });
  const other = writer.with({ audience: "https://else.test" });
  const tokens: string[] = [];
  for (const each of [root, writer, other]) tokens.push((await each.getCredentials()).accessToken);
  const states = () => Promise.all(tokens.map((token) => statusOf(api.origin, token)));

  await writer.close();
  assertEquals(await states(), [200, 401, 200]);

  await root.close();
  assertEquals(await states(), [401, 401, 401]);
  assertEquals(server.revocationRequests.length, 3);
});

Deno.test("a client proves itself by its key as well, with an assertion for the authorization server", async () => {
  await using scene = await startScene();
  const { settings: { clientSecret: _, ...settings }, server, api } = scene;
  for (const audience of ["issuer", "token-endpoint"] as const) {
    const authenticator = new ClientCredentialsAuthenticator({
      ...settings,
      clientId: "by-key",
      clientAuth: privateKeyJwt(key.pem, { audience }),
    });
    const { accessToken } = await authenticator.getCredentials();

    await authenticator.close();

    assertEquals(await statusOf(api.origin, accessToken), 401);
    const { aud, jti } = decodeJwt(String(server.revocationRequests.at(-1)!.parameters.client_assertion));
    assertEquals(aud, audience === "issuer" ? server.issuer : server.tokenEndpoint);
    assert(jti !== decodeJwt(String(server.tokenRequests.at(-1)!.parameters.client_assertion)).jti);
  }
});

Deno.test("a server that can't revoke its tokens says so, by a typed error", async () => {
  await using scene = await startScene({ opaqueTokens: false });
  const authenticator = new ClientCredentialsAuthenticator(scene.settings);
  const { accessToken } = await authenticator.getCredentials();

  const error = await assertRejects(() => authenticator.close(), AuthenticationError);

  assertEquals([error.code, error.status, error.error, error.retryable], [
    "token_request_rejected",
    400,
    "unsupported_token_type",
    false,
  ]);
  assertStringIncludes(error.message, "Cannot revoke the token: ");
  assertStringIncludes(error.message, "leave revocation out");
  assertHides(error, [accessToken, accessToken.split(".")[2]!, clientSecret]);
  await assertRejects(
    () => authenticator.close(),
    AuthenticationError,
    error.message,
    "it is closed, with this outcome",
  );
});

Deno.test("a secret that isn't right any more is the server's refusal", async () => {
  await using scene = await startScene();
  let secret = clientSecret;
  const authenticator = new ClientCredentialsAuthenticator({ ...scene.settings, clientSecret: () => secret });
  await authenticator.getCredentials();
  secret = "planted-wrong";

  const error = await assertRejects(() => authenticator.close(), AuthenticationError);

  assertEquals([error.code, error.status, error.error], ["token_request_rejected", 401, "invalid_client"]);
  assertHides(error, [secret, clientSecret]);
});

Deno.test("what the way out needed is freed, whether the token was taken back or not", async () => {
  // The leak sanitizer would name the runtime's client.
  for (const opaqueTokens of [true, false]) {
    await using scene = await startScene({ opaqueTokens });
    await using proxy = await startProxy();
    const authenticator = new ClientCredentialsAuthenticator({ ...scene.settings, httpProxyUrl: proxy.url });
    await authenticator.getCredentials();
    await authenticator.with({ scopes: ["api:write"] }).getCredentials();

    const closing = authenticator.close();

    if (opaqueTokens) await closing;
    else await assertRejects(() => closing, AuthenticationError, "unsupported_token_type");
    assertEquals(scene.server.revocationRequests.length, 2);
  }
});

const tokenEndpoint = "https://auth.test/token";

/** Answers token requests as usual, and what goes elsewhere by `answer`. */
function authenticatorWith(
  answer: (url: string, form: URLSearchParams) => Response | Promise<Response>,
  options: Partial<ClientCredentialsAuthenticatorOptions> = {},
): ClientCredentialsAuthenticator {
  let count = 0;
  const fetch: Fetch = async (input, init) => {
    if (String(input) === tokenEndpoint) return Response.json({ access_token: `planted-token-${++count}` });
    return await answer(String(input), new URLSearchParams(String(init?.body)));
  };
  return new ClientCredentialsAuthenticator({
    endpoint: "https://api.test",
    clientId: "id",
    clientSecret,
    configStore: new StaticClientConfigStore({ tokenEndpoint, revocationEndpoint: "https://auth.test/revoke" }),
    revocation: tokenRevocation(),
    fetch,
    ...options,
  });
}

async function failureOf(authenticator: ClientCredentialsAuthenticator): Promise<AuthenticationError> {
  await authenticator.getCredentials();
  const error = await assertRejects(() => authenticator.close(), AuthenticationError);
  assertHides(error, [clientSecret, "planted"]);
  assertEquals(authenticator.credentials === undefined || error.message.startsWith("Cannot revoke the token"), true);
  assertStrictEquals(await assertRejects(() => authenticator.close()), error, "a second close waits for the first");
  return error;
}

Deno.test("a stalled endpoint ends in a timeout", async () => {
  const authenticator = authenticatorWith(() => new Promise(() => {}), { timeout: 500 });
  const more = ["https://a.test", "https://b.test"].map((audience) => authenticator.with({ audience }));
  for (const each of [authenticator, ...more]) await each.getCredentials();

  const error = await assertRejects(() => authenticator.close(), AuthenticationError);

  assertEquals([error.code, error.retryable], ["timeout", true]);
  assertEquals(error.message, "Cannot revoke the token: no answer within 500 ms.");
});

Deno.test("a refresh token goes back first, and the token too, whatever becomes of the first", async () => {
  for (const status of [200, 503]) {
    const given: [string | null, string | null][] = [];
    const revocation = tokenRevocation();
    const issued = [{
      credentials: new Credentials({ accessToken: "planted-access", refreshToken: "planted-refresh" }),
      server: { tokenEndpoint, revocationEndpoint: "https://auth.test/revoke" },
    }];
    const context: Parameters<typeof revocation.revoke>[1] = {
      clientId: "id",
      clientAuth: clientSecretPost(clientSecret),
      timeout: 10_000,
      clock: { wall: () => Date.now(), monotonic: () => performance.now() },
      fetch(_input, init) {
        const form = new URLSearchParams(String(init?.body));
        given.push([form.get("token_type_hint"), form.get("token")]);
        return Promise.resolve(new Response("planted-refresh", { status: given.length > 1 ? 200 : status }));
      },
    };

    if (status === 200) await revocation.revoke(issued, context);
    else {
      const error = await assertRejects(() => revocation.revoke(issued, context), AuthenticationError);
      assertEquals(error.status, 503);
      assertHides(error, ["planted", clientSecret]);
    }

    assertEquals(given, [["refresh_token", "planted-refresh"], ["access_token", "planted-access"]]);
  }
});

Deno.test("beforeTokenRequest has the last word on the request, and time is the clock's", async () => {
  const sent: Request[] = [];
  const now = Date.parse("2030-01-01T00:00:00Z");
  const authenticator = authenticatorWith(() => new Response(), {
    clock: { wall: () => now, monotonic: () => 0 },
    beforeTokenRequest(request) {
      request.headers.set("x-tenant", "7");
      if (request.body.has("token")) request.body.delete("token_type_hint");
    },
    fetch(input, init) {
      sent.push(new Request(input, { ...init, body: String(init?.body) }));
      if (String(input) === tokenEndpoint) return Promise.resolve(Response.json({ access_token: "planted-token" }));
      const headers = { "retry-after": new Date(now + 7_000).toUTCString() };
      return Promise.resolve(new Response(null, { status: 503, headers }));
    },
  });

  const { retryAfter } = await failureOf(authenticator);

  assertEquals(retryAfter, 7_000);
  assertEquals(sent.map(({ headers }) => headers.get("x-tenant")), ["7", "7"]);
  assertEquals(await sent[1]!.text(), "token=planted-token");
});

Deno.test("an error of the client's own, whatever it says, is told to be about the revocation", async () => {
  let isDown = false;
  const authenticator = authenticatorWith(() => new Response(), {
    clientSecret: undefined,
    clientAuth: {
      method: "own",
      authenticate() {
        if (isDown) throw new AuthenticationError("client_auth_unavailable", "Cannot revoke the token of the vault.");
      },
    },
  });
  await authenticator.getCredentials();
  isDown = true;

  const error = await assertRejects(() => authenticator.close(), AuthenticationError);

  assertEquals(error.message, "Cannot revoke the token. Cannot revoke the token of the vault.");
});

Deno.test("whatever the endpoint answers is a typed error that speaks of the revocation", async () => {
  const cases: [Response, Partial<AuthenticationError>][] = [
    [new Response(null, { status: 503, headers: { "retry-after": "7" } }), {
      code: "token_endpoint_error",
      status: 503,
      retryable: true,
      retryAfter: 7_000,
    }],
    [new Response("<html>", { status: 404 }), { code: "token_endpoint_error", status: 404, retryable: true }],
    [Response.json({ error: "invalid_request" }, { status: 400 }), {
      code: "token_request_rejected",
      status: 400,
      error: "invalid_request",
      retryable: false,
    }],
    [Response.json({ error: "server_error" }, { status: 500 }), {
      code: "token_endpoint_error",
      status: 500,
      error: "server_error",
      retryable: true,
    }],
    [Response.json({ error: "planted-token-1" }, { status: 400 }), { code: "token_endpoint_error", status: 400 }],
    [new Response(null, { status: 307, headers: { location: "https://else.test" } }), {
      code: "redirect_refused",
      status: 307,
      retryable: false,
    }],
  ];
  for (const [response, expected] of cases) {
    const error = await failureOf(authenticatorWith(() => response));
    assertEquals({ ...error, message: undefined }, { ...error, message: undefined, ...expected } as never);
    assertStringIncludes(error.message, "Cannot revoke the token");
    assertStringIncludes(error.message, "https://auth.test/revoke");
  }
  const broken = await failureOf(authenticatorWith(() => Promise.reject(new TypeError("planted-token-1 reset"))));
  assertEquals([broken.code, broken.retryable], ["network_error", true]);
  assertEquals(broken.message, "Cannot revoke the token. Cannot reach https://auth.test/revoke: [redacted] reset");
});

Deno.test("any status of success is one, with whatever body", async () => {
  for (const response of [new Response(), new Response(null, { status: 204 }), Response.json({ error: "x" })]) {
    const authenticator = authenticatorWith(() => response);
    await authenticator.getCredentials();
    await authenticator.close();
  }
});

Deno.test("what a server quotes of the token is taken out", async () => {
  const authenticator = authenticatorWith((_url, form) => {
    const error_description = `no: ${form.get("token")} of id`;
    return Response.json({ error: "invalid_request", error_description }, { status: 400 });
  });

  assertEquals((await failureOf(authenticator)).error_description, "no: [redacted] of id");
});

Deno.test("the endpoint is the option's, else the settings', and https", async () => {
  const cases: [string | undefined, Partial<ClientConfig>, string][] = [
    ["https://auth.test/other?planted=1", { revocationEndpoint: "https://auth.test/revoke" }, "/other"],
    [undefined, { revocationEndpoint: new URL("https://auth.test/revoke") }, "/revoke"],
    ["http://127.0.0.1:9/other", {}, "/other"],
  ];
  for (const [endpoint, config, path] of cases) {
    const asked: string[] = [];
    const authenticator = authenticatorWith((url) => (asked.push(new URL(url).pathname), new Response()), {
      configStore: new StaticClientConfigStore({ tokenEndpoint, ...config }),
      revocation: tokenRevocation({ endpoint }),
    });
    await authenticator.getCredentials();
    await authenticator.close();
    assertEquals(asked, [path]);
  }
  const wrong: [unknown, string, string][] = [
    [undefined, "invalid_config", "no revocation endpoint is known. Pass endpoint to tokenRevocation"],
    ["", "invalid_config", "no revocation endpoint is known"],
    ["/revoke", "invalid_config", "revocationEndpoint must be an absolute URL"],
    ["https://a:planted@auth.test", "invalid_config", "without user name and password"],
    ["http://auth.test/revoke?planted", "insecure_endpoint", "unencrypted"],
  ];
  for (const [revocationEndpoint, code, message] of wrong) {
    const configStore = new StaticClientConfigStore({ tokenEndpoint, revocationEndpoint } as ClientConfig);
    const error = await failureOf(authenticatorWith(() => new Response(), { configStore }));
    assertEquals(error.code, code);
    assertStringIncludes(error.message, message);
  }
  const insecure = new StaticClientConfigStore({ tokenEndpoint, revocationEndpoint: "http://auth.test/revoke" });
  const allowed = authenticatorWith(() => new Response(), { configStore: insecure, allowInsecureRequests: true });
  await allowed.getCredentials();
  await allowed.close();
  assertThrows(() => tokenRevocation({ endpoint: "/revoke" }), TypeError, "endpoint must be an absolute URL");
});

Deno.test("a token goes back where the settings said it was issued under: the store isn't asked again", async () => {
  let settings: ClientConfig | undefined = { tokenEndpoint, revocationEndpoint: "https://auth.test/then" };
  class Store extends ClientConfigStore {
    override getClientConfig(): ClientConfig {
      if (settings === undefined) throw new Error("the settings service is down");
      return settings;
    }
  }
  const asked: string[] = [];
  const authenticator = authenticatorWith((url) => (asked.push(url), new Response()), { configStore: new Store() });
  await authenticator.getCredentials();
  settings = undefined;

  await authenticator.close();

  assertEquals(asked, ["https://auth.test/then"]);
});

Deno.test("one token that isn't taken back doesn't keep the others", async () => {
  const given: string[] = [];
  const root = authenticatorWith((_url, form) => {
    const token = form.get("token")!;
    given.push(token);
    return new Response(null, { status: token === "planted-token-1" ? 503 : 200 });
  });
  for (const each of [root, root.with({ scopes: ["a"] }), root.with({ scopes: ["b"] })]) await each.getCredentials();

  const error = await assertRejects(() => root.close(), AuthenticationError);

  assertEquals([error.status, given.sort()], [503, ["planted-token-1", "planted-token-2", "planted-token-3"]]);
});

Deno.test("what waits for a token when the authenticator is closed ends first", async () => {
  let asked = () => {};
  const waiting = new Promise<void>((resolve) => asked = resolve);
  const revoked: string[] = [];
  const fetch: Fetch = (input, init) => {
    if (String(input) !== tokenEndpoint) revoked.push(String(input));
    asked();
    return new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
  };
  const authenticator = authenticatorWith(() => new Response(), { fetch });
  const first = assertRejects(() => authenticator.getCredentials(), DOMException, "was closed");
  await waiting;

  await authenticator.close();
  await first;

  assertEquals(revoked, []);
});
