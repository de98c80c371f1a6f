/** Token requests that fail, and the errors that callers get. @module */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { type ClientConfig, ClientConfigStore, getToken } from "@m2m/authenticator";
import { busy, stalled } from "./behaviours.ts";
import { type Case, cases, eachRow } from "./case.ts";
import { check } from "./check.ts";
import { client } from "./planted.ts";
import { count, failure, type Options } from "./world.ts";

/** A store whose config comes from a function. */
function store(getConfig: () => unknown): Options {
  return {
    configStore: new class extends ClientConfigStore {
      override getClientConfig(): ClientConfig {
        return getConfig() as ClientConfig;
      }
    }(),
  };
}

const cause = new Error("The vault is shut.");
const fail = () => {
  throw cause;
};
const url = "https://auth.test/token";
const remote = "http://auth.example.com/token";

/** The options, the error's code, and whether it has a cause. */
const mistakes: Readonly<Record<string, readonly [options: Options, code: string, hasCause?: boolean]>> = {
  "a store that throws": [store(fail), "config_store_failed", true],
  "a store without a config": [store(() => undefined), "invalid_config"],
  "a store without a URL": [store(() => ({ tokenEndpoint: "/token" })), "invalid_config"],
  "a store with scopes in one string": [store(() => ({ tokenEndpoint: url, scopes: "a b" })), "invalid_config"],
  "a remote token endpoint on http": [store(() => ({ tokenEndpoint: remote })), "insecure_endpoint"],
  "a secret's provider that throws": [{ clientSecret: () => Promise.reject(cause) }, "client_auth_unavailable", true],
  "a secret's provider without a secret": [{ clientSecret: () => "" }, "client_auth_unavailable", true],
};

export const failures: readonly Case[] = [
  ...eachRow(
    mistakes,
    (what, [, code]) => `fetch: rejects for ${what} by ${code}, and sends no request`,
    async (world, [options, code, hasCause = false]) => {
      const { authenticate, tokens, api } = await world.set();

      const error = await failure(authenticate(options).fetch("/x"));

      assertEquals([error.code, error.retryable, "cause" in error], [code, false, hasCause]);
      assertEquals(await count(tokens, api), [0, 0]);
    },
  ),
  ...cases({
    async "AuthenticationError: an error of the caller's own code is its cause"(world) {
      const { authenticator } = await world.set({ options: { clientSecret: () => Promise.reject(cause) } });

      assertStrictEquals((await failure(authenticator.getCredentials())).cause, cause);
    },
    "a transient failure: is retried, once for all callers": (world) =>
      check(world, { tokens: { next: [busy, busy] } }, { tokens: 3, atOnce: 10 }),
    "a transient failure that stays: rejects after retry.maxAttempts": (world) => {
      const options = { retry: { maxAttempts: 3, maxDelay: 20 } };
      return check(world, { tokens: { usual: busy }, options }, { gets: "token_endpoint_error", tokens: 3 });
    },
    "a server that never answers: rejects after retry.totalTimeout": (world) => {
      const options = { retry: { totalTimeout: 300 } };
      return check(world, { tokens: { usual: stalled }, options }, { gets: "timeout", tokens: 1 });
    },
    async "getToken: a port on which nothing listens is a network_error"() {
      // A port that browsers don't block.
      const { code, retryable, status } = await failure(getToken("http://127.0.0.1:50999/token", client));

      assertEquals({ code, retryable, status }, { code: "network_error", retryable: true, status: undefined });
    },
  }),
];
