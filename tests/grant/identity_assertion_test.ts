import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import {
  AuthenticationError,
  type Authenticator,
  clientSecretPost,
  refreshing,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import {
  identityAssertion,
  IdentityAssertionAuthenticator,
  type IdentityAssertionAuthenticatorOptions,
  TokenType,
} from "@m2m/authenticator/grant/identity-assertion";
import { behaviours, testServers } from "@m2m/authenticator/testing";
import { getStatus } from "../client_auth/refusal.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { assertHides } from "../client_auth/showing.ts";
import { startTwoDomains } from "./two_domains.ts";

const user = await testKey("ES256");
const [idpSecret, chatSecret] = ["planted-secret-at-the-identity-provider", "planted-secret-at-the-chat"];
const [idpIssuer, chatIssuer] = ["https://idp.test", "https://chat.test"];
type Options = Partial<IdentityAssertionAuthenticatorOptions>;

/** Two kits: the identity provider believes ID tokens of a login, and the chat's server the identity provider. */
async function twoServers() {
  const idp = testServers({
    issuer: idpIssuer,
    endpoint: "https://unused.test",
    clients: [{ clientId: "wiki", clientSecret: idpSecret }],
    trustedIssuers: { login: [user.publicJwk as JsonWebKey] },
    lifetime: 300_000,
  });
  const { keys } = await (await idp.fetch(`${idpIssuer}/oauth/jwks`)).json();
  const chat = testServers({
    issuer: chatIssuer,
    clients: [{ clientId: "wiki-at-chat", clientSecret: chatSecret }],
    trustedIssuers: { [idpIssuer]: keys },
    scopes: ["read", "write"],
    clock: idp.clock,
    otherwise: idp.fetch,
  });
  const signIdToken = (lifetime = 300) =>
    new SignJWT({ iss: "login", sub: "ada", aud: idpIssuer, exp: Math.floor(idp.clock.wall() / 1000) + lifetime })
      .setProtectedHeader({ alg: "ES256" }).sign(user.cryptoKey);
  const identityProvider = {
    clientId: "wiki",
    clientAuth: clientSecretPost(idpSecret),
    configStore: new DiscoveryClientConfigStore(idpIssuer),
  };
  const idToken = await signIdToken();
  const settings = { ...chat.options, scopes: ["read"], identityProvider, subjectToken: () => idToken };
  return {
    ...{ idp, chat, settings, signIdToken },
    make: (options: Options = {}) => new IdentityAssertionAuthenticator({ ...settings, ...options }),
    counts: () => [idp, chat].map(({ authorizationServer: { tokenRequests } }) => tokenRequests.length),
    forms: () => [idp, chat].map((kit) => kit.authorizationServer.tokenRequests.map(({ form }) => form)).flat(),
  };
}

async function getError(authenticator: Authenticator): Promise<AuthenticationError> {
  return await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
}

Deno.test("identity assertion: both requests are those of the draft, each by its own client", async () => {
  const { make, chat, forms } = await twoServers();
  const authenticator = make({ resource: "https://api.test/files", audience: "the-api" });

  assertEquals((await authenticator.fetch("/x")).status, 200);

  const [first, second] = forms().map((form) => Object.fromEntries(form));
  const { subject_token: _, client_secret, ...exchange } = first!;
  const { assertion, ...bearer } = second!;
  const common = { resource: "https://api.test/files", scope: "read" };
  assertEquals([client_secret, exchange], [idpSecret, {
    ...common,
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    client_id: "wiki",
    audience: chatIssuer,
    requested_token_type: TokenType.ID_JAG,
    subject_token_type: TokenType.ID_TOKEN,
  }]);
  assertEquals(bearer, {
    ...common,
    grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    audience: "the-api",
  });
  const { iss, sub, aud, client_id, scope, resource } = decodeJwt(assertion!);
  const claims = [decodeProtectedHeader(assertion!).typ, iss, sub, aud, client_id, scope, resource];
  assertEquals(claims, ["oauth-id-jag+jwt", idpIssuer, "ada", chatIssuer, "wiki", "read", [common.resource]]);
  assertEquals(chat.api.calls.length, 1);
});

Deno.test("identity assertion: it is kept for its own lifetime, and each derived authenticator has its own", async () => {
  const { make, counts, idp, forms } = await twoServers();
  const authenticator = make();
  await authenticator.getCredentials();
  const seen = [];
  for (const advance of [0, 280_000, 15_000]) {
    idp.clock.advance(advance);
    await authenticator.refreshCredentials();
    seen.push(counts());
  }
  await authenticator.with({ scopes: ["write"] }).getCredentials();

  assertEquals([...seen, counts()], [[1, 2], [1, 3], [2, 4], [3, 5]]);
  assertEquals(forms()[2]!.get("scope"), "write");
});

Deno.test("identity assertion: it is sent to no other server than its own, and for no other subject", async () => {
  const { make, forms, idp, chat, settings, signIdToken } = await twoServers();
  const { tokenEndpoint } = chat.authorizationServer;
  let server = { tokenEndpoint, issuer: chatIssuer };
  let subject = settings.subjectToken();
  const authenticator = make({ configStore: { getClientConfig: () => server }, subjectToken: () => subject });
  const changes = [
    () => {},
    () => server = { tokenEndpoint: tokenEndpoint + "?b", issuer: chatIssuer },
    () => server = { ...server, issuer: "https://b.test" },
    async () => [server, subject] = [{ tokenEndpoint, issuer: chatIssuer }, await signIdToken(301)],
  ];
  for (const change of changes) {
    await change();
    await authenticator.refreshCredentials().catch(() => {});
  }
  const exchanges = idp.authorizationServer.tokenRequests.map(({ form }) => form);
  assertEquals(exchanges.map((form) => form.get("audience")), [chatIssuer, chatIssuer, "https://b.test", chatIssuer]);
  assertEquals(exchanges.at(-1)!.get("subject_token"), subject);
  assertEquals(new Set(forms().flatMap((form) => form.getAll("assertion"))).size, 4);
});

Deno.test("identity assertion: of the scopes, those are asked for that the first server granted", async () => {
  const { make, idp, forms, settings: { identityProvider } } = await twoServers();
  idp.authorizationServer.narrow(["read"]);
  await make({ scopes: ["read", "write"] }).getCredentials();
  await make({ scopes: undefined }).getCredentials();
  idp.authorizationServer.narrow(["read", "write"]);
  const more = { ...identityProvider, fetch: undefined, scopes: ["read", "write"] };
  await make({ identityProvider: more }).getCredentials();

  const asked = forms().map((form) => form.get("scope"));
  assertEquals(asked, ["read write", null, "read write", "read", null, "read"]);
});

Deno.test("identity assertion: one that was used and is refused is replaced once, by an exchange of a live token", async () => {
  const { make, counts, chat, settings } = await twoServers();
  let looked = 0;
  const authenticator = make({ subjectToken: () => (looked++, settings.subjectToken()), cooldown: 0 });
  const refuse = () => chat.authorizationServer.next(behaviours.error("invalid_grant"));
  refuse();
  assertEquals((await getError(authenticator)).error, "invalid_grant");
  assertEquals(counts(), [1, 1]);

  refuse();
  await authenticator.getCredentials();
  assertEquals([counts(), looked], [[2, 3], 3]);

  refuse();
  refuse();
  await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError, "second leg");
  assertEquals(counts(), [3, 5]);
});

