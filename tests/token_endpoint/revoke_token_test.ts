/** What is sent to a revocation endpoint, and what comes of its answers. Real servers: `tests/client_auth`, `tests/grant`. */

import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { decodeJwt } from "jose";
import {
  AuthenticationError,
  type ClientConfig,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretPost,
  Credentials,
  type Fetch,
  StaticClientConfigStore,
  type TokenRequest,
} from "@m2m/authenticator";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { authenticatorAt } from "../authenticator_at.ts";
import { assertHides } from "../client_auth/showing.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { startProxy } from "../servers/proxy.ts";
import { knownClient, startTlsServer } from "../servers/tls_server.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const clientSecret = "planted-secret-4711";
const revocationEndpoint = "https://auth.test/revoke";
const now = Date.parse("2030-01-01T00:00:00Z");
type Answer = (token: string) => Response | Promise<Response>;
type Options = Partial<ClientCredentialsAuthenticatorOptions>;

/** Two endpoints that are stubs: `sent` has the revocation requests. `close` closes with a token. */
function arrange(answer: Answer = () => new Response(), options: Options = {}, config: Partial<ClientConfig> = {}) {
  const tokens = tokenEndpointStub((count) => Response.json({ access_token: `planted-token-${count}` }));
  const sent: { url: string; headers: Headers; form: URLSearchParams }[] = [];
  const fetch: Fetch = async (input, init = {}) => {
    const url = String(input);
    if (url === tokens.url) return await tokens.fetch(input, init);
    const form = new URLSearchParams(String(init.body));
    sent.push({ url, headers: new Headers(init.headers), form });
    return await answer(form.get("token")!);
  };
  const clock = { wall: () => now, monotonic: () => 0 };
  const usual = { clientSecret, revocation: tokenRevocation(), clock, fetch };
  const authenticator = authenticatorAt(tokens, { ...usual, ...options }, { revocationEndpoint, ...config });
  const close = async () => {
    await authenticator.getCredentials();
    await authenticator.close();
  };
  return { authenticator, tokens, sent, close };
}

Deno.test("close: revokes each token once, of derived authenticators as well, though one fails", async () => {
  const { authenticator: root, sent } = arrange((token) =>
    new Response(null, { status: /-3$/.test(token) ? 503 : 200 })
  );
  const writer = root.with({ scopes: ["api:write"] });
  for (const each of [root, writer, root.with({ scopes: [] }), writer.with({ audience: "x" })]) {
    await each.getCredentials();
  }
  const revoked = () => sent.map(({ form }) => `${form}`).sort();
  const form = (number: number) => `token=planted-token-${number}&token_type_hint=access_token`;

  await writer.close();
  assertEquals(revoked(), [form(2)]);
  for (const closing of [root.close(), root.close()]) {
    assertEquals((await assertRejects(() => closing, AuthenticationError)).status, 503);
  }

  assertEquals(revoked(), [1, 2, 3, 4].map(form));
  const proofs = new Set(sent.map(({ headers }) => headers.get("authorization")));
  assertEquals([...proofs], [`Basic ${btoa(`id:${clientSecret}`)}`]);
});

Deno.test("close: authenticates by a new assertion for the authorization server", async () => {
  const { pem } = await testKey("ES256");
  const issuer = "https://auth.test";
  for (const audience of ["issuer", "token-endpoint"] as const) {
    const options = { clientSecret: undefined, clientAuth: privateKeyJwt(pem, { audience }), clock: undefined };
    const { tokens, sent, close } = arrange(undefined, options, { issuer });
    await close();
    const [before, after] = [...tokens.requests, ...sent].map(({ form }) => decodeJwt(form.get("client_assertion")!));
    assertEquals(after?.aud, audience === "issuer" ? issuer : tokens.url);
    assert(after?.jti !== before?.jti);
  }
});

