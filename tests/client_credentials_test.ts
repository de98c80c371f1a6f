import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  type ClientConfig,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretPost,
} from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { authenticatorAt } from "./authenticator_at.ts";
import { tokenEndpointStub, usualAnswer } from "./servers/token_endpoint_stub.ts";

type Options = Partial<ClientCredentialsAuthenticatorOptions>;

/** A store that counts how often it is asked. */
function probeStore(answer: () => unknown) {
  const store = { asked: 0, getClientConfig: () => (store.asked++, answer() as ClientConfig) };
  return store;
}

const incomplete: [options: Record<string, unknown>, missing: string][] = [
  [{ clientId: "", clientSecret: "s" }, "clientId"],
  [{ clientSecret: "s" }, "clientId"],
  [{ clientId: "id", clientSecret: "" }, "clientSecret (or clientAuth)"],
  [{ clientId: "id", clientSecret: null }, "clientSecret (or clientAuth)"],
  [{ clientId: "id" }, "clientSecret (or clientAuth)"],
  [{ clientAuth: clientSecretPost("s") }, "clientId"],
  [{}, "clientId and clientSecret (or clientAuth)"],
];

Deno.test("ClientCredentialsAuthenticator: says which of id and secret is missing, as flytekit does", () => {
  const configStore = probeStore(() => ({}));
  for (const [options, missing] of incomplete) {
    const all = { endpoint: "https://api.test", configStore, ...options } as never;
    const { message } = assertThrows(() => new ClientCredentialsAuthenticator(all), TypeError);
    assert(message.startsWith("Client ID and Client SECRET both are required.") && message.endsWith(` ${missing}.`));
  }
  assertEquals(configStore.asked, 0);
});

const stub = tokenEndpointStub();
/** Besides those of the portable suite, and of the checks themselves. */
const wrong: [options: object, says: string, type?: typeof RangeError][] = [
  [{ clientId: 7 }, "clientId"],
  [{ clientSecret: 7 }, "client secret"],
  [{ configStore: { tokenEndpoint: stub.url } }, "new StaticClientConfigStore({ tokenEndpoint })"],
  [{ clientSecret: undefined, clientAuth: {} }, "clientAuth"],
  [{ fetch: stub.fetch, verify: false }, "can't be combined with fetch"],
  [{ fetch: undefined, httpProxyUrl: "127.0.0.1:1" }, "httpProxyUrl must be an absolute URL"],
  ...["a b", "", 7].map((tokenType): [object, string] => [{ tokenType }, "tokenType"]),
  [{ tokenType: "OAuth", dpop: dpop() }, "tokenType"],
  [{ retry: { maxAttempts: NaN } }, "maxAttempts", RangeError],
  [{ retry: { maxDelay: -1 } }, "maxDelay", RangeError],
  [{ retry: { totalTimeout: Infinity } }, "totalTimeout", RangeError],
];

Deno.test("ClientCredentialsAuthenticator: refuses a wrong option, with what to write instead", () => {
  for (const [options, says, type = TypeError] of wrong) {
    assertThrows(() => authenticatorAt(stub, options as Options), type, says);
  }
});

/** What is sent by options and settings besides the portable suite's. */
const sent: [what: string, options: Options, config: Partial<ClientConfig>, expected: string | null][] = [
  ["scope", {}, { scopes: [] }, null],
  ["scope", { scopes: ["a", "b"] }, {}, "a b"],
  ["audience", {}, { audience: "" }, null],
  ["header", { headerKey: "X-Mine" }, { headerKey: "flyte-authorization" }, "x-mine"],
  ["header", {}, { headerKey: "flyte-authorization" }, "flyte-authorization"],
  ["header", {}, { headerKey: "" }, "authorization"],
  ["header", { headerKey: "" }, {}, "authorization"],
  ["header", {}, {}, "authorization"],
  ["Basic", { clientSecret: "a%b", basicEncoding: "form" }, {}, "id:a%25b"],
  ["Basic", { clientSecret: "a%b", basicEncoding: "raw" }, {}, "id:a%b"],
];

