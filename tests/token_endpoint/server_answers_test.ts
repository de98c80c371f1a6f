/** What token endpoints of the field answer and want, beside the portable suite's cases. */

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import {
  AuthenticationError,
  type ClientAuth,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretPost,
  Credentials,
  type Fetch,
  getToken,
  none,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { rotatingSecrets } from "@m2m/authenticator/client-auth/rotating-secrets";
import { tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { authenticatorAt } from "../authenticator_at.ts";
import { assertHides } from "../client_auth/showing.ts";
import { tokenEndpointStub, usualAnswer } from "../servers/token_endpoint_stub.ts";

type Options = Partial<ClientCredentialsAuthenticatorOptions>;

/** The error of a token request that is answered so, and the requests that were sent. */
async function getError(answer: () => Response, options: Options = {}) {
  const stub = tokenEndpointStub(answer);
  const error = await assertRejects(() => authenticatorAt(stub, options).getCredentials(), AuthenticationError);
  return { error, requests: stub.requests };
}

Deno.test("credentials.response: holds the answer's other members, frozen to the last, and prints none", async () => {
  const details = { id_token: "planted", authorization_details: [{ type: "a" }] };
  const others = { instance_url: "https://eu.test/planted", ...details };
  const stub = tokenEndpointStub(() => Response.json({ access_token: "t", scope: "a", expires_in: 9, ...others }));
  const credentials = await authenticatorAt(stub).getCredentials();
  assertEquals(credentials.response, others);
  const [detail] = credentials.response.authorization_details as unknown[];
  assertEquals([credentials.response, detail].map(Object.isFrozen), [true, true]);
  assertHides({ ...credentials, credentials }, ["planted", "instance_url"]);
  assertEquals(new Credentials({ accessToken: "t" }).response, {});
});

Deno.test("credentials.response: an answer may be deep, or wide", async () => {
  const [deep, wide] = [`${"[".repeat(50_000)}${"]".repeat(50_000)}`, "0,".repeat(200_000)];
  const stub = tokenEndpointStub(() => new Response(`{"access_token":"t","deep":${deep},"wide":[${wide}0]}`));
  assertEquals((await authenticatorAt(stub).getCredentials()).accessToken, "t");
});

Deno.test("beforeTokenRequest: sends the parameters as JSON by the content type, secrets redacted", async () => {
  const error_description = String.raw`"client_secret":"plan\"ted" is bad`;
  for (const type of ["application/json", "application/json; charset=utf-8"]) {
    const { error, requests } = await getError(
      () => Response.json({ error: "x", error_description }, { status: 400 }),
      {
        ...{ clientAuth: clientSecretPost('plan"ted'), parameters: { resource: ["a", "b"] } },
        beforeTokenRequest: ({ headers }) => headers.set("content-type", type),
      },
    );
    assertEquals(error.error_description, '"client_secret":"[redacted]" is bad');
    const client = { client_id: "id", client_secret: 'plan"ted' };
    assertEquals(requests.map(({ init }) => JSON.parse(String(init.body))), [
      { grant_type: "client_credentials", resource: ["a", "b"], ...client },
    ]);
  }
});

const json = (status: number, error: string) => () => Response.json({ error }, { status });
const refusals: (readonly [status: number, error: string | undefined, sent?: string[]])[] = [
  ...[[401, "invalid_client"], [401, "unauthorized_client"], [401, "access_denied"]] as const,
  ...[[400, "invalid_request"], [200, "invalid_client_secret"]] as const,
  ...[[401, undefined], [403, undefined]] as const,
  // A request that is bad otherwise.
  ...[[400, "invalid_scope", ["old"]], [403, "access_denied", ["old"]]] as [number, string, string[]][],
];
for (const [status, error, expected = ["old", "new"]] of refusals) {
  Deno.test(`rotatingSecrets: ${expected.at(-1)} is the last secret sent after a ${status} ${error}`, async () => {
    const answer = error ? json(status, error) : () => new Response(status === 401 ? "Unauthorized" : null, { status });
    const stub = tokenEndpointStub((count) => count === 1 ? answer() : usualAnswer(count));
    const clientAuth = clientSecretPost(rotatingSecrets(["old", "new"]));
    const authenticator = authenticatorAt(stub, { clientAuth });
    await authenticator.getCredentials().catch(() => {});
    await authenticator.with({ audience: "a" }).getCredentials();
    assertEquals(stub.requests.map(({ form }) => form.get("client_secret")), [...expected, expected.at(-1)!]);
  });
}

const others: [name: string, answer: () => Response, sent: string[]][] = [
  ["400 invalid_scope", json(400, "invalid_scope"), ["right"]],
  ["403 access_denied", json(403, "access_denied"), ["right"]],
  ["400 invalid_request", json(400, "invalid_request"), ["right", "wrong"]],
];
for (const [name, answer, expected] of others) {
  Deno.test(`rotatingSecrets: a right secret stays after ${name} for one audience, though the other one is wrong`, async () => {
    const sent: string[] = [];
    const stub = tokenEndpointStub((count, { form }) => {
      sent.push(form.get("client_secret")!);
      if (sent.at(-1) === "wrong") return json(401, "invalid_client")();
      return form.get("audience") === "bad" ? answer() : usualAnswer(count);
    });
    const clientAuth = clientSecretPost(rotatingSecrets(["right", "wrong"]));
    const authenticator = authenticatorAt(stub, { clientAuth });
    const bad = authenticator.with({ audience: "bad" }).getCredentials();
    assertEquals((await assertRejects(() => bad, AuthenticationError)).error, name.slice(4));
    await authenticator.getCredentials();
    assertEquals(sent, [...expected, "right"]);
  });
}

const options: [says: string, not: string, options: Options][] = [
  ["basicEncoding", "audience", {}],
  ["clientSecretBasic", "basicEncoding", { clientAuth: clientSecretPost("s") }],
  ["audience", "basicEncoding", { clientAuth: clientSecretJwt("s".repeat(64)) }],
  ["aud", "basicEncoding", { clientAuth: clientAssertion(() => "a.b.c") }],
  ["certificate", "basicEncoding", { clientAuth: tlsClientAuth() }],
  ["clientSecret", "basicEncoding", { clientAuth: none() }],
  ["constructor", "function", { clientAuth: { method: "own", advice: "See constructor.", authenticate() {} } }],
];
for (const [says, not, { clientAuth, ...rest }] of options) {
  Deno.test(`the advice on invalid_client: names ${says} for ${clientAuth?.method ?? "a secret"}`, async () => {
    const { error } = await getError(json(401, "invalid_client"), { ...rest, clientAuth } as Options);
    assertStringIncludes(error.message, says);
    assert(!error.message.includes(not), error.message);
  });
}

Deno.test("the hint on odd secrets: isn't given for a key", async () => {
  const { privateKey } = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, [
    "sign",
  ]) as CryptoKeyPair;
  const { error } = await getError(json(401, "invalid_client"), {
    clientAuth: privateKeyJwt(privateKey, { kid: "schlüssel" }),
  });
  assert(!error.message.includes("printable"), error.message);
});

Deno.test("a client without a credential: its assertion is made once", async () => {
  let made = 0;
  const beforeTokenRequest = () => void made++;
  await getError(json(400, "invalid_request"), { clientAuth: none(), beforeTokenRequest });
  assertEquals(made, 1);
});

const escaped = [
  String.raw`Qx+9\u002Fa\u0026b\u003cc\u003Ed==`,
  String.raw`Qx\u002B9/a&b<c>d==`,
  String.raw`Qx+9\/a&b<c>d==`,
];
for (const text of escaped) {
  Deno.test(`error_description: a secret, or a token that comes along, is redacted as ${text}`, async () => {
    const answer = { error: "own_code", error_description: `for "${text}"` };
    const secret = "Qx+9/a&b<c>d==";
    for (const [more, clientSecret] of [[{}, secret], [{ access_token: secret }, "s3cret"]] as const) {
      const { error } = await getError(() => Response.json({ ...answer, ...more }, { status: 400 }), { clientSecret });
      assertEquals(error.error_description, 'for "[redacted]"');
    }
  });
}

Deno.test("the advice on a 401: is about the client, whatever its code says", async () => {
  for (const code of ["unauthorized_client", "access_denied", "Bad Key"]) {
    assertStringIncludes((await getError(json(401, code))).error.message, "Check id and secret");
  }
  assertStringIncludes((await getError(json(400, "unauthorized_client"))).error.message, "Allow this client the grant");
});

Deno.test("the advice: is none of JavaScript's own for a code such as constructor", async () => {
  assertStringIncludes((await getError(json(400, "constructor"))).error.message, "constructor (400).");
});

const odd: [options: Options, says: string][] = [
  [{ clientSecret: "s\n" }, "clientSecret begins or ends"],
  [{ clientSecret: () => " s" }, "clientSecret begins or ends"],
  [{ clientId: "id\r\n" }, "clientId begins or ends"],
  [{ clientSecret: "pässword" }, "clientSecret holds more than printable ASCII (RFC 6749 A.1, A.2)"],
  [{ clientId: "ïd" }, "clientId holds more"],
];
for (const [given, says] of odd) {
  Deno.test(`a refused client: the message says that ${says}`, async () => {
    const bare = () => new Response("", { status: 400 });
    for (const answer of [json(401, "invalid_client"), json(400, "invalid_request"), bare]) {
      const { error } = await getError(answer, given);
      assertStringIncludes(error.message, says);
      assert(!error.message.includes("pässword"));
    }
    assert(!(await getError(json(400, "invalid_scope"), given)).error.message.includes(says));
  });
}

/** A store that looks settings up again when it is told that the endpoint failed. */
function movingStore(moved: string) {
  const looks: boolean[] = [];
  const getClientConfig = ({ endpointFailed = false } = {}) => {
    looks.push(endpointFailed);
    return { tokenEndpoint: endpointFailed ? moved : "https://old.test/token" };
  };
  return { looks, getClientConfig };
}
const gone: Readonly<Record<string, () => Promise<Response>>> = {
  "404": () => Promise.resolve(new Response("gone", { status: 404 })),
  "redirect": () => Promise.resolve(Response.redirect("https://new.test", 302)),
  "no connection": () => Promise.reject(new TypeError("dns error")),
};
for (const [name, answer] of Object.entries(gone)) {
  Deno.test(`a token endpoint that moved (${name}): the store is asked again, and the caller gets a token`, async () => {
    const stub = tokenEndpointStub();
    const configStore = movingStore(stub.url);
    const fetch: Fetch = (input, init) => input === stub.url ? stub.fetch(input, init) : answer();
    assertEquals((await authenticatorAt(stub, { configStore, fetch }).getCredentials()).accessToken, "token-1");
    assertEquals(configStore.looks, [false, true]);
  });
}

Deno.test("a token endpoint that fails: the store is asked again once per cool-down, not for the client's faults", async () => {
  for (const [answer, looks] of [[json(404, "x y"), [false, true, false]], [json(401, "x"), [false, false]]] as const) {
    const configStore = movingStore("https://old.test/token");
    const authenticator = authenticatorAt(tokenEndpointStub(), { configStore, fetch: () => Promise.resolve(answer()) });
    for (let call = 0; call < 2; call++) await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
    assertEquals(configStore.looks, [...looks]);
  }
});

Deno.test("a token endpoint that fails: the store is asked again once for all derived authenticators, without a storm", async () => {
  let looks = 0;
  const getClientConfig = ({ endpointFailed = false } = {}) => {
    if (endpointFailed) looks++;
    return { tokenEndpoint: `https://auth.test/${looks}` };
  };
  let sent = 0;
  const fetch = () => (sent++, Promise.resolve(new Response("gone", { status: 404 })));
  for (const cooldown of [undefined, 0]) {
    [looks, sent] = [0, 0];
    const root = authenticatorAt(tokenEndpointStub(), { configStore: { getClientConfig }, fetch, cooldown });
    for (const audience of cooldown === 0 ? ["a"] : ["a", "b", "c"]) {
      await assertRejects(() => root.with({ audience }).getCredentials(), AuthenticationError);
    }
    assertEquals([looks, sent], cooldown === 0 ? [1, 2] : [1, 4]);
  }
});

Deno.test("a token endpoint that failed once: a store that hangs then holds up no caller for long", async () => {
  const stub = tokenEndpointStub();
  const never = new Promise<never>(() => {});
  const configStore = {
    getClientConfig: ({ endpointFailed = false } = {}) => endpointFailed ? never : { tokenEndpoint: stub.url },
  };
  let sent = 0;
  const fetch: Fetch = (input, init) => sent++ ? stub.fetch(input, init) : Promise.reject(new TypeError("reset"));
  assertEquals((await authenticatorAt(stub, { configStore, fetch }).getCredentials()).accessToken, "token-1");
});

Deno.test("settings that point to a dead endpoint: the live token stays in use until a new one is issued", async () => {
  const stub = tokenEndpointStub();
  let tokenEndpoint = stub.url;
  const configStore = { getClientConfig: () => ({ tokenEndpoint }) };
  const authenticator = authenticatorAt(stub, { configStore, retry: { maxAttempts: 1 } });
  await authenticator.getCredentials();
  tokenEndpoint = "https://dead.test/token";
  await assertRejects(() => authenticator.refreshCredentials(), AuthenticationError);
  assertEquals((await authenticator.getCredentials()).accessToken, "token-1");
});

Deno.test("what gives the secret never settles: client_auth_unavailable, by getToken and authenticators", async () => {
  const never = () => new Promise<never>(() => {});
  const clientAuth: ClientAuth = { method: "own", authenticate: never };
  const { url, fetch, requests } = tokenEndpointStub();
  const given: Options[] = [{ clientSecret: never }, { clientAuth }, { beforeTokenRequest: never }];
  const asking = given.map((each) => authenticatorAt({ url, fetch, requests }, { ...each, timeout: 300 }));
  const token = () => getToken(url, { clientId: "id", clientSecret: never, timeout: 300, fetch });
  for (const ask of [...asking.map((each) => () => each.getCredentials()), token]) {
    const { code, retryable } = await assertRejects(ask, AuthenticationError);
    assertEquals([code, retryable, requests.length], ["client_auth_unavailable", false, 0]);
  }
});

/** What runtimes throw for an unknown authority, then for a port without TLS: Deno, Node, Bun, workerd. */
const handshakes: [message: string, code?: string][] = [
  ["client error (Connect): invalid peer certificate: UnknownIssuer"],
  ["client error (Connect): received corrupt message of type InvalidContentType"],
  ["self-signed certificate", "DEPTH_ZERO_SELF_SIGNED_CERT"],
  ["error:0A00010B:SSL routines:ssl3_get_record:wrong version number", "ERR_SSL_WRONG_VERSION_NUMBER"],
  ["unable to verify the first certificate", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
  ["The TLS handshake failed. Does the server speak TLS on this port?", "EPROTO"],
  ["TLS peer's certificate is not trusted; reason = self signed certificate"],
];
for (const [message, code] of handshakes) {
  Deno.test(`tls_failed: after one request, for "${message}"`, async () => {
    const cause = Object.assign(new Error(`https://auth.test: ${message}`), { code });
    const stub = tokenEndpointStub(() => Promise.reject(new TypeError("fetch failed", { cause })));
    const fetch: Fetch = (_, init) => stub.fetch(stub.url, init);
    for (const options of [{ fetch }, { fetch, configStore: new DiscoveryClientConfigStore("https://auth.test") }]) {
      const error = await assertRejects(() => authenticatorAt(stub, options).getCredentials(), AuthenticationError);
      assertEquals([error.code, error.retryable], ["tls_failed", false]);
      assertMatch(error.message, /verify.*NODE_EXTRA_CA_CERTS/);
    }
    assertEquals(stub.requests.length, 2);
  });
}

Deno.test("tls_failed: isn't told by a host's name", async () => {
  const fetch: Fetch = () => Promise.reject(new Error("getaddrinfo ENOTFOUND certificate.concert.test"));
  const token = getToken("https://certificate.concert.test", { clientId: "id", clientSecret: "s", fetch });
  assertEquals((await assertRejects(() => token, AuthenticationError)).code, "network_error");
});

Deno.test("tls_failed: is by https: alone", async () => {
  const fetch: Fetch = () => Promise.reject(new Error("the certificate of the proxy is odd"));
  const token = getToken("http://127.0.0.1/token", { clientId: "id", clientSecret: "s", fetch });
  assertEquals((await assertRejects(() => token, AuthenticationError)).code, "network_error");
});

Deno.test("StaticClientConfigStore: later changes to a URL of the caller's change nothing", async () => {
  const [tokenEndpoint, resource] = [new URL("https://auth.test/a"), [new URL("https://api.test/b")]];
  const store = new StaticClientConfigStore({ tokenEndpoint, resource });
  tokenEndpoint.pathname = resource[0]!.pathname = "/changed";
  const config = await store.getClientConfig();
  assertEquals([String(config.tokenEndpoint), String(config.resource)], ["https://auth.test/a", "https://api.test/b"]);
});