Deno.test("close: frees the transport though a token can't be revoked", async () => {
  await using server = await startTlsServer();
  await using proxy = await startProxy();
  const [tokenEndpoint, revocationEndpoint] = ["token", "v1/projects"].map((path) => `${server.origin}/${path}`);
  const authenticator = new ClientCredentialsAuthenticator({
    ...{ ...knownClient, endpoint: server.origin, httpProxyUrl: proxy.url, revocation: tokenRevocation() },
    configStore: new StaticClientConfigStore({ tokenEndpoint: tokenEndpoint!, revocationEndpoint }),
  });
  await authenticator.getCredentials();
  // The leak sanitizer sees what it leaves open.
  for (let count = 0; count < 2; count++) {
    assertEquals((await assertRejects(() => authenticator.close(), AuthenticationError)).status, 401);
  }
  assertEquals(proxy.requests, [`POST ${tokenEndpoint}`, `POST ${revocationEndpoint}`]);
});

async function getFailure({ authenticator, close }: ReturnType<typeof arrange>): Promise<AuthenticationError> {
  const error = await assertRejects(close, AuthenticationError, "Cannot revoke the token");
  assertHides(error, [clientSecret, "planted"]);
  assert(await assertRejects(() => authenticator.close()) === error, "a second close waits for the first");
  return error;
}

const json = (status: number, body: object) => Response.json(body, { status });
const plain = (status: number, headers = {}) => () => new Response("<html>", { status, headers });
/** A refusal, which is permanent, with the description that is sent and the one that is shown. */
const refused = (status: number, error: string, sent?: string, shown?: string): [Answer, error: object] => [
  (token) => json(status, { error, error_description: sent?.replace("{token}", token) }),
  { code: "token_request_rejected", status, error, error_description: shown, retryable: false },
];
const retryAfter = 7_000;
const date = new Date(now + retryAfter).toUTCString();
const failures: Record<string, [Answer, error: object]> = {
  "a 503": [plain(503, { "retry-after": "7" }), { status: 503, retryAfter }],
  "a 503 until a date": [plain(503, { "retry-after": date }), { status: 503, retryAfter }],
  "a 404": [plain(404), { status: 404 }],
  "invalid_request": refused(400, "invalid_request"),
  "invalid_client": refused(401, "invalid_client"),
  "a kind of token that can't be revoked": refused(400, "unsupported_token_type"),
  "a description with the token": refused(400, "invalid_request", "no: {token} of id", "no: [redacted] of id"),
  "server_error": [() => json(500, { error: "server_error" }), { status: 500, error: "server_error" }],
  "the token as a code": [(error) => json(400, { error }), { status: 400 }],
  "a redirect": [plain(307, { location: "/else" }), { code: "redirect_refused", status: 307, retryable: false }],
  "no connection": [(token) => Promise.reject(new TypeError(`${token} reset`)), { code: "network_error" }],
  "no answer": [() => new Promise(() => {}), { code: "timeout" }],
};
for (const [what, [answer, expected]] of Object.entries(failures)) {
  Deno.test(`close: fails by an error of its own for ${what}`, async () => {
    const error = await getFailure(arrange(answer, { timeout: 100 }));
    const { name: _, ...facts } = JSON.parse(JSON.stringify(error));
    const usual = { code: "token_endpoint_error", retryable: true };
    assertEquals(facts, JSON.parse(JSON.stringify({ ...usual, ...expected })));
    assertEquals(error.message.includes(revocationEndpoint), what !== "no answer");
  });
}

Deno.test("close: sends nothing without a token, or with an expired one", async () => {
  const time = { now };
  const clock = { wall: () => time.now, monotonic: () => time.now };
  const [without, expired] = [arrange(), arrange(undefined, { clock })];
  await without.authenticator.close();
  await expired.authenticator.getCredentials();
  time.now += 3_600_000;
  await expired.authenticator.close();
  assertEquals([without.sent, expired.sent], [[], []]);
});

Deno.test("close: an error of the client authentication is its own", async () => {
  let asked = 0;
  const authenticate = () => {
    if (++asked > 1) throw new AuthenticationError("client_auth_unavailable", "Cannot reach the vault.");
  };
  const scene = arrange(undefined, { clientSecret: undefined, clientAuth: { method: "own", authenticate } });
  const { code, message } = await getFailure(scene);
  assertEquals([code, message.includes("Cannot reach the vault.")], ["client_auth_unavailable", true]);
});

