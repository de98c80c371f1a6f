/** The constructor's options, and what needs no server. @module */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  type ClientConfig,
  ClientConfigStore,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  clientSecretPost,
  getBasicAuthorizationHeader,
  GrantType,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { type Case, cases, eachRow } from "./case.ts";

class UntouchableStore extends ClientConfigStore {
  override getClientConfig(): ClientConfig {
    throw new Error("The store was asked.");
  }
}

const good = {
  endpoint: "https://api.test",
  clientId: "client",
  clientSecret: "secret",
  configStore: new UntouchableStore(),
};

const required = "Client ID";

type Options = Record<string, unknown>;

/** The error, the options, and a part of the message. */
const wrong: Readonly<Record<string, readonly [typeof TypeError | typeof RangeError, Options, string]>> = {
  "no client id": [TypeError, { clientId: undefined }, required],
  "an empty client id": [TypeError, { clientId: "" }, required],
  "no client secret": [TypeError, { clientSecret: undefined }, required],
  "an empty client secret": [TypeError, { clientSecret: "" }, required],
  "a client secret and a clientAuth": [TypeError, { clientAuth: clientSecretPost("x") }, "without clientSecret"],
  "a relative endpoint": [TypeError, { endpoint: "/v1" }, "absolute URL"],
  "an endpoint with another scheme": [TypeError, { endpoint: "ftp://api.test" }, "endpoint"],
  "credentials in the endpoint": [TypeError, { endpoint: "https://a:b@api.test" }, "user name"],
  "no config store": [TypeError, { configStore: undefined }, "configStore"],
  "scopes in one string": [TypeError, { scopes: "api:read" }, "scopes"],
  "a scope with a space": [TypeError, { scopes: ["a b"] }, "one scope"],
  "a header's name with a space": [TypeError, { headerKey: "x y" }, "headerKey"],
  "an audience that is no string": [TypeError, { audience: 1 }, "audience"],
  "a misspelt Basic encoding": [TypeError, { basicEncoding: "From" }, "Basic encoding"],
  "a fetch that is no function": [TypeError, { fetch: "fetch" }, "fetch"],
  "a fetch and a proxy": [TypeError, { fetch, httpProxyUrl: "http://127.0.0.1:1" }, "can't be combined"],
  "a timeout of 0": [RangeError, { timeout: 0 }, "timeout"],
  "a timeout longer than timers take": [RangeError, { timeout: 2 ** 31 }, "timeout"],
  "a default lifetime below 0": [RangeError, { defaultLifetime: -1 }, "defaultLifetime"],
  "no attempt": [RangeError, { retry: { maxAttempts: 0 } }, "retry.maxAttempts"],
  "a totalTimeout that is no number": [RangeError, { retry: { totalTimeout: NaN } }, "retry.totalTimeout"],
  "a cooldown below 0": [RangeError, { cooldown: -1 }, "cooldown"],
};

function build(options: Options): ClientCredentialsAuthenticator {
  return new ClientCredentialsAuthenticator({ ...good, ...options } as ClientCredentialsAuthenticatorOptions);
}

/** flytekit's own vectors, and the cases in which it differs. */
const basic: readonly (readonly [id: string, secret: string, header: string, encoding?: "raw"])[] = [
  ["client_id", "abc", "Basic Y2xpZW50X2lkOmFiYw=="],
  ["client_id", "abc%%$?\\/\\/", "Basic Y2xpZW50X2lkOmFiYyUyNSUyNSUyNCUzRiU1QyUyRiU1QyUyRg=="],
  [
    "1PpG/Q 1",
    "z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=",
    "Basic MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUyQndmRlR0MXJGdyUzRA==",
  ],
  ["ü", "schlüssel 鍵", "Basic JUMzJUJDOnNjaGwlQzMlQkNzc2VsKyVFOSU4RCVCNQ=="],
  ["client_id", "p%ü", "Basic Y2xpZW50X2lkOnAlw7w=", "raw"],
];

export const options: readonly Case[] = [
  ...eachRow(
    wrong,
    (what, [{ name }]) => `the constructor: refuses ${what} by a ${name}, without the secret in it`,
    (_, [error, options, message]) => {
      const thrown = assertThrows(() => build(options), error, message);
      assert(!thrown.message.includes('secret"'));
    },
  ),
  ...cases({
    "the constructor: asks neither store nor server"() {
      assertEquals(build({}).credentials, undefined);
      assertEquals(build({ endpoint: new URL("https://api.test") }).credentials, undefined);
    },
    "getBasicAuthorizationHeader: encodes both halves as flytekit does, or neither"() {
      for (const [id, secret, header, encoding] of basic) {
        assertEquals(getBasicAuthorizationHeader(id, secret, { encoding }), header);
      }
      assertThrows(() => getBasicAuthorizationHeader("a:b", "c", { encoding: "raw" }), TypeError, "colon");
    },
    "GrantType: has flytekit's values"() {
      assertEquals({ ...GrantType }, {
        CLIENT_CREDS: "client_credentials",
        DEVICE_CODE: "urn:ietf:params:oauth:grant-type:device_code",
        REFRESH_TOKEN: "refresh_token",
      });
    },
    async "StaticClientConfigStore: returns its config"() {
      const store = new StaticClientConfigStore({ tokenEndpoint: "https://auth.test/token", scopes: ["a"] });

      assertEquals((await store.getClientConfig()).scopes, ["a"]);
    },
  }),
  ...cases({
    "the constructor: refuses httpProxyUrl and verify where the platform has neither, and names the fetch option"() {
      for (const options of [{ httpProxyUrl: "http://127.0.0.1:3128" }, { verify: false }, { verify: "ca.pem" }]) {
        assertThrows(() => build(options), TypeError, "pass a fetch");
      }
      build({ verify: true });
    },
  }, "no proxies"),
];
