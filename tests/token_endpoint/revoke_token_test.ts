import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { decodeJwt } from "jose";
import {
  AuthenticationError,
  type ClientConfig,
  ClientConfigStore,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretPost,
  Credentials,
  getBasicAuthorizationHeader,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { authenticatorAt } from "../authenticator_at.ts";
import { assertHides } from "../client_auth/showing.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startIntrospectingApi } from "../servers/introspecting_api.ts";
import { startProxy } from "../servers/proxy.ts";
import { type SeenRequest, tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const clientSecret = "planted-secret-4711";
const key = await testKey("ES256");
const clients = [
  { client_id: "service", client_secret: clientSecret },
  { client_id: "by-key", token_endpoint_auth_method: "private_key_jwt" as const, jwks: { keys: [key.publicJwk] } },
];

/** A real server, reached by a proxy, and an API that introspects tokens: `getStatuses` says how it answers to them. */
async function startScene({ opaqueTokens = true } = {}) {
  await using stack = new AsyncDisposableStack();
  const proxy = stack.use(await startProxy());
  const server = stack.use(
    await startAuthorizationServer({ clients, opaqueTokens, scopes: ["api:read", "api:write"] }),
  );
  const { introspectionEndpoint, tokenEndpoint, revocationEndpoint, issuer } = server;
  const authorization = getBasicAuthorizationHeader("service", clientSecret);
  const api = stack.use(startIntrospectingApi({ introspectionEndpoint, authorization }));
  const started = stack.move();
  const getStatus = async (token: string) => {
    const response = await fetch(api.origin, { headers: { authorization: `Bearer ${token}` } });
    await response.body?.cancel();
    return response.status;
  };
  return {
    server,
    revocations: server.revocationRequests,
    getStatuses: (...tokens: string[]) => Promise.all(tokens.map(getStatus)),
    settings: {
      endpoint: api.origin,
      clientId: "service",
      clientSecret,
      scopes: ["api:read"],
      configStore: new StaticClientConfigStore({ tokenEndpoint, revocationEndpoint, issuer }),
      revocation: tokenRevocation(),
      httpProxyUrl: proxy.url,
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

Deno.test("close: revokes the token once", async () => {
  await using scene = await startScene();
  const authenticator = new ClientCredentialsAuthenticator(scene.settings);
  const { accessToken } = await authenticator.getCredentials();
  assertEquals(await scene.getStatuses(accessToken), [200]);

  await Promise.all([authenticator.close(), authenticator.close()]);
  await authenticator.close();

  assertEquals(await scene.getStatuses(accessToken), [401]);
  const [request, ...others] = scene.revocations;
  assertEquals([others, request?.status], [[], 200]);
  assertEquals(request?.parameters, { token: accessToken, token_type_hint: "access_token" });
  assert(request?.headerNames.includes("authorization"));
});

Deno.test("close: sends nothing without a token, or with an expired one", async () => {
  await using scene = await startScene();
  let ahead = 0;
  const clock = { wall: () => Date.now() + ahead, monotonic: () => performance.now() + ahead };
  await using authenticator = new ClientCredentialsAuthenticator({ ...scene.settings, clock });
  await new ClientCredentialsAuthenticator(scene.settings).close();
  await authenticator.getCredentials();
  ahead = 3_600_000;

  await authenticator.close();

  assertEquals(scene.revocations, []);
});

Deno.test("close: revokes the tokens of derived authenticators as well", async () => {
  await using scene = await startScene();
  const tokens: string[] = [];
  {
    await using root = new ClientCredentialsAuthenticator(scene.settings);
    const writer = root.with({ scopes: ["api:write"] });
    const other = writer.with({ audience: "https://else.test" });
    for (const each of [root, writer, other]) tokens.push((await each.getCredentials()).accessToken);

    await writer.close();
    assertEquals(await scene.getStatuses(...tokens), [200, 401, 200]);
  }
  assertEquals(await scene.getStatuses(...tokens), [401, 401, 401]);
  assertEquals(scene.revocations.length, 3);
});

Deno.test("close: authenticates by a new assertion for the authorization server", async () => {
  await using scene = await startScene();
  const { settings: { clientSecret: _, ...settings }, server } = scene;
  for (const audience of ["issuer", "token-endpoint"] as const) {
    const clientAuth = privateKeyJwt(key.pem, { audience });
    const authenticator = new ClientCredentialsAuthenticator({ ...settings, clientId: "by-key", clientAuth });
    const { accessToken } = await authenticator.getCredentials();

    await authenticator.close();

    assertEquals(await scene.getStatuses(accessToken), [401]);
    const [sent, before] = [server.revocationRequests, server.tokenRequests]
      .map((requests) => decodeJwt(String(requests.at(-1)!.parameters.client_assertion)));
    assertEquals(sent!.aud, audience === "issuer" ? server.issuer : server.tokenEndpoint);
    assert(sent!.jti !== before!.jti);
  }
});

const refusals: [opaqueTokens: boolean, secret: string, status: number, error: string][] = [
  [false, clientSecret, 400, "unsupported_token_type"],
  [true, "planted-wrong", 401, "invalid_client"],
];
for (const [opaqueTokens, laterSecret, status, code] of refusals) {
  Deno.test(`close: rejects each time with the server's ${code}, and frees the transport`, async () => {
    await using scene = await startScene({ opaqueTokens });
    let secret = clientSecret;
    const authenticator = new ClientCredentialsAuthenticator({ ...scene.settings, clientSecret: () => secret });
    const { accessToken } = await authenticator.getCredentials();
    await authenticator.with({ scopes: ["api:write"] }).getCredentials();
    secret = laterSecret;

    const error = await assertRejects(() => authenticator.close(), AuthenticationError, "Cannot revoke the token: ");

    assertEquals([error.code, error.status, error.error], ["token_request_rejected", status, code]);
    assertEquals([error.retryable, scene.revocations.length], [false, 2]);
    assertHides(error, [accessToken, accessToken.split(".").at(-1)!, secret, clientSecret]);
    await assertRejects(() => authenticator.close(), AuthenticationError, error.message);
  });
}

const revocationEndpoint = "https://auth.test/revoke";
type Answer = (url: string, request: SeenRequest) => Response | Promise<Response>;

/** A server of two stubs: `sent` has the revocation requests. */
function arrange(
  answer: Answer = () => new Response(),
  options: Partial<ClientCredentialsAuthenticatorOptions> = {},
  config: Partial<ClientConfig> = { revocationEndpoint },
) {
  const tokens = tokenEndpointStub((count) => Response.json({ access_token: `planted-token-${count}` }));
  const sent: SeenRequest[] = [];
  const fetch: typeof tokens.fetch = (input, init = {}) => {
    const url = String(input);
    if (url === tokens.url) return tokens.fetch(input, init);
    const form = new URLSearchParams(String(init.body));
    sent.push({ url, method: "POST", headers: new Headers(init.headers), form, init });
    return Promise.resolve(sent.at(-1)!).then((request) => answer(url, request));
  };
  const revocation = tokenRevocation();
  const authenticator = authenticatorAt(tokens, { clientSecret, revocation, fetch, ...options }, config);
  return { authenticator, sent };
}

/** Closes it with a token. */
async function close({ authenticator }: ReturnType<typeof arrange>): Promise<void> {
  await authenticator.getCredentials();
  await authenticator.close();
}

async function getFailure(scene: ReturnType<typeof arrange>): Promise<AuthenticationError> {
  const error = await assertRejects(() => close(scene), AuthenticationError, "Cannot revoke the token");
  assertHides(error, [clientSecret, "planted"]);
  assert(await assertRejects(() => scene.authenticator.close()) === error, "a second close waits for the first");
  return error;
}

const json = (error: string, status: number) => () => Response.json({ error }, { status });
const plain = (status: number, headers = {}) => () => new Response("<html>", { status, headers });
const quote: Answer = (_url, { form }) => json(form.get("token")!, 400)();
const reset: Answer = (_url, { form }) => Promise.reject(new TypeError(`${form.get("token")} reset`));
type Failure = [what: string, Answer, code: string, status: number, error: string, retryable: boolean];
const failures: Failure[] = [
  ["a 503", plain(503, { "retry-after": "7" }), "token_endpoint_error", 503, "", true],
  ["a 404", plain(404), "token_endpoint_error", 404, "", true],
  ["invalid_request", json("invalid_request", 400), "token_request_rejected", 400, "invalid_request", false],
  ["server_error", json("server_error", 500), "token_endpoint_error", 500, "server_error", true],
  ["the token as a code", quote, "token_endpoint_error", 400, "", true],
  ["a redirect", plain(307, { location: "https://else.test" }), "redirect_refused", 307, "", false],
  ["no connection", reset, "network_error", 0, "", true],
  ["no answer", () => new Promise(() => {}), "timeout", 0, "", true],
];
for (const [what, answer, code, ...expected] of failures) {
  Deno.test(`close: ${what} is ${code}`, async () => {
    const scene = arrange(answer, { timeout: 100 });
    const error = await getFailure(scene);

    assertEquals([error.code, error.status ?? 0, error.error ?? "", error.retryable], [code, ...expected]);
    assertEquals(error.retryAfter, what === "a 503" ? 7_000 : undefined);
    assertEquals(error.message.includes(revocationEndpoint), code !== "timeout");
  });
}

Deno.test("close: redacts the token in the server's description", async () => {
  const scene = arrange((_url, { form }) => {
    const error_description = `no: ${form.get("token")} of id`;
    return Response.json({ error: "invalid_request", error_description }, { status: 400 });
  });
  assertEquals((await getFailure(scene)).error_description, "no: [redacted] of id");
});

Deno.test("close: takes any status of success, with any body", async () => {
  for (const response of [new Response(), new Response(null, { status: 204 }), Response.json({ error: "x" })]) {
    await close(arrange(() => response));
  }
});

Deno.test("close: an error of the client authentication is its own", async () => {
  let isDown = false;
  const authenticate = () => {
    if (isDown) throw new AuthenticationError("client_auth_unavailable", "Cannot reach the vault.");
  };
  const scene = arrange(undefined, { clientSecret: undefined, clientAuth: { method: "own", authenticate } });
  await scene.authenticator.getCredentials();
  isDown = true;

  const error = await getFailure(scene);
  assertEquals([error.code, error.message.includes("Cannot reach the vault.")], ["client_auth_unavailable", true]);
});

for (const status of [200, 503]) {
  Deno.test(`tokenRevocation: revokes a refresh token first, then the token, after a ${status}`, async () => {
    const hints: unknown[] = [];
    const credentials = new Credentials({ accessToken: "planted-access", refreshToken: "planted-refresh" });
    const revoked = tokenRevocation().revoke([{
      credentials,
      server: { tokenEndpoint: "https://auth.test", revocationEndpoint },
    }], {
      clientId: "id",
      clientAuth: clientSecretPost(clientSecret),
      timeout: 10_000,
      clock: { wall: () => Date.now(), monotonic: () => performance.now() },
      fetch(_input, init) {
        const form = new URLSearchParams(String(init?.body));
        hints.push([form.get("token_type_hint"), form.get("token")]);
        return Promise.resolve(new Response("planted-refresh", { status: hints.length > 1 ? 200 : status }));
      },
    });

    if (status === 200) await revoked;
    else {
      const error = await assertRejects(() => revoked, AuthenticationError);
      assertEquals(error.status, status);
      assertHides(error, ["planted", clientSecret]);
    }
    assertEquals(hints, [["refresh_token", "planted-refresh"], ["access_token", "planted-access"]]);
  });
}

Deno.test("close: beforeTokenRequest may change the request, and Retry-After is of the clock", async () => {
  const now = Date.parse("2030-01-01T00:00:00Z");
  const headers = { "retry-after": new Date(now + 7_000).toUTCString() };
  const scene = arrange(() => new Response(null, { status: 503, headers }), {
    clock: { wall: () => now, monotonic: () => 0 },
    beforeTokenRequest(request) {
      request.headers.set("x-tenant", "7");
      request.body.delete("token_type_hint");
    },
  });

  assertEquals((await getFailure(scene)).retryAfter, 7_000);
  const [{ headers: sent, form }] = scene.sent as [SeenRequest];
  assertEquals([sent.get("x-tenant"), String(form)], ["7", "token=planted-token-1"]);
});

const endpoints: [option: string | undefined, store: URL | string, url: string][] = [
  ["https://auth.test/other?planted=1", revocationEndpoint, "https://auth.test/other?planted=1"],
  [undefined, new URL(revocationEndpoint), revocationEndpoint],
  ["http://127.0.0.1:9/other", "", "http://127.0.0.1:9/other"],
];
Deno.test("close: the endpoint is the option, else the store's", async () => {
  for (const [endpoint, store, url] of endpoints) {
    const scene = arrange(undefined, { revocation: tokenRevocation({ endpoint }) }, { revocationEndpoint: store });
    await close(scene);
    assertEquals(scene.sent[0]!.url, url);
  }
});

const wrongEndpoints: [endpoint: unknown, code: string, message: string][] = [
  [undefined, "invalid_config", "no revocation endpoint is known"],
  ["", "invalid_config", "no revocation endpoint is known"],
  ["/revoke", "invalid_config", "revocationEndpoint must be an absolute URL"],
  ["https://a:planted@auth.test", "invalid_config", "without user name and password"],
  ["http://auth.test/revoke?planted", "insecure_endpoint", "unencrypted"],
];
Deno.test("close: refuses a wrong endpoint", async () => {
  for (const [endpoint, code, message] of wrongEndpoints) {
    const error = await getFailure(arrange(undefined, {}, { revocationEndpoint: endpoint as string }));
    assertEquals(error.code, code);
    assertStringIncludes(error.message, message);
  }
  await close(arrange(undefined, { allowInsecureRequests: true }, { revocationEndpoint: "http://auth.test/revoke" }));
  assertThrows(() => tokenRevocation({ endpoint: "/revoke" }), TypeError, "endpoint must be an absolute URL");
});

Deno.test("close: uses the settings of the token, without the store", async () => {
  let isDown = false;
  class Store extends ClientConfigStore {
    override getClientConfig(): ClientConfig {
      if (isDown) throw new Error("the settings service is down");
      return { tokenEndpoint: tokenEndpointStub().url, revocationEndpoint };
    }
  }
  const { authenticator, sent } = arrange(undefined, { configStore: new Store() });
  await authenticator.getCredentials();
  isDown = true;

  await authenticator.close();

  assertEquals(sent.map(({ url }) => url), [revocationEndpoint]);
});

Deno.test("close: revokes all tokens, though one fails", async () => {
  const { authenticator, sent } = arrange((_url, { form }) =>
    new Response(null, { status: form.get("token") === "planted-token-1" ? 503 : 200 })
  );
  const derived = ["a", "b"].map((scope) => authenticator.with({ scopes: [scope] }));
  for (const each of [authenticator, ...derived]) await each.getCredentials();

  const error = await assertRejects(() => authenticator.close(), AuthenticationError);

  const tokens = sent.map(({ form }) => form.get("token")).sort();
  assertEquals([error.status, tokens], [503, [1, 2, 3].map((number) => `planted-token-${number}`)]);
});