type Wrong = (servers: Awaited<ReturnType<typeof twoServers>>) => Options;
const idpWith = (options: object): Wrong => ({ settings: { identityProvider } }) => ({
  identityProvider: { ...identityProvider, ...options },
});
const rejected = "token_request_rejected";
/** What is wrong, the error, its leg, and the requests that three calls cause. */
const failures: Record<
  string,
  [wrong: Wrong, code: string, error: string | undefined, leg: string, counts: readonly number[]]
> = {
  "a wrong client at the first server": [
    idpWith({ clientAuth: clientSecretPost("planted-wrong") }),
    ...[rejected, "invalid_client", "first", [1, 0]] as const,
  ],
  "a wrong client at the second one": [
    () => ({ clientSecret: "planted-wrong" }),
    ...[rejected, "invalid_client", "second", [1, 1]] as const,
  ],
  "another server's audience": [
    idpWith({ audience: "https://else.test" }),
    ...[rejected, "invalid_grant", "second", [1, 1]] as const,
  ],
  "no audience": [
    () => ({ configStore: new StaticClientConfigStore({ tokenEndpoint: `${chatIssuer}/oauth/token` }) }),
    ...["invalid_config", undefined, "first", [0, 0]] as const,
  ],
  "an expired subject token": [
    ({ signIdToken }) => {
      const expired = signIdToken(-60);
      return { subjectToken: () => expired };
    },
    ...[rejected, "invalid_grant", "first", [1, 0]] as const,
  ],
  "no subject token": [
    () => ({ subjectToken: () => "" }),
    ...["client_auth_unavailable", undefined, "first", [0, 0]] as const,
  ],
  "a type that the server doesn't know": [
    () => ({ requestedTokenType: "urn:example:unknown" }),
    ...["unsupported_token_type", undefined, "first", [1, 0]] as const,
  ],
  "an unknown scope": [
    () => ({ scopes: ["planted"] }),
    ...[rejected, "invalid_scope", "second", [1, 1]] as const,
  ],
};
for (const [what, [wrong, code, oauthError, leg, counts]] of Object.entries(failures)) {
  Deno.test(`identity assertion: ${what} is an error that names the leg, and shows no secret`, async () => {
    const servers = await twoServers();
    const authenticator = servers.make(wrong(servers));
    for (let call = 0; call < 3; call++) {
      const error = await getError(authenticator);
      assertEquals([error.code, error.error, error.retryable], [code, oauthError, false]);
      assertStringIncludes(error.message, `(${leg} leg)`);
      const sent = servers.forms().flatMap((form) => form.get("subject_token") ?? form.get("assertion")!);
      for (const shown of [error, authenticator]) assertHides(shown, [idpSecret, chatSecret, "planted-wrong", ...sent]);
    }
    assertEquals(servers.counts(), counts);
  });
}

