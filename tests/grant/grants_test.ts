import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { decodeJwt } from "jose";
import {
  AuthenticationError,
  type Authenticator,
  type AuthenticatorEvent,
  ClientCredentialsAuthenticator,
  none,
  type ProofOfPossession,
  StaticClientConfigStore,
  type TokenRequest,
} from "@m2m/authenticator";
import { JwtBearerAuthenticator, type JwtBearerAuthenticatorOptions } from "@m2m/authenticator/grant/jwt-bearer";
import {
  TokenExchangeAuthenticator,
  type TokenExchangeAuthenticatorOptions,
  TokenType,
} from "@m2m/authenticator/grant/token-exchange";
import { assertHides } from "../client_auth/showing.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { clientSecret, getStatus, type Scene, signTestAssertion, startScene, strangeKey, voucher } from "./scene.ts";

type Settings = Omit<JwtBearerAuthenticatorOptions, "assertion">;
type Value = (request?: TokenRequest) => string | Promise<string>;
interface Tested {
  readonly make: (settings: Settings, value: Value) => Authenticator;
  /** Gets a value that the server takes, on behalf of Ada. */
  readonly issue: (scene: Scene) => Promise<string>;
  readonly parameter: string;
  /** Makes a value of the right form. */
  readonly plant: (count: number) => string;
  /** The server's code for a value that it refuses. */
  readonly error: string;
}

const jwt = (count: number) => `eyJhbGciOiJub25lIn0.e30.planted-${count}`;
const bearer: Tested = {
  make: (settings, assertion) => new JwtBearerAuthenticator({ ...settings, assertion }),
  issue: ({ server }) => signTestAssertion(server.issuer),
  parameter: "assertion",
  plant: jwt,
  error: "invalid_grant",
};
const exchange: Tested = {
  make: (settings, subjectToken) => new TokenExchangeAuthenticator({ ...settings, subjectToken }),
  async issue({ settings, server: { issuer } }) {
    const options = { ...settings, clientId: "other", assertion: () => signTestAssertion(issuer) };
    return (await new JwtBearerAuthenticator(options).getCredentials()).accessToken;
  },
  parameter: "subject_token",
  plant: (count) => `planted-${count}`,
  error: "invalid_request",
};

/** Settings for a stub. */
function settingsAt(stub: ReturnType<typeof tokenEndpointStub>): Settings {
  const configStore = new StaticClientConfigStore({ tokenEndpoint: stub.url, issuer: "https://auth.test" });
  return { endpoint: "https://api.test", configStore, fetch: stub.fetch };
}

function exchangeAt(stub: ReturnType<typeof tokenEndpointStub>, options: Partial<TokenExchangeAuthenticatorOptions>) {
  return new TokenExchangeAuthenticator({ ...settingsAt(stub), subjectToken: "planted-subject", ...options });
}