for (const status of [200, 503]) {
  Deno.test(`tokenRevocation: revokes a refresh token first, then the token, after a ${status}`, async () => {
    const sent: unknown[] = [];
    const credentials = new Credentials({ accessToken: "planted-access", refreshToken: "planted-refresh" });
    const server = { tokenEndpoint: "https://auth.test", revocationEndpoint };
    const error = await tokenRevocation().revoke([{ credentials, server }], {
      clientId: "id",
      clientAuth: clientSecretPost(clientSecret),
      fetch(_input, init) {
        const form = new URLSearchParams(String(init?.body));
        sent.push([form.get("token_type_hint"), form.get("token")]);
        return Promise.resolve(new Response("planted-refresh", { status: sent.length > 1 ? 200 : status }));
      },
    }).catch((error) => error);
    assertEquals(error?.status, status === 200 ? undefined : status);
    assertHides(error, ["planted", clientSecret]);
    assertEquals(sent, [["refresh_token", "planted-refresh"], ["access_token", "planted-access"]]);
  });
}

Deno.test("close: beforeTokenRequest may change the request", async () => {
  const beforeTokenRequest = ({ headers, body }: TokenRequest) => {
    headers.set("x-tenant", "7");
    body.delete("token_type_hint");
  };
  const { close, sent } = arrange(undefined, { beforeTokenRequest });
  await close();
  assertEquals([sent[0]!.headers.get("x-tenant"), `${sent[0]!.form}`], ["7", "token=planted-token-1"]);
});

const other = "https://auth.test/other?planted=1";
const endpoints: [option: string | undefined, store: unknown, options: Options, expected: string][] = [
  [other, revocationEndpoint, {}, other],
  [undefined, new URL(revocationEndpoint), {}, revocationEndpoint],
  ["http://127.0.0.1:9/other", "", {}, "http://127.0.0.1:9/other"],
  [undefined, "http://auth.test/revoke", { allowInsecureRequests: true }, "http://auth.test/revoke"],
  [undefined, undefined, {}, "invalid_config: no revocation endpoint is known"],
  [undefined, "", {}, "invalid_config: no revocation endpoint is known"],
  [undefined, "/revoke", {}, "invalid_config: revocationEndpoint must be an absolute URL"],
  [undefined, "https://a:planted@auth.test", {}, "invalid_config: without user name and password"],
  [undefined, "http://auth.test/revoke?planted", {}, "insecure_endpoint: unencrypted"],
];
for (const [endpoint, store, options, expected] of endpoints) {
  Deno.test(`close: the endpoint is the option (${endpoint}), else the store's (${store}): ${expected}`, async () => {
    const config = { revocationEndpoint: store as string };
    const scene = arrange(undefined, { revocation: tokenRevocation({ endpoint }), ...options }, config);
    const [code = "", message] = expected.split(": ");
    if (message === undefined) {
      await scene.close();
      assertEquals(scene.sent.map(({ url }) => url), [expected]);
    } else {
      const error = await getFailure(scene);
      assertEquals(error.code, code);
      assertStringIncludes(error.message, message);
    }
  });
}

Deno.test("tokenRevocation: refuses an endpoint that is no absolute URL", () => {
  assertThrows(() => tokenRevocation({ endpoint: "/revoke" }), TypeError, "endpoint must be an absolute URL");
});

Deno.test("close: uses the settings of the token, without the store, and takes any status of success, with any body", async () => {
  for (const response of [new Response(), new Response(null, { status: 204 }), Response.json({ error: "x" })]) {
    const settings = [{ tokenEndpoint: tokenEndpointStub().url, revocationEndpoint }];
    const { sent, close } = arrange(() => response, { configStore: { getClientConfig: () => settings.shift()! } });
    await close();
    assertEquals([sent.map(({ url }) => url), settings], [[revocationEndpoint], []]);
  }
});