Deno.test("identity assertion: failures of the first server are retried; one that hangs is named, and can be retried", async () => {
  const { make, counts, idp } = await twoServers();
  idp.authorizationServer.next(behaviours.status(503));
  await make().getCredentials();
  assertEquals(counts(), [2, 1]);

  const hanging = idpWith({ fetch: () => new Promise(() => {}) })(await twoServers());
  const error = await getError(make({ ...hanging, timeout: 50, retry: { maxAttempts: 1 } }));
  assertEquals([error.code, error.retryable], ["timeout", true]);
  assertStringIncludes(error.message, "first leg");
});

Deno.test("identityAssertion: is a token source of the same requests", async () => {
  const { chat, idp, settings: { identityProvider, subjectToken }, counts } = await twoServers();
  const { clientId, fetch, clock } = chat.options;
  const tokenEndpoint = chat.authorizationServer.tokenEndpoint;
  const server = { tokenEndpoint, issuer: chatIssuer, clientId, clientAuth: clientSecretPost(chatSecret) };
  const tokens = refreshing(identityAssertion({ ...server, fetch, clock, identityProvider, subjectToken }));

  assertEquals((await tokens.get()).credentials.tokenType, "Bearer");
  assertEquals(counts(), [1, 1]);
  assert(idp.authorizationServer.tokenRequests[0]!.form.get("audience") === chatIssuer);
});

for (const requestedTokenType of [TokenType.ID_JAG, TokenType.JWT]) {
  Deno.test(`oidc-provider to oidc-provider, by ${requestedTokenType}: an assertion that is taken once is replaced`, async () => {
    await using domains = await startTwoDomains();
    const { near, far, subjects, settings } = domains;
    const subjectToken = requestedTokenType === TokenType.ID_JAG ? subjects.idToken : subjects.accessToken;
    const authenticator = new IdentityAssertionAuthenticator({ ...settings, subjectToken, requestedTokenType });

    assertEquals(await getStatus(authenticator.fetch("/x")), 200);
    const { on_behalf_of, vouched_by, client_id } = decodeJwt(authenticator.credentials!.accessToken);
    assertEquals([on_behalf_of, vouched_by, client_id], ["ada", near.issuer, "far"]);
    await authenticator.refreshCredentials();
    assertEquals(far.tokenRequests.map(({ status }) => status), [200, 400, 200]);
  });
}

const { make } = await twoServers();
const wrongOptions: readonly [options: object, message: string][] = [
  [{ identityProvider: undefined }, "identityProvider must be an object"],
  [{ identityProvider: {} }, "identityProvider: configStore must be a ClientConfigStore"],
  [idpWith({ clientId: "" })(await twoServers()), "identityProvider: clientId must be a string"],
  [idpWith({ fetch: 7 })(await twoServers()), "identityProvider: fetch must be a function"],
  [idpWith({ parameters: { subject_token: "planted" } })(await twoServers()), "parameters.subject_token must not be"],
  [{ subjectToken: "" }, "subjectToken must be a string"],
  [{ requestedTokenType: "" }, "requestedTokenType must be a string"],
  [{ parameters: { assertion: "planted" } }, "parameters.assertion must not be set"],
];
Deno.test("identity assertion: refuses wrong options, and doesn't show them", () => {
  for (const [options, message] of wrongOptions) {
    const error = assertThrows(() => make(options as Options), TypeError, message);
    assert(!error.message.includes("planted"));
  }
});
