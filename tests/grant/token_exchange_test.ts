import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { decodeJwt } from "jose";
import {
  AuthenticationError,
  type AuthenticatorEvent,
  ClientCredentialsAuthenticator,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import {
  TokenExchangeAuthenticator,
  type TokenExchangeAuthenticatorOptions,
  TokenType,
} from "@m2m/authenticator/grant/token-exchange";
import { assertHides } from "../client_auth/showing.ts";
import { tokenEndpointStub, usualAnswer } from "../servers/token_endpoint_stub.ts";
import { clientSecret, getStatus, type Scene, signTestAssertion, startScene } from "./scene.ts";

/** A real token, on behalf of somebody, for another client. */
async function tokenOf({ settings, server: { issuer } }: Scene, sub: string): Promise<string> {
  const assertion = () => signTestAssertion(issuer, { sub });
  const { accessToken } = await new JwtBearerAuthenticator({ ...settings, clientId: "other", assertion })
    .getCredentials();
  return accessToken;
}

function authenticatorAt(
  stub: ReturnType<typeof tokenEndpointStub>,
  options: Partial<TokenExchangeAuthenticatorOptions> = {},
): TokenExchangeAuthenticator {
  return new TokenExchangeAuthenticator({
    endpoint: "https://api.test",
    subjectToken: "planted-subject",
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
    fetch: stub.fetch,
    ...options,
  });
}

Deno.test("a caller's token gets one on the caller's behalf, and the API takes it", async () => {
  await using scene = await startScene();
  const { settings } = scene;
  const subjectToken = await tokenOf(scene, "ada");
  const authenticator = new TokenExchangeAuthenticator({ ...settings, subjectToken });

  const response = await authenticator.fetch("/v1/things", { method: "POST", body: "text" });

  assertEquals([response.status, (await response.json()).body], [200, "text"]);
  const { on_behalf_of, client_id, act } = scene.lastToken();
  assertEquals([on_behalf_of, client_id, act], ["ada", "service", undefined]);
});

Deno.test("who acts is named by a token as well, and all types are sent", async () => {
  await using scene = await startScene();
  const { settings, server } = scene;
  const actor = new ClientCredentialsAuthenticator(settings);
  const authenticator = new TokenExchangeAuthenticator({
    ...settings,
    subjectToken: () => tokenOf(scene, "ada"),
    subjectTokenType: TokenType.JWT,
    actorToken: async () => (await actor.getCredentials()).accessToken,
    requestedTokenType: TokenType.ACCESS_TOKEN,
  });

  assertEquals(await getStatus(authenticator), 200);

  const { on_behalf_of, act } = scene.lastToken();
  assertEquals([on_behalf_of, act], ["ada", "service"]);
  const { subject_token_type, actor_token_type, requested_token_type } = server.tokenRequests.at(-1)!.parameters;
  assertEquals([subject_token_type, actor_token_type, requested_token_type], [
    "urn:ietf:params:oauth:token-type:jwt",
    "urn:ietf:params:oauth:token-type:access_token",
    "urn:ietf:params:oauth:token-type:access_token",
  ]);
});

Deno.test("the server's refusal of a token is typed, and shows nothing of it", async (t) => {
  await using scene = await startScene();
  const { settings, server } = scene;
  const good = await tokenOf(scene, "ada");
  const cases: Readonly<Record<string, Partial<TokenExchangeAuthenticatorOptions>>> = {
    "an unknown token": { subjectToken: "an-unknown-token-of-nobody" },
    "a token of somebody else's making": { subjectToken: () => signTestAssertion(server.issuer) },
    "an altered token": { subjectToken: good.replace(/.{8}$/, "AAAAAAAA") },
    "an unknown actor": { subjectToken: good, actorToken: "an-unknown-token-of-nobody" },
    "an unknown type": { subjectToken: good, subjectTokenType: TokenType.SAML2 },
  };
  for (const [what, options] of Object.entries(cases)) {
    await t.step(what, async () => {
      const authenticator = new TokenExchangeAuthenticator({ ...settings, subjectToken: good, ...options });

      const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);

      assertEquals([error.code, error.status, error.error], ["token_request_rejected", 400, "invalid_request"]);
      const { subject_token, actor_token } = server.tokenRequests.at(-1)!.parameters;
      const planted = [subject_token, actor_token, clientSecret].flatMap((token) => token ? String(token) : []);
      const secrets = planted.flatMap((token) => [token, token.split(".").at(-1)!]);
      assertHides(error, secrets);
      assertHides(authenticator, secrets);
      if (options.subjectTokenType === undefined) assertStringIncludes(error.error_description ?? "", "[redacted]");
    });
  }
});

