/** What the constructor takes, what it refuses, and that it does nothing else. @module */
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
import type { Case } from "./case.ts";

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

const required = "Client ID and Client SECRET both are required.";

type Refused = readonly [
  error: typeof TypeError | typeof RangeError,
  options: Record<string, unknown>,
  message: string,
];

/** By what is wrong. */
const wrong: Readonly<Record<string, Refused>> = {
  "no client id": [TypeError, { clientId: undefined }, required],
  "an empty client id": [TypeError, { clientId: "" }, required],
  "no client secret": [TypeError, { clientSecret: undefined }, required],
  "an empty client secret": [TypeError, { clientSecret: "" }, required],
  "a client secret and another proof": [TypeError, { clientAuth: clientSecretPost("x") }, "without clientSecret"],
  "a relative endpoint": [TypeError, { endpoint: "/v1" }, "endpoint must be an absolute URL"],
  "an endpoint that is no web address": [TypeError, { endpoint: "ftp://api.test" }, "endpoint"],
  "credentials in the endpoint": [TypeError, { endpoint: "https://a:b@api.test" }, "user name"],
  "no store": [TypeError, { configStore: undefined }, "configStore must be"],
  "scopes in one string": [TypeError, { scopes: "api:read" }, "scopes must be an array"],
  "a scope with a space": [TypeError, { scopes: ["a b"] }, "one scope (RFC 6749 §3.3) an element"],
  "a header's name with a space": [TypeError, { headerKey: "x y" }, "headerKey must be"],
  "an audience that is no string": [TypeError, { audience: 1 }, "audience must be"],
  "a misspelt Basic encoding": [TypeError, { basicEncoding: "From" }, "Basic encoding"],
  "a fetch that is no function": [TypeError, { fetch: "fetch" }, "fetch must be"],
  "a fetch and a proxy": [TypeError, { fetch, httpProxyUrl: "http://127.0.0.1:1" }, "can't be combined"],
  "a timeout of 0": [RangeError, { timeout: 0 }, "timeout"],
  "a timeout no timer can keep": [RangeError, { timeout: 2 ** 31 }, "timeout"],
  "a default lifetime below 0": [RangeError, { defaultLifetime: -1 }, "defaultLifetime"],
  "no attempt at all": [RangeError, { retry: { maxAttempts: 0 } }, "retry.maxAttempts"],
  "a deadline that is no number": [RangeError, { retry: { totalTimeout: NaN } }, "retry.totalTimeout"],
  "a cooldown below 0": [RangeError, { cooldown: -1 }, "cooldown"],
};

function build(options: Record<string, unknown>): ClientCredentialsAuthenticator {
  return new ClientCredentialsAuthenticator({ ...good, ...options } as ClientCredentialsAuthenticatorOptions);
}

/** flytekit's own vectors, and what differs from it. */
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

export const settings: readonly Case[] = [
  ...Object.entries(wrong).map(([what, [error, options, message]]): Case => ({
    name: `the constructor refuses ${what}, by a ${error.name}, and asks nobody`,
    run() {
      const thrown = assertThrows(() => build(options), error, message);
      assert(!thrown.message.includes('secret"'));
      return Promise.resolve();
    },
  })),
  {
    name: "the constructor asks neither store nor server, and there are no credentials yet",
    run() {
      assertEquals(build({}).credentials, undefined);
      assertEquals(build({ endpoint: new URL("https://api.test") }).credentials, undefined);
      return Promise.resolve();
    },
  },
  {
    name: "a proxy, or other authorities, where there is no such thing: the constructor says so, and the way out",
    needs: ["no proxies"],
    run() {
      for (const options of [{ httpProxyUrl: "http://127.0.0.1:3128" }, { verify: false }, { verify: "ca.pem" }]) {
        assertThrows(() => build(options), TypeError, "pass a fetch that does");
      }
      build({ verify: true });
      return Promise.resolve();
    },
  },
  {
    name: "the Basic header is flytekit's, with both halves encoded, or raw",
    run() {
      for (const [id, secret, header, encoding] of basic) {
        assertEquals(getBasicAuthorizationHeader(id, secret, { encoding }), header);
      }
      assertThrows(() => getBasicAuthorizationHeader("a:b", "c", { encoding: "raw" }), TypeError, "colon");
      return Promise.resolve();
    },
  },
  {
    name: "the grant types are flytekit's",
    run() {
      assertEquals({ ...GrantType }, {
        CLIENT_CREDS: "client_credentials",
        DEVICE_CODE: "urn:ietf:params:oauth:grant-type:device_code",
        REFRESH_TOKEN: "refresh_token",
      });
      return Promise.resolve();
    },
  },
  {
    name: "a static store answers what it was given",
    async run() {
      const store = new StaticClientConfigStore({ tokenEndpoint: "https://auth.test/token", scopes: ["a"] });

      assertEquals((await store.getClientConfig()).scopes, ["a"]);
    },
  },
];
