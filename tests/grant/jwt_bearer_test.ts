import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  Authenticator,
  type AuthenticatorEvent,
  none,
  type ProofOfPossession,
  StaticClientConfigStore,
  type TokenRequest,
} from "@m2m/authenticator";
import { JwtBearerAuthenticator, type JwtBearerAuthenticatorOptions } from "@m2m/authenticator/grant/jwt-bearer";
import { assertHides } from "../client_auth/showing.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { clientSecret, getStatus, signTestAssertion, startScene, strangeKey, voucher } from "./scene.ts";

const jwt = "eyJhbGciOiJub25lIn0.e30.planted-signature";

function authenticatorAt(
  stub: ReturnType<typeof tokenEndpointStub>,
  options: Partial<JwtBearerAuthenticatorOptions> = {},
): JwtBearerAuthenticator {
  return new JwtBearerAuthenticator({
    endpoint: "https://api.test",
    assertion: () => jwt,
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
    fetch: stub.fetch,
    ...options,
  });
}

Deno.test("an assertion gets a token on behalf of whom it names, and the API takes it", async () => {
  await using scene = await startScene();
  const { settings, server, api } = scene;
  const authenticator = new JwtBearerAuthenticator({ ...settings, assertion: () => signTestAssertion(server.issuer) });

  const response = await authenticator.fetch("/v1/things", { method: "POST", body: "text" });

  assertEquals([response.status, (await response.json()).body], [200, "text"]);
  const { vouched_by, on_behalf_of, aud, scope } = scene.lastToken();
  assertEquals([vouched_by, on_behalf_of, aud, scope], [voucher, "ada", api.audience, "api:read"]);
  assertInstanceOf(authenticator, Authenticator);
});

Deno.test("a client that has no secret says who it is, and gets a token all the same", async () => {
  await using scene = await startScene();
  const { settings: { clientSecret: _, ...settings }, server } = scene;
  const assertion = () => signTestAssertion(server.tokenEndpoint);
  const authenticator = new JwtBearerAuthenticator({ ...settings, clientId: "public", assertion });

  assertEquals(await getStatus(authenticator), 200);
  assertEquals(scene.lastToken().client_id, "public");
});

Deno.test("without a client nothing is said of one (RFC 7521 §4.1)", async () => {
  const stub = tokenEndpointStub();

  await authenticatorAt(stub, { scopes: ["a"], clientAuth: none() }).getCredentials();
  await authenticatorAt(stub).with({ audience: "x" }).getCredentials();

  const [first, second] = stub.requests;
  assertEquals([...first!.form], [
    ["grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
    ["scope", "a"],
    ["assertion", jwt],
  ]);
  assertEquals([second!.form.get("client_id"), second!.form.get("audience")], [null, "x"]);
  assertEquals(first!.headers.has("authorization"), false);
});

Deno.test("the server's refusal of an assertion is typed, and shows nothing of it", async (t) => {
  await using scene = await startScene();
  const { settings, server: { issuer, tokenRequests } } = scene;
  const used = await signTestAssertion(issuer);
  await new JwtBearerAuthenticator({ ...settings, assertion: () => used }).getCredentials();
  const hourAgo = Math.floor(Date.now() / 1000) - 3600;
  const cases: Readonly<Record<string, () => string | Promise<string>>> = {
    "another key": () => signTestAssertion(issuer, { key: strangeKey }),
    "another audience": () => signTestAssertion("https://else.test"),
    "an expired one": () => signTestAssertion(issuer, { exp: hourAgo }),
    "a stranger": () => signTestAssertion(issuer, { iss: "mallory@else.test" }),
    "one without jti": () => signTestAssertion(issuer, { jti: undefined }),
    "one that was used before": () => used,
    "one that was altered": async () => (await signTestAssertion(issuer)).replace(/.{8}$/, "AAAAAAAA"),
  };
  for (const [what, assertion] of Object.entries(cases)) {
    await t.step(what, async () => {
      const authenticator = new JwtBearerAuthenticator({ ...settings, assertion });

      const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);

      assertEquals([error.code, error.status, error.error, error.retryable], [
        "token_request_rejected",
        400,
        "invalid_grant",
        false,
      ]);
      assertStringIncludes(error.error_description ?? "", "[redacted]");
      const sent = String(tokenRequests.at(-1)!.parameters.assertion);
      assertHides(error, [sent, sent.split(".")[2]!, clientSecret]);
      assertHides(authenticator, [sent, sent.split(".")[2]!, clientSecret]);
    });
  }
});

Deno.test("a wrong secret is refused whatever the assertion, and asked about once", async () => {
  await using scene = await startScene();
  const { settings, server } = scene;
  const assertion = () => signTestAssertion(server.issuer);
  const authenticator = new JwtBearerAuthenticator({ ...settings, clientSecret: "planted-wrong", assertion });

  for (let call = 0; call < 5; call++) {
    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
    assertEquals([error.code, error.error], ["token_request_rejected", "invalid_client"]);
    assertHides(error, ["planted-wrong"]);
  }

  assertEquals(server.tokenRequests.length, 1);
});

Deno.test("every attempt gets an assertion of its own: retries, renewals, and the replay after a 401", async () => {
  await using scene = await startScene();
  const { settings, server, api } = scene;
  let tokenRequests = 0;
  const fetch: typeof globalThis.fetch = (input, init) =>
    String(input) === server.tokenEndpoint && ++tokenRequests === 1
      ? Promise.resolve(new Response(null, { status: 503 }))
      : globalThis.fetch(input, init);
  let assertions = 0;
  const events: AuthenticatorEvent["type"][] = [];
  const authenticator = new JwtBearerAuthenticator({
    ...settings,
    assertion: () => signTestAssertion(server.issuer, { jti: `jti-${++assertions}` }),
    fetch,
    retry: { maxDelay: 1 },
    onEvent: ({ type }) => void events.push(type),
  });

  assertEquals(await getStatus(authenticator), 200);
  await authenticator.refreshCredentials();
  api.revokeAll();
  const replayed = await authenticator.fetch("/v1/things", { method: "POST", body: "again" });

  assertEquals((await replayed.json()).body, "again");
  assertEquals([assertions, server.tokenRequests.length], [4, 3]);
  assert(events.includes("request_replayed"), events.join());
});