for (const [name, grant] of Object.entries({ JwtBearerAuthenticator: bearer, TokenExchangeAuthenticator: exchange })) {
  Deno.test(`${name}: gets a token on the subject's behalf, and derives`, async () => {
    await using scene = await startScene();
    const value = await grant.issue(scene);
    let looked = 0;
    const authenticator = grant.make(
      scene.settings,
      async () => (looked++, grant === bearer ? await grant.issue(scene) : value),
    );

    const all = await Promise.all(Array.from({ length: 1000 }, () => authenticator.getCredentials()));
    assertEquals([new Set(all).size, looked], [1, 1]);
    const response = await authenticator.fetch("/v1/things", { method: "POST", body: "text" });

    assertEquals([response.status, (await response.json()).body], [200, "text"]);
    const { vouched_by, on_behalf_of, client_id, aud, scope, act } = scene.lastToken();
    assertEquals([on_behalf_of, client_id, aud, scope], ["ada", "service", scene.api.audience, "api:read"]);
    assertEquals([vouched_by, act], [grant === bearer ? voucher : undefined, undefined]);

    const writer = authenticator.with({ scopes: ["api:write"] });
    const derived = await writer.getCredentials();
    assertEquals([derived.scope, decodeJwt(derived.accessToken).on_behalf_of], ["api:write", "ada"]);
    assertEquals((await authenticator.getCredentials()).scope, "api:read");
    assert(
      writer.constructor === authenticator.constructor && writer === authenticator.with({ scopes: ["api:write"] }),
    );
    assertHides(writer, [value]);
  });

  Deno.test(`${name}: a retry, a refresh and a replay look up the value again`, async () => {
    await using scene = await startScene();
    const { settings, server, api } = scene;
    const token = await grant.issue(scene);
    let [looked, posts] = [0, 0];
    const fetch: typeof globalThis.fetch = (input, init) =>
      String(input) === server.tokenEndpoint && ++posts === 1
        ? Promise.resolve(new Response(null, { status: 503 }))
        : globalThis.fetch(input, init);
    const events: AuthenticatorEvent["type"][] = [];
    const more = { fetch, retry: { maxDelay: 1 }, onEvent: ({ type }: AuthenticatorEvent) => void events.push(type) };
    const authenticator = grant.make({ ...settings, ...more }, async () => {
      looked++;
      return `\n${grant === bearer ? await grant.issue(scene) : token} \n`;
    });

    assertEquals(await getStatus(authenticator), 200);
    await authenticator.refreshCredentials();
    api.revokeAll();
    const replayed = await authenticator.fetch("/v1/things", { method: "POST", body: "again" });

    assertEquals((await replayed.json()).body, "again");
    assertEquals([looked, posts, events.includes("request_replayed")], [4, 4, true]);
  });

  Deno.test(`${name}: a wrong client secret is sent once, with any value`, async () => {
    await using scene = await startScene();
    const { settings, server } = scene;
    let [secret, count] = ["planted-wrong", 0];
    const authenticator = grant.make({ ...settings, clientSecret: () => secret }, () => grant.plant(++count));
    for (let call = 0; call < 5; call++) {
      const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
      assertEquals([error.code, error.error], ["token_request_rejected", "invalid_client"]);
      assertHides(error, ["planted"]);
    }
    assertEquals(server.tokenRequests.length, 1);
    secret = settings.clientSecret;

    await assertRejects(() => authenticator.getCredentials(), AuthenticationError, grant.error);
    assertEquals(server.tokenRequests.length, 2);
  });

  Deno.test(`${name}: a function that throws, or returns no value, is client_auth_unavailable`, async () => {
    const stub = tokenEndpointStub();
    const down = new Error("the vault is down");
    const values = ["", undefined, " \n", grant === bearer ? "planted" : 7, down];
    for (const value of values) {
      const lookUp = () => value === down ? Promise.reject(down) : value as string;
      const authenticator = grant.make(settingsAt(stub), lookUp);

      const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);

      assertEquals([error.code, error.retryable], ["client_auth_unavailable", false]);
      assertEquals(error.cause, value === down ? down : undefined);
      assertHides(error, ["planted"]);
    }
    assertEquals(stub.requests.length, 0);
  });

  Deno.test(`${name}: redacts what the server quotes of the value`, async () => {
    const value = jwt(1);
    const error_description = `bad: ${value}, ${value.split(".")[2]}!`;
    const stub = tokenEndpointStub(() => Response.json({ error: "invalid_grant", error_description }, { status: 400 }));
    const authenticator = grant.make(settingsAt(stub), () => value);

    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);

    assertEquals(error.error_description, "bad: [redacted], [redacted]!");
    for (const shown of [error, authenticator]) assertHides(shown, ["planted"]);
  });
}

type Refused = Partial<TokenExchangeAuthenticatorOptions>;
const alter = (value: string) => value.replace(/.{8}$/, "AAAAAAAA");
const unknown = "an-unknown-token-4711";
const hourAgo = Math.floor(Date.now() / 1000) - 3600;
const refused: [what: string, Tested, options: (issuer: string, good: string) => Refused | Promise<string>][] = [
  ["another key's", bearer, (issuer) => signTestAssertion(issuer, { key: strangeKey })],
  ["another audience's", bearer, () => signTestAssertion("https://else.test")],
  ["expired", bearer, (issuer) => signTestAssertion(issuer, { exp: hourAgo })],
  ["a stranger's", bearer, (issuer) => signTestAssertion(issuer, { iss: "mallory@else.test" })],
  ["without jti", bearer, (issuer) => signTestAssertion(issuer, { jti: undefined })],
  ["used", bearer, (_issuer, good) => Promise.resolve(good)],
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
  for (const [what, grant, options] of refused) {
    await t.step(`${grant.parameter} ${what}`, async () => {
      const value = options(issuer, grant === bearer ? used : token);
      const authenticator = value instanceof Promise
        ? bearer.make(settings, () => value)
        : new TokenExchangeAuthenticator({ ...settings, subjectToken: token, ...value });

      const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);

      assertEquals([error.code, error.status, error.retryable], ["token_request_rejected", 400, false]);
      assertEquals(error.error, grant.error);
      if (!what.includes("type")) assertStringIncludes(error.error_description ?? "", "[redacted]");
      const { assertion, subject_token, actor_token } = tokenRequests.at(-1)!.parameters;
      const secrets = [assertion, subject_token, actor_token, clientSecret].flatMap((value) =>
        value ? String(value) : []
      );
      for (const secret of secrets.flatMap((value) => [value, value.split(".").at(-1)!])) {
        for (const shown of [error, authenticator]) assertHides(shown, [secret]);
      }
    });
  }
});

