import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { decodeJwt } from "jose";
import {
  AuthenticationError,
  type Authenticator,
  none,
  StaticClientConfigStore,
  type TokenRequest,
} from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { JwtBearerAuthenticator, type JwtBearerAuthenticatorOptions } from "@m2m/authenticator/grant/jwt-bearer";
import {
  TokenExchangeAuthenticator,
  type TokenExchangeAuthenticatorOptions,
  TokenType,
} from "@m2m/authenticator/grant/token-exchange";
import { besideApi } from "../authenticator_at.ts";
import { getStatus } from "../client_auth/refusal.ts";
import { assertHides } from "../client_auth/showing.ts";
import { type TokenEndpointStub, tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { type Scene, signTestAssertion, startScene, strangeKey, voucher } from "./scene.ts";

type Settings = Omit<JwtBearerAuthenticatorOptions, "assertion">;
type LookUp = (request?: TokenRequest) => string | Promise<string>;

const bearer = {
  make: (settings: Settings, assertion: LookUp): Authenticator =>
    new JwtBearerAuthenticator({ ...settings, assertion }),
  /** Gets a value that the server takes, on behalf of Ada. */
  issue: ({ server }: Scene) => signTestAssertion(server.issuer),
  parameter: "assertion",
  /** Makes a value of the right form. */
  plant: (count: number) => `eyJhbGciOiJub25lIn0.e30.planted-${count}`,
  /** The server's code for a value that it refuses. */
  error: "invalid_grant",
};
const exchange: typeof bearer = {
  make: (settings, subjectToken) => new TokenExchangeAuthenticator({ ...settings, subjectToken }),
  async issue({ settings, server: { issuer } }) {
    const options = { ...settings, clientId: "other", assertion: () => signTestAssertion(issuer) };
    return (await new JwtBearerAuthenticator(options).getCredentials()).accessToken;
  },
  parameter: "subject_token",
  plant: (count) => `planted-${count}`,
  error: "invalid_request",
};

function settingsAt(stub: TokenEndpointStub): Settings {
  const configStore = new StaticClientConfigStore({ tokenEndpoint: stub.url, issuer: "https://auth.test" });
  return { endpoint: "https://api.test", configStore, fetch: stub.fetch };
}

function exchangeAt(stub: TokenEndpointStub, options: Partial<TokenExchangeAuthenticatorOptions>) {
  return new TokenExchangeAuthenticator({ ...settingsAt(stub), subjectToken: "planted-subject", ...options });
}

async function getError(authenticator: Authenticator): Promise<AuthenticationError> {
  return await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
}

for (const [name, grant] of Object.entries({ JwtBearerAuthenticator: bearer, TokenExchangeAuthenticator: exchange })) {
  Deno.test(`${name}: gets a token on the subject's behalf, and derives`, async () => {
    await using scene = await startScene();
    const value = await grant.issue(scene);
    const authenticator = grant.make(scene.settings, () => grant === bearer ? grant.issue(scene) : value);

    assertEquals(await getStatus(authenticator.fetch("/x")), 200);
    const { vouched_by, on_behalf_of, client_id, aud, scope, act } = scene.lastToken();
    assertEquals([on_behalf_of, client_id, aud, scope], ["ada", "service", scene.api.audience, "api:read"]);
    assertEquals([vouched_by, act], [grant === bearer ? voucher : undefined, undefined]);

    const writer = authenticator.with({ scopes: ["api:write"] });
    const derived = await writer.getCredentials();
    assertEquals([derived.scope, decodeJwt(derived.accessToken).on_behalf_of], ["api:write", "ada"]);
    assertEquals((await authenticator.getCredentials()).scope, "api:read");
    assertEquals(writer.constructor, authenticator.constructor);
    assert(writer === authenticator.with({ scopes: ["api:write"] }));
    assertHides(writer, [value]);
  });

  Deno.test(`${name}: a retry, a refresh and a replay look up the value again, and trim it`, async () => {
    const stub = tokenEndpointStub((count) =>
      count === 1 ? new Response(null, { status: 503 }) : Response.json({ access_token: `token-${count}` })
    );
    const isRejected = (headers: Headers) => headers.get("authorization") === "Bearer token-2";
    const fetch = besideApi(stub, (headers) => new Response(null, { status: isRejected(headers) ? 401 : 200 }));
    let looked = 0;
    const value = () => `\n${grant.plant(++looked)} \n`;
    const authenticator = grant.make({ ...settingsAt(stub), fetch, retry: { maxDelay: 1 } }, value);

    assertEquals(await getStatus(authenticator.fetch("/x")), 200);
    await authenticator.refreshCredentials();

    assertEquals(stub.requests.map(({ form }) => form.get(grant.parameter)), [1, 2, 3, 4].map(grant.plant));
  });

  Deno.test(`${name}: a wrong client secret is sent once, with any value, and a wrong value once`, async () => {
    await using scene = await startScene();
    const { settings, server } = scene;
    let [secret, count] = ["planted-wrong", 0];
    let value: LookUp = () => grant.plant(++count);
    const authenticator = grant.make({ ...settings, clientSecret: () => secret }, () => value());
    const fail = async (error: string) => {
      for (let call = 0; call < 3; call++) assertEquals((await getError(authenticator)).error, error);
      return server.tokenRequests.length;
    };
    assertEquals(await fail("invalid_client"), 1);
    secret = settings.clientSecret;
    value = () => grant.plant(0);
    assertEquals(await fail(grant.error), 2);
    value = () => grant.issue(scene);

    // Assertions may be new with each request: another one doesn't end the cooldown, another token does.
    if (grant === bearer) assertEquals(await fail(grant.error), 2);
    else assertEquals((await authenticator.getCredentials()).tokenType, "Bearer");
  });
}

const down = new Error("the vault is down");
type MakeAt = (stub: TokenEndpointStub, value: () => string) => Authenticator;
const lookUps: Readonly<Record<string, [make: MakeAt, wrong: unknown]>> = {
  assertion: [(stub, value) => bearer.make(settingsAt(stub), value), "planted"],
  subjectToken: [(stub, value) => exchange.make(settingsAt(stub), value), 7],
  actorToken: [(stub, value) => exchangeAt(stub, { actorToken: value }), 7],
};
for (const [name, [make, wrong]] of Object.entries(lookUps)) {
  Deno.test(`${name}: a function that throws, or returns no value, is client_auth_unavailable`, async () => {
    const stub = tokenEndpointStub();
    for (const value of ["", undefined, " \n", wrong, Promise.reject(down)]) {
      const error = await getError(make(stub, () => value as string));

      const cause = value instanceof Promise ? down : undefined;
      assertEquals([error.code, error.retryable, error.cause], ["client_auth_unavailable", false, cause]);
      assertHides(error, ["planted"]);
    }
    assertEquals(stub.requests.length, 0);
  });
}

const alter = (value: string) => value.replace(/.{8}$/, "AAAAAAAA");
const unknown = "an-unknown-token-4711";
const hourAgo = Math.floor(Date.now() / 1000) - 3600;
type Refused = (issuer: string, good: string) => Partial<TokenExchangeAuthenticatorOptions> | string | Promise<string>;
const refused: readonly [what: string, typeof bearer, Refused][] = [
  ["another key's", bearer, (issuer) => signTestAssertion(issuer, { key: strangeKey })],
  ["another audience's", bearer, () => signTestAssertion("https://else.test")],
  ["expired", bearer, (issuer) => signTestAssertion(issuer, { exp: hourAgo })],
  ["a stranger's", bearer, (issuer) => signTestAssertion(issuer, { iss: "mallory@else.test" })],
  ["without jti", bearer, (issuer) => signTestAssertion(issuer, { jti: undefined })],
  ["used", bearer, (_issuer, good) => good],
  ["altered", bearer, async (issuer) => alter(await signTestAssertion(issuer))],
  ["unknown", exchange, () => ({ subjectToken: unknown })],
  ["another issuer's", exchange, (issuer) => ({ subjectToken: () => signTestAssertion(issuer) })],
  ["altered", exchange, (_issuer, good) => ({ subjectToken: alter(good) })],
  ["with an unknown actor", exchange, (_issuer, good) => ({ subjectToken: good, actorToken: unknown })],
  ["of an unknown type", exchange, (_issuer, subjectToken) => ({ subjectToken, subjectTokenType: TokenType.SAML2 })],
];
Deno.test("a refused value is token_request_rejected, and isn't shown", async (t) => {
  await using scene = await startScene();
  const { settings, server: { issuer, tokenRequests } } = scene;
  const used = await signTestAssertion(issuer);
  await bearer.make(settings, () => used).getCredentials();
  const token = await exchange.issue(scene);
  for (const [what, grant, makeValue] of refused) {
    await t.step(`${grant.parameter} ${what}`, async () => {
      const value = await makeValue(issuer, grant === bearer ? used : token);
      const authenticator = typeof value === "string"
        ? bearer.make(settings, () => value)
        : new TokenExchangeAuthenticator({ ...settings, subjectToken: token, ...value });

      const error = await getError(authenticator);

      const { code, status, retryable } = error;
      assertEquals([code, status, retryable, error.error], ["token_request_rejected", 400, false, grant.error]);
      if (!what.includes("type")) assertStringIncludes(error.error_description ?? "", "[redacted]");
      const { assertion, subject_token, actor_token } = tokenRequests.at(-1)!.parameters;
      const sent = [assertion, subject_token, actor_token].flat().filter((each) => each !== undefined);
      const secrets = [settings.clientSecret, ...sent, ...sent.map((each) => each.split(".").at(-1)!)];
      for (const shown of [error, authenticator]) assertHides(shown, secrets);
    });
  }
});

Deno.test("JwtBearerAuthenticator: the function knows the audience; no client is sent without one; binds to a key", async () => {
  const stub = tokenEndpointStub(() => Response.json({ access_token: "bound", token_type: "dpop" }));
  let seen: TokenRequest | undefined;
  const lookUp: LookUp = (request) => (seen = request, bearer.plant(1));
  const settings = { ...settingsAt(stub), scopes: ["a"], clientAuth: none(), dpop: dpop() };
  const derived = bearer.make(settings, lookUp).with({ audience: "x" });

  assertEquals((await derived.authorize(new Headers())).get("authorization"), "DPoP bound");
  assertEquals([seen?.tokenEndpoint.href, seen?.issuer], [stub.url, "https://auth.test"]);
  const { form, headers } = stub.requests[0]!;
  const grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  assertEquals(Object.fromEntries(form), { grant_type, scope: "a", audience: "x", assertion: bearer.plant(1) });
  assertEquals(["authorization", "dpop"].map((name) => headers.has(name)), [false, true]);
});

Deno.test("TokenExchangeAuthenticator: the request is that of RFC 8693 §2.1", async () => {
  const stub = tokenEndpointStub();
  const accessToken = "urn:ietf:params:oauth:token-type:access_token";

  await exchangeAt(stub, {}).getCredentials();
  const types = { subjectTokenType: TokenType.JWT, requestedTokenType: TokenType.ACCESS_TOKEN };
  await exchangeAt(stub, { ...types, actorToken: () => "planted-actor ", resource: ["a:b", "c:d"] }).getCredentials();

  const common = { grant_type: "urn:ietf:params:oauth:grant-type:token-exchange", subject_token: "planted-subject" };
  const actor = { actor_token: "planted-actor", actor_token_type: accessToken };
  assertEquals(stub.requests.map(({ form }) => Object.fromEntries(form)), [
    { ...common, subject_token_type: accessToken },
    { ...common, ...actor, subject_token_type: TokenType.JWT, requested_token_type: accessToken, resource: "c:d" },
  ]);
  assertEquals(stub.requests[1]!.form.getAll("resource"), ["a:b", "c:d"]);
});

const issued: readonly [requestedTokenType: TokenType | undefined, token_type: string, sent: boolean][] = [
  [undefined, "N_A", false],
  [TokenType.ACCESS_TOKEN, "N_A", false],
  [TokenType.JWT, "N_A", false],
  [TokenType.JWT, "Bearer", true],
];
for (const [requestedTokenType, token_type, isSent] of issued) {
  const name = `${isSent ? "sends" : "doesn't send"} a token of the type ${token_type} for ${requestedTokenType}`;
  Deno.test(`TokenExchangeAuthenticator: ${name}`, async () => {
    const stub = tokenEndpointStub(() => Response.json({ access_token: "planted", token_type }));
    const calls: (string | null)[] = [];
    const fetch = besideApi(stub, (headers) => (calls.push(headers.get("authorization")), new Response()));
    const authenticator = exchangeAt(stub, { requestedTokenType, fetch });
    const authorize = async () => calls.push((await authenticator.authorize(new Headers())).get("authorization"));
    // A token that may not be sent is of use nevertheless (RFC 8693 §2.2.1), if it isn't to be an access token.
    if (requestedTokenType === TokenType.JWT) {
      assertEquals((await authenticator.getCredentials()).tokenType, token_type);
    }
    for (const input of ["/v1", new Request("https://api.test/v1"), undefined]) {
      const send = () => input ? authenticator.fetch(input) : authorize();
      if (isSent) await send();
      else {
        const error = await assertRejects(send, AuthenticationError);
        assertEquals(error.code, "unsupported_token_type");
        assertHides(error, ["planted"]);
      }
    }

    assertEquals(calls, isSent ? Array(3).fill("Bearer planted") : []);
    const signal = AbortSignal.abort(new Error("no more"));
    assertEquals(await assertRejects(() => authenticator.fetch("/v1", { signal })), signal.reason);
    assert(authenticator.fetch === authenticator.fetch);
  });
}

const settings = settingsAt(tokenEndpointStub());
const makeBearer = (options = {}) =>
  new JwtBearerAuthenticator({ ...settings, assertion: () => bearer.plant(1), ...options });
const makeExchange = (options = {}) =>
  new TokenExchangeAuthenticator({ ...settings, subjectToken: "planted", ...options });
const wrongOptions: readonly [make: (options: object) => Authenticator, options: object, message: string][] = [
  [makeBearer, { assertion: undefined }, "assertion must be a function"],
  [makeBearer, { assertion: bearer.plant(1) }, "assertion must be a function"],
  [makeBearer, { clientSecret: "planted" }, "clientId must be a string"],
  [makeBearer, { clientAuth: { method: "x", authenticate() {} } }, "clientId must be a string"],
  [makeBearer, { parameters: { assertion: "planted" } }, "parameters.assertion must not be set"],
  [makeBearer, { parameters: { grant_type: "planted" } }, "parameters.grant_type must be text"],
  [makeBearer, { configStore: undefined }, "configStore must be a ClientConfigStore"],
  [makeExchange, { subjectToken: undefined }, "subjectToken must be a string"],
  [makeExchange, { subjectToken: " " }, "subjectToken must be a string"],
  [makeExchange, { actorToken: "" }, "actorToken must be a string"],
  [makeExchange, { subjectTokenType: "" }, "subjectTokenType must be a string"],
  [makeExchange, { requestedTokenType: 7 }, "requestedTokenType must be a string"],
  [makeExchange, { actorTokenType: TokenType.JWT }, "actorTokenType must not be set without actorToken"],
  [makeExchange, { clientSecret: "planted" }, "clientId must be a string"],
  [makeExchange, { parameters: { subject_token: "planted" } }, "parameters.subject_token must not be set"],
  [makeExchange, { parameters: { requested_token_type: "planted" } }, "parameters.requested_token_type must not be"],
  [(options) => makeBearer().with(options), { parameters: { assertion: "planted" } }, "parameters.assertion"],
  [(options) => makeExchange().with(options), { scopes: ["a"], subjectToken: "planted" }, "can't be changed by with"],
];
Deno.test("grants: refuse wrong options, and don't show them", () => {
  for (const [make, options, message] of wrongOptions) {
    const error = assertThrows(() => make(options), TypeError, message);
    assert(!/planted|eyJ/.test(error.message));
  }
});
