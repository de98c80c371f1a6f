/** What token endpoints of the field answer and want, beside the portable suite's cases. */

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import {
  AuthenticationError,
  type ClientAuth,
  ClientConfigStore,
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
import { readLifetime } from "../../src/token_endpoint/lifetime.ts";
import { authenticatorAt, besideApi } from "../authenticator_at.ts";
import { tokenEndpointStub, usualAnswer } from "../servers/token_endpoint_stub.ts";

type Options = Partial<ClientCredentialsAuthenticatorOptions>;

/** The error of a token request that is answered so, and how often it was sent. */
async function getError(answer: () => Response, options: Options = {}) {
  const stub = tokenEndpointStub(answer);
  const error = await assertRejects(() => authenticatorAt(stub, options).getCredentials(), AuthenticationError);
  return { error, sent: stub.requests.length };
}

Deno.test("credentials.response: holds the answer's other members, frozen to the last, and prints none", async () => {
  const others = {
    instance_url: "https://eu.test/planted",
    id_token: "planted",
    authorization_details: [{ type: "a" }],
  };
  const { fetch, url } = tokenEndpointStub(() =>
    Response.json({ access_token: "t", scope: "a", expires_in: 9, ...others })
  );
  const credentials = await getToken(url, { clientId: "id", clientSecret: "s", fetch });
  assertEquals(credentials.response, others);
  assert(
    Object.isFrozen(credentials.response) && Object.isFrozen(Object(credentials.response.authorization_details)[0]),
  );
  for (const text of [Deno.inspect(credentials, { depth: 9 }), JSON.stringify({ ...credentials, credentials })]) {
    assert(!/planted|instance_url/.test(text), text);
  }
  assertEquals(new Credentials({ accessToken: "t" }).response, {});
});

Deno.test("credentials.response: an answer may be deep, or wide", async () => {
  const deep = `{"access_token":"t","deep":${"[".repeat(50_000)}${"]".repeat(50_000)},"wide":[${
    "0,".repeat(200_000)
  }0]}`;
  const { fetch, url } = tokenEndpointStub(() => new Response(deep));
  assertEquals((await getToken(url, { clientId: "id", clientSecret: "s", fetch })).accessToken, "t");
});

const schemes: [type: unknown, options: Options, header: string][] = [
  ["BearerToken", { tokenType: "Bearer" }, "Bearer token"],
  ["Application Access Token", { tokenType: "Bearer" }, "Bearer token"],
  ["Bearer", { tokenType: "Zoho-oauthtoken" }, "Zoho-oauthtoken token"],
  [7, { tokenType: "OAuth" }, "OAuth token"],
  ["x", { tokenType: "Bearer", authorization: ({ accessToken }) => accessToken }, "token"],
];
for (const [token_type, options, header] of schemes) {
  Deno.test(`tokenType: sends "${header}" whatever the server calls it (${token_type})`, async () => {
    const stub = tokenEndpointStub(() => Response.json({ access_token: "token", token_type }));
    const fetch = besideApi(stub, (headers) => new Response(headers.get("authorization")));
    assertEquals(await (await authenticatorAt(stub, { ...options, fetch }).fetch("/")).text(), header);
  });
}

Deno.test("beforeTokenRequest: sends the parameters as JSON by the content type, secrets redacted", async () => {
  const error_description = String.raw`"client_secret":"plan\"ted" is bad`;
  const { error, sent } = await getError(
    () => Response.json({ error: "invalid_scope", error_description }, { status: 400 }),
    {
      clientAuth: clientSecretPost('plan"ted'),
      parameters: { resource: ["a", "b"] },
      beforeTokenRequest: ({ headers }) => headers.set("content-type", "application/json; charset=utf-8"),
    },
  );
  assertEquals([sent, error.error_description], [1, '"client_secret":"[redacted]" is bad']);
  const seen: unknown[] = [];
  await getToken("https://auth.test", {
    ...{ clientId: "id", clientAuth: clientSecretPost("s"), parameters: { resource: ["a", "b"] } },
    beforeTokenRequest: ({ headers }) => headers.set("content-type", "application/json"),
    fetch: async (input, init) => (seen.push(await new Request(input, init).json()), usualAnswer(1)),
  });
  assertEquals(seen, [{ grant_type: "client_credentials", resource: ["a", "b"], client_id: "id", client_secret: "s" }]);
});

const explanations: [body: unknown, shown: string | undefined][] = [
  [{ error: "missing secret s3cret value" }, "missing secret [redacted] value"],
  [{ error: { code: 403, message: "API not enabled" } }, "API not enabled"],
  [{ message: "no route matched" }, "no route matched"],
  [{ title: "Bad", detail: "the client is unknown" }, "the client is unknown"],
  [{ error: "eyJhbGciOi.token", message: 7, title: "x" }, undefined],
  [{ message: `Bearer ${"x".repeat(30)}` }, undefined],
  [{ error_description: "", message: "no route matched" }, "no route matched"],
  [{ error_description: {}, message: "no route matched" }, "no route matched"],
];
for (const [body, shown] of explanations) {
  Deno.test(`error_description: is ${shown} of ${JSON.stringify(body)}, after one request`, async () => {
    for (const status of [400, 403]) {
      const { error, sent } = await getError(() => Response.json(body, { status }));
      assertEquals([error.code, error.error_description, sent], ["token_endpoint_error", shown, 1]);
    }
  });
}

const json = (status: number, error: string) => () => Response.json({ error }, { status });
const refusals: [name: string, answer: () => Response][] = [
  ["401 invalid_client", json(401, "invalid_client")],
  ["401 unauthorized_client", json(401, "unauthorized_client")],
  ["401 access_denied", json(401, "access_denied")],
  ["400 invalid_request", json(400, "invalid_request")],
  ["200 invalid_client_secret", json(200, "invalid_client_secret")],
  ["401 with text", () => new Response("Unauthorized", { status: 401 })],
  ["403 with nothing", () => new Response(null, { status: 403 })],
];
for (const [name, answer] of refusals) {
  Deno.test(`rotatingSecrets: the other secret is tried after ${name}`, async () => {
    const sent: string[] = [];
    const clientAuth = clientSecretPost(rotatingSecrets(["old", "new"]));
    const stub = tokenEndpointStub((count, { form }) => {
      sent.push(form.get("client_secret")!);
      return sent.at(-1) === "new" ? usualAnswer(count) : answer();
    });
    const authenticator = authenticatorAt(stub, { clientAuth });
    await authenticator.getCredentials();
    await authenticator.refreshCredentials();
    assertEquals(sent, ["old", "new", "new"]);
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
  Deno.test(`error_description: the secret is redacted as ${text}`, async () => {
    const answer = () => Response.json({ error: "own_code", error_description: `for "${text}"` }, { status: 400 });
    const { error } = await getError(answer, { clientSecret: "Qx+9/a&b<c>d==" });
    assertEquals(error.error_description, 'for "[redacted]"');
  });
}

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
    const answers = [
      json(401, "invalid_client"),
      json(400, "invalid_request"),
      () => new Response("", { status: 400 }),
    ];
    for (const answer of answers) {
      const { error } = await getError(answer, given);
      assertStringIncludes(error.message, says);
      assert(!error.message.includes("pässword"));
    }
    assert(!(await getError(json(400, "invalid_scope"), given)).error.message.includes(says));
  });
}