Deno.test("a thousand callers cause one assertion and one token request", async () => {
  await using scene = await startScene();
  const { settings, server } = scene;
  let assertions = 0;
  const assertion = () => (assertions++, signTestAssertion(server.issuer));
  const authenticator = new JwtBearerAuthenticator({ ...settings, assertion });

  const all = await Promise.all(Array.from({ length: 1000 }, () => authenticator.getCredentials()));

  assertEquals([new Set(all).size, assertions, server.tokenRequests.length], [1, 1, 1]);
});

Deno.test("with() asks for something else by the same grant", async () => {
  await using scene = await startScene();
  const { settings, server } = scene;
  const authenticator = new JwtBearerAuthenticator({ ...settings, assertion: () => signTestAssertion(server.issuer) });
  const writer = authenticator.with({ scopes: ["api:write"] });

  assertInstanceOf(writer, JwtBearerAuthenticator);
  assertEquals((await writer.getCredentials()).scope, "api:write");
  assertEquals((await authenticator.getCredentials()).scope, "api:read");
  assert(writer === authenticator.with({ scopes: ["api:write"] }));
});

Deno.test("tokens are bound to a key where one is given", async () => {
  const stub = tokenEndpointStub(() => Response.json({ access_token: "bound", token_type: "dpop" }));
  const dpop: ProofOfPossession = {
    tokenTypes: ["DPoP"],
    tokenFetch: (fetch) => (input, init) =>
      fetch(input, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), dpop: "proof" } }),
    apiFetch: (fetch) => fetch,
    isAboutProof: () => false,
  };
  const authenticator = authenticatorAt(stub, { dpop });

  const headers = await authenticator.with({ scopes: ["a"] }).authorize(new Headers());

  assertEquals(headers.get("authorization"), "DPoP bound");
  assertEquals(stub.requests[0]!.headers.get("dpop"), "proof");
});

Deno.test("a function that throws, or gives no JWT, is a typed error, and nothing is sent", async () => {
  const stub = tokenEndpointStub();
  const down = new Error("the vault is down");
  const thrown = await assertRejects(
    () => authenticatorAt(stub, { assertion: () => Promise.reject(down) }).getCredentials(),
    AuthenticationError,
  );
  assertEquals([thrown.code, thrown.cause, thrown.retryable], ["client_auth_unavailable", down, false]);
  for (const [given, what] of [["", "none"], [undefined, "none"], [" \n", "none"], ["planted", "something else"]]) {
    const error = await assertRejects(
      () => authenticatorAt(stub, { assertion: () => given as string }).getCredentials(),
      AuthenticationError,
    );
    assertEquals(error.code, "client_auth_unavailable");
    assertEquals(
      error.message,
      `Cannot use the assertion: the function given must return a JWT, and gave ${what}.`,
    );
  }
  assertEquals(stub.requests.length, 0);
});

Deno.test("the function is told where the assertion goes, and white space around it is taken off", async () => {
  const stub = tokenEndpointStub();
  let seen: TokenRequest | undefined;
  const configStore = new StaticClientConfigStore({ tokenEndpoint: stub.url, issuer: "https://auth.test" });
  const assertion = (request: TokenRequest) => (seen = request, `${jwt}\n`);

  await authenticatorAt(stub, { configStore, assertion }).getCredentials();

  assertEquals([seen?.tokenEndpoint.href, seen?.issuer], [stub.url, "https://auth.test"]);
  assertEquals(stub.requests[0]!.form.get("assertion"), jwt);
});

Deno.test("whatever a server repeats of an assertion, the whole or its signature, is taken out", async () => {
  for (const part of [jwt, jwt.split(".")[2]!]) {
    const stub = tokenEndpointStub(() =>
      Response.json({ error: "invalid_grant", error_description: `bad: ${part}!` }, { status: 400 })
    );

    const error = await assertRejects(() => authenticatorAt(stub).getCredentials(), AuthenticationError);

    assertEquals(error.error_description, "bad: [redacted]!");
    assertHides(error, [part]);
  }
});

Deno.test("wrong settings are refused by the constructor", () => {
  const stub = tokenEndpointStub();
  const wrong: [Record<string, unknown>, string][] = [
    [{ assertion: undefined }, "assertion must be a function that returns a JWT"],
    [{ assertion: jwt }, "assertion must be a function that returns a JWT"],
    [{ clientSecret: "planted" }, "clientId must be a string, not empty"],
    [{ clientAuth: { method: "x", authenticate() {} } }, "clientId must be a string, not empty"],
    [{ parameters: { assertion: "planted" } }, "parameters.assertion must not be set"],
    [{ parameters: { grant_type: "planted" } }, "parameters.grant_type must be text, and nothing that has an option"],
    [{ configStore: undefined }, "configStore must be a ClientConfigStore"],
  ];
  for (const [options, message] of wrong) {
    const error = assertThrows(() => authenticatorAt(stub, options), TypeError, message);
    assertEquals(/planted|eyJ/.test(error.message), false);
  }
  assertThrows(() => authenticatorAt(stub).with({ parameters: { assertion: "x" } }), TypeError, "parameters.assertion");
});