Deno.test("TokenExchangeAuthenticator: a refused token isn't sent again; another one is", async () => {
  await using scene = await startScene();
  let subjectToken = unknown;
  const authenticator = exchange.make(scene.settings, () => subjectToken);
  for (let call = 0; call < 3; call++) {
    await assertRejects(() => authenticator.getCredentials(), AuthenticationError, "invalid_request");
  }
  assertEquals(scene.server.tokenRequests.length, 1);
  subjectToken = await exchange.issue(scene);

  assertEquals((await authenticator.getCredentials()).tokenType, "Bearer");
});

Deno.test("JwtBearerAuthenticator: takes a client without a secret", async () => {
  await using scene = await startScene();
  const { settings: { clientSecret: _, ...settings } } = scene;
  const authenticator = bearer.make({ ...settings, clientId: "public" }, () => bearer.issue(scene));

  assertEquals([await getStatus(authenticator), scene.lastToken().client_id], [200, "public"]);
});

Deno.test("JwtBearerAuthenticator: the function knows the audience; without a client none is sent", async () => {
  const stub = tokenEndpointStub();
  const settings = { ...settingsAt(stub), scopes: ["a"], clientAuth: none() };
  let seen: TokenRequest | undefined;
  const authenticator = bearer.make(settings, (request) => (seen = request, jwt(1)));

  await authenticator.getCredentials();
  await authenticator.with({ audience: "x" }).getCredentials();

  assertEquals([seen?.tokenEndpoint.href, seen?.issuer], [stub.url, "https://auth.test"]);
  const [first, second] = stub.requests;
  assertEquals([...first!.form], [
    ["grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
    ["scope", "a"],
    ["assertion", jwt(1)],
  ]);
  assertEquals([second!.form.get("client_id"), second!.form.get("audience")], [null, "x"]);
  assert(!first!.headers.has("authorization"));
});

Deno.test("JwtBearerAuthenticator: binds tokens to a DPoP key", async () => {
  const stub = tokenEndpointStub(() => Response.json({ access_token: "bound", token_type: "dpop" }));
  const dpop: ProofOfPossession = {
    tokenTypes: ["DPoP"],
    tokenFetch: (fetch) => (input, init) =>
      fetch(input, { ...init, headers: { ...Object.fromEntries(new Headers(init?.headers)), dpop: "proof" } }),
    apiFetch: (fetch) => fetch,
    isAboutProof: () => false,
  };
  const derived = bearer.make({ ...settingsAt(stub), dpop }, () => jwt(1)).with({ scopes: ["a"] });

  assertEquals((await derived.authorize(new Headers())).get("authorization"), "DPoP bound");
  assertEquals(stub.requests[0]!.headers.get("dpop"), "proof");
});

Deno.test("TokenExchangeAuthenticator: sends an actor's token, and all types", async () => {
  await using scene = await startScene();
  const actor = new ClientCredentialsAuthenticator(scene.settings);
  const authenticator = new TokenExchangeAuthenticator({
    ...scene.settings,
    subjectToken: () => exchange.issue(scene),
    subjectTokenType: TokenType.JWT,
    actorToken: async () => (await actor.getCredentials()).accessToken,
    requestedTokenType: TokenType.ACCESS_TOKEN,
  });

  assertEquals(await getStatus(authenticator), 200);

  const { on_behalf_of, act } = scene.lastToken();
  assertEquals([on_behalf_of, act], ["ada", "service"]);
  const { parameters } = scene.server.tokenRequests.at(-1)!;
  const types = ["subject", "actor", "requested"].map((whose) => parameters[`${whose}_token_type`]);
  assertEquals(types, [TokenType.JWT, TokenType.ACCESS_TOKEN, TokenType.ACCESS_TOKEN]);
});

Deno.test("TokenExchangeAuthenticator: the request is that of RFC 8693 §2.1", async () => {
  const stub = tokenEndpointStub();

  await exchangeAt(stub, { resource: ["https://a.test", "https://b.test"], scopes: ["s"] }).getCredentials();

  assertEquals([...stub.requests[0]!.form], [
    ["grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"],
    ["scope", "s"],
    ["resource", "https://a.test"],
    ["resource", "https://b.test"],
    ["subject_token", "planted-subject"],
    ["subject_token_type", "urn:ietf:params:oauth:token-type:access_token"],
  ]);
});

Deno.test("TokenExchangeAuthenticator: returns a token that isn't an access token, and doesn't send it", async () => {
  await using scene = await startScene();
  const authenticator = new TokenExchangeAuthenticator({
    ...scene.settings,
    subjectToken: await exchange.issue(scene),
    requestedTokenType: TokenType.JWT,
    audience: "https://partner.test",
  });

  const { tokenType, accessToken } = await authenticator.getCredentials();

  const { sub, aud, iss } = decodeJwt(accessToken);
  assertEquals([tokenType, sub, aud, iss], ["N_A", "ada", "https://partner.test", scene.server.issuer]);
  for (const send of [() => authenticator.fetch("/v1/things"), () => authenticator.authorize(new Headers())]) {
    const error = await assertRejects(send, AuthenticationError, "RFC 8693 §2.2.1");
    assertEquals(error.code, "unsupported_token_type");
    assertHides(error, [accessToken]);
  }
  assertEquals(scene.api.calls, []);
  assert(authenticator.fetch === authenticator.fetch);
});

Deno.test("TokenExchangeAuthenticator: sends an access token that was issued for another type", async () => {
  const stub = tokenEndpointStub();
  const calls: (string | null)[] = [];
  const authenticator = exchangeAt(stub, {
    requestedTokenType: TokenType.JWT,
    fetch: (input, init) => {
      if (String(input) === stub.url) return stub.fetch(input, init);
      calls.push(new Headers(init?.headers).get("authorization"));
      return Promise.resolve(new Response());
    },
  });

  await authenticator.fetch("/v1");
  await authenticator.fetch(new Request("https://api.test/v1"));
  calls.push((await authenticator.authorize(new Headers())).get("authorization"));

  assertEquals(calls, Array(3).fill("Bearer token-1"));
  const signal = AbortSignal.abort(new Error("no more"));
  assertEquals(await assertRejects(() => authenticator.fetch("/v1", { signal })), signal.reason);
});

for (const requestedTokenType of [undefined, TokenType.ACCESS_TOKEN]) {
  Deno.test(`TokenExchangeAuthenticator: refuses N_A for the type ${requestedTokenType}`, async () => {
    const stub = tokenEndpointStub(() => Response.json({ access_token: "t", token_type: "N_A" }));
    const { code } = await assertRejects(
      () => exchangeAt(stub, { requestedTokenType }).getCredentials(),
      AuthenticationError,
    );
    assertEquals(code, "unsupported_token_type");
  });
}

Deno.test("TokenExchangeAuthenticator: an actor's function that returns nothing is client_auth_unavailable", async () => {
  for (const value of ["", " ", undefined, 7]) {
    const stub = tokenEndpointStub();
    const authenticator = exchangeAt(stub, { actorToken: () => value as string });
    const { code } = await assertRejects(() => authenticator.getCredentials(), AuthenticationError, "actor token");
    assertEquals([code, stub.requests.length], ["client_auth_unavailable", 0]);
  }
});

const wrong: [Tested, options: object, message: string][] = [
  [bearer, { assertion: undefined }, "assertion must be a function"],
  [bearer, { assertion: jwt(1) }, "assertion must be a function"],
  [bearer, { clientSecret: "planted" }, "clientId must be a string"],
  [bearer, { clientAuth: { method: "x", authenticate() {} } }, "clientId must be a string"],
  [bearer, { parameters: { assertion: "planted" } }, "parameters.assertion must not be set"],
  [bearer, { parameters: { grant_type: "planted" } }, "parameters.grant_type must be text"],
  [bearer, { configStore: undefined }, "configStore must be a ClientConfigStore"],
  [exchange, { subjectToken: undefined }, "subjectToken must be a string"],
  [exchange, { subjectToken: " " }, "subjectToken must be a string"],
  [exchange, { actorToken: "" }, "actorToken must be a string"],
  [exchange, { subjectTokenType: "" }, "subjectTokenType must be a string"],
  [exchange, { requestedTokenType: 7 }, "requestedTokenType must be a string"],
  [exchange, { actorTokenType: TokenType.JWT }, "actorTokenType must not be set without actorToken"],
  [exchange, { clientSecret: "planted" }, "clientId must be a string"],
  [exchange, { parameters: { subject_token: "planted" } }, "parameters.subject_token must not be set"],
  [exchange, { parameters: { requested_token_type: "planted" } }, "parameters.requested_token_type must not be set"],
];
Deno.test("grants: refuse wrong options, and don't show them", () => {
  const settings = settingsAt(tokenEndpointStub());
  for (const [grant, options, message] of wrong) {
    const make = () =>
      grant === bearer
        ? new JwtBearerAuthenticator({ ...settings, assertion: () => jwt(1), ...options })
        : new TokenExchangeAuthenticator({ ...settings, subjectToken: "planted", ...options });
    const error = assertThrows(make, TypeError, message);
    assert(!/planted|eyJ/.test(error.message));
  }
  const [first, second] = [bearer.make(settings, () => jwt(1)), exchange.make(settings, () => "planted")];
  assertThrows(() => first.with({ parameters: { assertion: "x" } }), TypeError, "parameters.assertion");
  const another = { scopes: ["api:read"], subjectToken: "planted" };
  assertThrows(() => second.with(another), TypeError, "subjectToken can't be changed by with");
});