Deno.test("a token that was refused isn't sent again; another one is, at once", async () => {
  await using scene = await startScene();
  const { settings, server } = scene;
  let subjectToken = "an-unknown-token-of-nobody";
  const authenticator = new TokenExchangeAuthenticator({ ...settings, subjectToken: () => subjectToken });
  for (let call = 0; call < 3; call++) {
    await assertRejects(() => authenticator.getCredentials(), AuthenticationError, "invalid_request");
  }
  assertEquals(server.tokenRequests.length, 1);
  subjectToken = await tokenOf(scene, "ada");

  assertEquals((await authenticator.getCredentials()).tokenType, "Bearer");
});

Deno.test("a client that is refused asks once, though its tokens are others each time", async () => {
  await using scene = await startScene();
  const { settings, server } = scene;
  let tokens = 0;
  const subjectToken = () => `planted-token-${++tokens}`;
  let clientSecret = "planted-wrong";
  const authenticator = new TokenExchangeAuthenticator({
    ...settings,
    clientSecret: () => clientSecret,
    subjectToken,
    actorToken: subjectToken,
  });
  for (let call = 0; call < 5; call++) {
    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
    assertEquals(error.error, "invalid_client");
    assertHides(error, ["planted"]);
  }
  assertEquals(server.tokenRequests.length, 1);
  clientSecret = settings.clientSecret;

  await assertRejects(() => authenticator.getCredentials(), AuthenticationError, "invalid_request");

  assertEquals(server.tokenRequests.length, 2);
});

Deno.test("every attempt asks for the token anew: retries, renewals, and the replay after a 401", async () => {
  await using scene = await startScene();
  const { settings, server, api } = scene;
  const token = await tokenOf(scene, "ada");
  let [exchanges, asked] = [0, 0];
  const fetch: typeof globalThis.fetch = (input, init) =>
    String(input) === server.tokenEndpoint && ++exchanges === 1
      ? Promise.resolve(new Response(null, { status: 503 }))
      : globalThis.fetch(input, init);
  const events: AuthenticatorEvent["type"][] = [];
  const authenticator = new TokenExchangeAuthenticator({
    ...settings,
    subjectToken: () => (asked++, `\n${token} \n`),
    fetch,
    retry: { maxDelay: 1 },
    onEvent: ({ type }) => void events.push(type),
  });

  assertEquals(await getStatus(authenticator), 200);
  await authenticator.refreshCredentials();
  api.revokeAll();
  assertEquals(await getStatus(authenticator), 200);

  assertEquals([asked, exchanges], [4, 4]);
  assert(events.includes("request_replayed"), events.join());
});

Deno.test("with() asks for something else on the same one's behalf", async () => {
  await using scene = await startScene();
  const { settings } = scene;
  const subjectToken = await tokenOf(scene, "ada");
  const authenticator = new TokenExchangeAuthenticator({ ...settings, subjectToken });
  const writer = authenticator.with({ scopes: ["api:write"] });

  const { scope, on_behalf_of } = decodeJwt((await writer.getCredentials()).accessToken);

  assertEquals([scope, on_behalf_of], ["api:write", "ada"]);
  assertInstanceOf(writer, TokenExchangeAuthenticator);
  assert(writer === authenticator.with({ scopes: ["api:write"] }));
  assertHides(writer, [subjectToken]);
  const another = { scopes: ["api:read"], subjectToken: "of-somebody-else" };
  assertThrows(() => authenticator.with(another), TypeError, "subjectToken can't be changed by with");
});

Deno.test("what isn't an access token is had to be handed on, and isn't sent", async () => {
  await using scene = await startScene();
  const { settings, server, api } = scene;
  const authenticator = new TokenExchangeAuthenticator({
    ...settings,
    subjectToken: await tokenOf(scene, "ada"),
    requestedTokenType: TokenType.JWT,
    audience: "https://partner.test",
  });

  const { tokenType, accessToken } = await authenticator.getCredentials();

  const { sub, aud, iss } = decodeJwt(accessToken);
  assertEquals([tokenType, sub, aud, iss], ["N_A", "ada", "https://partner.test", server.issuer]);
  for (const send of [() => authenticator.fetch("/v1/things"), () => authenticator.authorize(new Headers())]) {
    const error = await assertRejects(send, AuthenticationError, "it is no access token (RFC 8693 §2.2.1)");
    assertEquals(error.code, "unsupported_token_type");
    assertHides(error, [accessToken]);
  }
  assertEquals(api.calls, []);
  assert(authenticator.fetch === authenticator.fetch);
});