/** A store that looks settings up again when it is told that the endpoint failed. */
class MovingStore extends ClientConfigStore {
  looks: boolean[] = [];
  constructor(readonly moved: string) {
    super();
  }
  override getClientConfig({ endpointFailed = false } = {}) {
    this.looks.push(endpointFailed);
    return { tokenEndpoint: endpointFailed ? this.moved : "https://old.test/token" };
  }
}
const gone: [name: string, answer: () => Response][] = [
  ["404", () => new Response("gone", { status: 404 })],
  ["redirect", () => Response.redirect("https://new.test", 302)],
  ["no connection", () => {
    throw new TypeError("dns error");
  }],
];
for (const [name, answer] of gone) {
  Deno.test(`a token endpoint that moved (${name}): the store is asked again, and the caller gets a token`, async () => {
    const stub = tokenEndpointStub();
    const configStore = new MovingStore(stub.url);
    const fetch: Fetch = (input, init) => input === stub.url ? stub.fetch(input, init) : Promise.resolve().then(answer);
    assertEquals((await authenticatorAt(stub, { configStore, fetch }).getCredentials()).accessToken, "token-1");
    assertEquals(configStore.looks, [false, true]);
  });
}

Deno.test("a token endpoint that fails: the store is asked again once per cool-down, not for the client's faults", async () => {
  for (const [answer, looks] of [[json(404, "x y"), [false, true, false]], [json(401, "x"), [false, false]]] as const) {
    const configStore = new MovingStore("https://old.test/token");
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
  const never: () => Promise<string> = () => new Promise(() => {});
  const hung: ClientAuth = { method: "own", authenticate: () => never().then(() => {}) };
  for (
    const given of [{ clientSecret: never }, { clientAuth: hung }, {
      beforeTokenRequest: () => never().then(),
    }] as Options[]
  ) {
    const { error, sent } = await getError(() => usualAnswer(1), { ...given, timeout: 20 });
    assertEquals([error.code, error.retryable, sent], ["client_auth_unavailable", false, 0]);
  }
  const error = await assertRejects(
    () => getToken("https://auth.test", { clientId: "id", clientSecret: never, timeout: 20 }),
    AuthenticationError,
  );
  assertEquals(error.code, "client_auth_unavailable");
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
    const stub = tokenEndpointStub(() => {
      throw new TypeError("fetch failed", { cause });
    });
    for (const configStore of [undefined, new DiscoveryClientConfigStore("https://auth.test")]) {
      let sent = 0;
      const fetch: Fetch = (_, init) => (sent++, stub.fetch(stub.url, init));
      const authenticator = authenticatorAt(stub, { ...configStore && { configStore }, fetch });
      const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
      assertEquals([error.code, error.retryable, sent], ["tls_failed", false, 1]);
      assertMatch(error.message, /verify.*NODE_EXTRA_CA_CERTS/);
    }
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

const now = 1_800_000_000_000;
const claims = btoa(JSON.stringify({ iat: now / 1_000, exp: now / 1_000 + 60 }));
const lifetimes: [answer: Record<string, unknown>, seconds: number | undefined, token?: string][] = [
  [{ expires_in: 3_600_000 }, 3_600_000],
  [{ expires_in: 3_600_000, expires_on: now / 1_000 + 3_600 }, 3_600],
  [{ expires_in: 3_600_000, expires_at: "2027-01-15T09:00:00Z" }, 3_600],
  [{ expires_in: 3_600_000 }, 60, `e.${claims}.s`],
  // A clock that is half an hour ahead, and one behind.
  [{ expires_in: 3_600, expires_on: now / 1_000 + 1_800 }, 3_600],
  [{ expires_in: "3600", expires_on: String(now / 1_000 + 5_400) }, 3_600],
  [{ expires: 120 }, 120],
  [{ expires_in: 1e300, expires_at: now + 5_000 }, 5],
  [{ expires_in: -1, expires_on: 0 }, undefined],
];
for (const [answer, seconds, token = "t"] of lifetimes) {
  Deno.test(`readLifetime: ${JSON.stringify(answer)}${token === "t" ? "" : " and a JWT"} are ${seconds} s`, () => {
    assertEquals(readLifetime(answer, token, now), seconds === undefined ? undefined : seconds * 1_000);
  });
}