for (const [what, options, config, expected] of sent) {
  const given = Deno.inspect([options, config], { compact: true, breakLength: Infinity });
  Deno.test(`ClientCredentialsAuthenticator: sends the ${what} ${expected} by ${given}`, async () => {
    const stub = tokenEndpointStub();
    const [[header, token] = []] = await authenticatorAt(stub, options, config).authorize(new Headers());
    assertEquals(token, "Bearer token-1");
    const { form, headers } = stub.requests[0]!;
    const pair = atob(headers.get("authorization")?.slice("Basic ".length) ?? "");
    assertEquals({ header, Basic: pair }[what] ?? form.get(what), expected);
  });
}

Deno.test("getCredentials: asks for settings and secret with each token request, not before or between", async () => {
  const stub = tokenEndpointStub();
  const settings = () => ({ tokenEndpoint: stub.url, headerKey: `x-${configStore.asked}`, audience: "store" });
  const configStore = probeStore(settings);
  let secrets = 0;
  const authenticator = authenticatorAt(stub, { configStore, clientSecret: () => `secret-${++secrets}` });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assertEquals([configStore.asked, secrets, stub.requests.length], [0, 0, 0]);
  for (const count of [1, 2]) {
    await authenticator.refreshCredentials();
    assertEquals([...await authenticator.authorize(new Headers())], [[`x-${count}`, `Bearer token-${count}`]]);
    const basic = stub.requests.map(({ headers }) => headers.get("authorization"));
    assertEquals(basic.at(-1), `Basic ${btoa(`id:secret-${count}`)}`);
    assertEquals([configStore.asked, secrets, basic.length], [count, count, count]);
  }
});

const down = new Error("the settings service is down");
const notAbsolute = "tokenEndpoint must be an absolute URL";
const tokenEndpoint = stub.url;
/** Besides those of the portable suite. */
const badSettings: [settings: unknown, says: string, code?: string, cause?: Error][] = [
  [() => Promise.reject(down), "", "config_store_failed", down],
  [null, notAbsolute],
  [tokenEndpoint, notAbsolute],
  [{}, "got undefined"],
  [{ tokenEndpoint: 7 }, "type number"],
  [{ tokenEndpoint: "https://a:planted@auth.test" }, "without user name and password"],
  [{ tokenEndpoint, audience: {} }, "audience"],
  [{ tokenEndpoint, headerKey: "a\r\nb" }, "headerKey"],
];
for (const [settings, says, code = "invalid_config", cause] of badSettings) {
  Deno.test(`getCredentials: is ${code} where the store's settings are ${Deno.inspect(settings)}`, async () => {
    const stub = tokenEndpointStub();
    const configStore = probeStore(() => settings instanceof Function ? settings() : settings);
    const authenticator = authenticatorAt(stub, { configStore });
    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError, says);
    assertEquals([error.code, error.cause, error.retryable], [code, cause, false]);
    assertEquals([error.message.includes("planted"), stub.requests.length], [false, 0]);
  });
}

Deno.test("allowInsecureRequests: allows a token endpoint on http:", async () => {
  const fetch = () => Promise.resolve(usualAnswer(1));
  const options = { allowInsecureRequests: true, fetch };
  await authenticatorAt(tokenEndpointStub(), options, { tokenEndpoint: "http://auth.test" }).getCredentials();
});

const schemes: [options: Options, answered: string, sent: string][] = [
  [{ tokenType: "Bearer" }, "BearerToken", "Bearer t"],
  [{ tokenType: "Bearer" }, "Application Access Token", "Bearer t"],
  [{ tokenType: "Zoho-oauthtoken" }, "Bearer", "Zoho-oauthtoken t"],
  [{ tokenType: "OAuth", headerKey: "x-token" }, "Bearer", "OAuth t"],
  [{ tokenType: "Bearer", authorization: ({ accessToken }) => accessToken }, "anything", "t"],
];
for (const [options, token_type, sent] of schemes) {
  Deno.test(`tokenType: ${sent} is sent, though the server answers ${token_type}`, async () => {
    const stub = tokenEndpointStub(() => Response.json({ access_token: "t", token_type }));
    const headers = await authenticatorAt(stub, options).authorize(new Headers());
    assertEquals(headers.get(options.headerKey ?? "authorization"), sent);
  });
}