Deno.test("what another type was asked for is sent, should it be an access token", async () => {
  const answer = () => Response.json({ access_token: "t", token_type: "Bearer", issued_token_type: TokenType.JWT });
  const stub = tokenEndpointStub(answer);
  const calls: (string | null)[] = [];
  const authenticator = authenticatorAt(stub, {
    requestedTokenType: TokenType.JWT,
    fetch: (input, init) => {
      if (String(input) === stub.url) return stub.fetch(input, init);
      calls.push(new Headers(init?.headers).get("authorization"));
      return Promise.resolve(new Response());
    },
  });

  await authenticator.fetch("/v1");
  await authenticator.fetch(new Request("https://api.test/v1"));

  assertEquals(calls, ["Bearer t", "Bearer t"]);
  assertEquals((await authenticator.authorize(new Headers())).get("authorization"), "Bearer t");
  const reason = new Error("no more");
  assertEquals(
    await assertRejects(() => authenticator.fetch("/v1", { signal: AbortSignal.abort(reason) })),
    reason,
  );
});

Deno.test("what isn't an access token is refused where one was asked for", async () => {
  for (const requestedTokenType of [undefined, TokenType.ACCESS_TOKEN]) {
    const stub = tokenEndpointStub(() => Response.json({ access_token: "t", token_type: "N_A" }));

    const error = await assertRejects(
      () => authenticatorAt(stub, { requestedTokenType }).getCredentials(),
      AuthenticationError,
    );

    assertEquals(error.code, "unsupported_token_type");
  }
});

Deno.test("a request is what RFC 8693 §2.1 says, without a client where none is named", async () => {
  const stub = tokenEndpointStub();

  await authenticatorAt(stub, { resource: ["https://a.test", "https://b.test"], scopes: ["s"] }).getCredentials();

  assertEquals([...stub.requests[0]!.form], [
    ["grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"],
    ["scope", "s"],
    ["resource", "https://a.test"],
    ["resource", "https://b.test"],
    ["subject_token", "planted-subject"],
    ["subject_token_type", "urn:ietf:params:oauth:token-type:access_token"],
  ]);
});

Deno.test("a function that throws, or gives nothing, is a typed error, and nothing is sent", async () => {
  const stub = tokenEndpointStub();
  const down = new Error("the vault is down");
  const thrown = await assertRejects(
    () => authenticatorAt(stub, { subjectToken: () => Promise.reject(down) }).getCredentials(),
    AuthenticationError,
  );
  assertEquals([thrown.code, thrown.cause], ["client_auth_unavailable", down]);
  for (const given of ["", " ", undefined, 7]) {
    const nothing = () => given as string;
    for (
      const [options, name] of [[{ subjectToken: nothing }, "subject token"], [{ actorToken: nothing }, "actor token"]]
    ) {
      const error = await assertRejects(
        () => authenticatorAt(stub, options as never).getCredentials(),
        AuthenticationError,
        `Cannot exchange the ${name}: the function given must return a string that is not empty.`,
      );
      assertEquals(error.code, "client_auth_unavailable");
    }
  }
  assertEquals(stub.requests.length, 0);
});

Deno.test("whatever a server repeats of the tokens is taken out", async () => {
  const tokens = { subjectToken: "aaa.bbb.planted-one", actorToken: "planted-two" };
  const stub = tokenEndpointStub(() => {
    const error_description = "bad: aaa.bbb.planted-one, planted-one, planted-two";
    return Response.json({ error: "invalid_request", error_description }, { status: 400 });
  });

  const error = await assertRejects(() => authenticatorAt(stub, tokens).getCredentials(), AuthenticationError);

  assertEquals(error.error_description, "bad: [redacted], [redacted], [redacted]");
  assertHides(authenticatorAt(stub, tokens), ["planted-one", "planted-two"]);
});

Deno.test("wrong settings are refused by the constructor", () => {
  const stub = tokenEndpointStub(usualAnswer);
  const wrong: [Record<string, unknown>, string][] = [
    [{ subjectToken: undefined }, "subjectToken must be a string that is not empty, or a function"],
    [{ subjectToken: " " }, "subjectToken must be a string that is not empty, or a function"],
    [{ actorToken: "" }, "actorToken must be a string that is not empty, or a function"],
    [{ subjectTokenType: "" }, "subjectTokenType must be a string that is not empty"],
    [{ requestedTokenType: 7 }, "requestedTokenType must be a string that is not empty"],
    [{ actorTokenType: TokenType.JWT }, "actorTokenType must not be set without actorToken"],
    [{ clientSecret: "planted" }, "clientId must be a string, not empty"],
    [{ parameters: { subject_token: "planted" } }, "parameters.subject_token must not be set"],
    [{ parameters: { requested_token_type: "planted" } }, "parameters.requested_token_type must not be set"],
  ];
  for (const [options, message] of wrong) {
    const error = assertThrows(() => authenticatorAt(stub, options), TypeError, message);
    assertEquals(error.message.includes("planted"), false);
  }
});
