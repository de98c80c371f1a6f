/** The constructor's options, and what needs no server. @module */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
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

const client = { clientId: "client", clientSecret: "secret" };
const good = { endpoint: "https://api.test", ...client, configStore: new UntouchableStore() };

type Options = Record<string, unknown>;

/** Options, and the class of the error if it isn't a TypeError. */
const mistakes: Readonly<Record<string, readonly [Options, error?: typeof RangeError]>> = {
  "no client id": [{ clientId: undefined }],
  "an empty client id": [{ clientId: "" }],
  "no client secret": [{ clientSecret: undefined }],
  "an empty client secret": [{ clientSecret: "" }],
  "a client secret and a clientAuth": [{ clientAuth: clientSecretPost("x") }],
  "a relative endpoint": [{ endpoint: "/v1" }],
  "an endpoint with another scheme": [{ endpoint: "ftp://api.test" }],
  "credentials in the endpoint": [{ endpoint: "https://a:b@api.test" }],
  "no config store": [{ configStore: undefined }],
  "scopes in one string": [{ scopes: "api:read" }],
  "a scope with a space": [{ scopes: ["a b"] }],
  "a header's name with a space": [{ headerKey: "x y" }],
  "an audience that is no string": [{ audience: 1 }],
  "a misspelt Basic encoding": [{ basicEncoding: "From" }],
  "a fetch that is no function": [{ fetch: "fetch" }],
  "a fetch and a proxy": [{ fetch, httpProxyUrl: "http://127.0.0.1:1" }],
  "a timeout of 0": [{ timeout: 0 }, RangeError],
  "a timeout longer than timers take": [{ timeout: 2 ** 31 }, RangeError],
  "a default lifetime below 0": [{ defaultLifetime: -1 }, RangeError],
  "no attempt": [{ retry: { maxAttempts: 0 } }, RangeError],
  "a totalTimeout that is no number": [{ retry: { totalTimeout: NaN } }, RangeError],
  "a cooldown below 0": [{ cooldown: -1 }, RangeError],
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
    mistakes,
    (what, [, { name } = TypeError]) => `the constructor: refuses ${what} by a ${name}, without the secret in it`,
    (_, [options, error = TypeError]) => {
      const { message } = assertThrows(() => build(options), error);
      const option = Object.keys(options.retry ?? options).at(-1) ?? "";
      assertMatch(message, new RegExp(option.replace(/[A-Z]/g, " ?$&"), "i"));
      assert(!message.includes('secret"'));
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
        assertThrows(() => build(options), TypeError, "fetch");
      }
      build({ verify: true });
    },
  }, "no proxies"),
];
