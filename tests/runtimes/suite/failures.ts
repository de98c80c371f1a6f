/** What keeps a token from coming, and what the caller is told. @module */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError, type ClientConfig, ClientConfigStore, getToken } from "@m2m/authenticator";
import { json } from "../../faults/behaviours.ts";
import type { Case } from "./case.ts";
import { nthToken, planted, quotedSecret } from "./planted.ts";
import { count, type Options, read } from "./world.ts";

/** A store that answers, or throws, what it is told. */
function store(answer: () => unknown): ClientConfigStore {
  return new class extends ClientConfigStore {
    override getClientConfig(): ClientConfig {
      return answer() as ClientConfig;
    }
  }();
}

async function failure(work: Promise<unknown>): Promise<AuthenticationError> {
  const error = await work.then(() => undefined, (error) => error);
  assertInstanceOf(error, AuthenticationError);
  return error;
}

const trouble = new Error("The vault is shut.");

/** By what is wrong: the settings, the code, and whether the error is somebody else's. */
const mistakes: Readonly<Record<string, readonly [options: Options, code: string, hasCause?: boolean]>> = {
  "a store that throws": [
    {
      configStore: store(() => {
        throw trouble;
      }),
    },
    "config_store_failed",
    true,
  ],
  "a store that answers nothing": [{ configStore: store(() => undefined) }, "invalid_config"],
  "a store that answers no URL": [{ configStore: store(() => ({ tokenEndpoint: "/token" })) }, "invalid_config"],
  "a store that answers scopes in one string": [{
    configStore: store(() => ({ tokenEndpoint: "https://auth.test/token", scopes: "a b" })),
  }, "invalid_config"],
  "a token endpoint on plain http, elsewhere": [{
    configStore: store(() => ({ tokenEndpoint: "http://auth.example.com/token" })),
  }, "insecure_endpoint"],
  "a secret's provider that throws": [{ clientSecret: () => Promise.reject(trouble) }, "client_auth_unavailable", true],
  "a secret's provider that gives nothing": [{ clientSecret: () => "" }, "client_auth_unavailable", true],
};

export const failures: readonly Case[] = [
  ...Object.entries(mistakes).map(([what, [options, code, hasCause = false]]): Case => ({
    name: `${what} is an error that says so, and no token request`,
    async run(world) {
      const { authenticate, tokens, api } = await world.set();

      const error = await failure(authenticate(options).fetch("/x"));

      assertEquals([error.code, error.retryable, "cause" in error], [code, false, hasCause]);
      assertEquals([await count(tokens), await count(api)], [0, 0]);
    },
  })),
  {
    name: "an error of the caller's own code is the cause, as it is",
    async run(world) {
      const { authenticate } = await world.set();

      const error = await failure(authenticate({ clientSecret: () => Promise.reject(trouble) }).getCredentials());

      assertStrictEquals(error.cause, trouble);
    },
  },
  {
    name: "a refusal for good is sent once, remembered for a while, and forgotten for another secret",
    async run(world) {
      const { authenticate, tokens, api } = await world.set({
        tokens: { next: [json({ error: "invalid_client" }, { status: 401 })] },
      });
      let secret = "planted-wrong";
      const authenticator = authenticate({ clientSecret: () => secret });

      const errors = [await failure(authenticator.fetch("/x")), await failure(authenticator.fetch("/x"))];
      assertEquals(
        errors.map(({ code, error }) => [code, error]),
        Array(2).fill(["token_request_rejected", "invalid_client"]),
      );
      assertEquals([await count(tokens), await count(api)], [1, 0]);
      secret = planted.secret;

      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);
      assertEquals(await count(tokens), 2);
    },
  },
  {
    name: "trouble that passes is waited for, by all callers together",
    async run(world) {
      const busy = json({}, { status: 503 });
      const { authenticator, tokens } = await world.set({ tokens: { next: [busy, busy] } });

      const answers = await Promise.all(Array.from({ length: 10 }, () => read(authenticator.fetch("/x"))));

      assertEquals(answers, Array(10).fill([200, "fine"]));
      assertEquals(await count(tokens), 3);
    },
  },
  {
    name: "trouble that doesn't pass is given up after so many attempts",
    async run(world) {
      const { authenticate, tokens } = await world.set({ tokens: { usual: json({}, { status: 503 }) } });

      const error = await failure(authenticate({ retry: { maxAttempts: 3, maxDelay: 20 } }).fetch("/x"));

      assertEquals([error.code, error.status, error.retryable], ["token_endpoint_error", 503, true]);
      assertEquals(await count(tokens), 3);
    },
  },
  {
    name: "a server that asks for a pause gets it",
    async run(world) {
      const { authenticator, tokens } = await world.set({
        tokens: { next: [json({}, { status: 429, headers: { "retry-after": "1" } })] },
      });
      const started = Date.now();

      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);

      assert(Date.now() - started >= 950, `${Date.now() - started} ms`);
      assertEquals(await count(tokens), 2);
    },
  },
  {
    name: "a server that never answers costs a caller its deadline, and no more",
    async run(world) {
      const { authenticate, tokens } = await world.set({ tokens: { usual: { steps: ["stall"] } } });
      const started = Date.now();

      const error = await failure(authenticate({ retry: { totalTimeout: 300 } }).fetch("/x"));

      assertEquals([error.code, error.retryable], ["timeout", true]);
      assert(Date.now() - started < 5_000);
      assertEquals(await count(tokens), 1);
    },
  },
  {
    name: "a token endpoint at which nobody listens is a network error",
    async run() {
      // A port that browsers don't block, and at which nobody is.
      const error = await failure(getToken("http://127.0.0.1:50999/token", { clientId: "x", clientSecret: "y" }));

      assertEquals([error.code, error.retryable, error.status], ["network_error", true, undefined]);
    },
  },
  {
    name: "a failure is over when the server is well again",
    async run(world) {
      const { authenticate, tokens } = await world.set({ tokens: { usual: json({}, { status: 500 }) } });
      const authenticator = authenticate({ retry: { maxAttempts: 1, maxDelay: 20 } });
      await assertRejects(() => authenticator.fetch("/x"), AuthenticationError);
      await tokens.play({ usual: json({ access_token: "planted-token-{n}", expires_in: 60 }) });
      // Until the pause after the failure is over, callers get its error.
      await new Promise((resolve) => setTimeout(resolve, 50));

      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);

      assertEquals(authenticator.credentials?.accessToken, nthToken(2));
    },
  },
  {
    name: "what a server quotes of the secret is taken out of its explanation",
    async run(world) {
      for (const quoted of quotedSecret) {
        const { tokenEndpoint } = await world.set({
          tokens: {
            usual: json({ error: "invalid_client", error_description: `I got >${quoted}< from you.` }, { status: 401 }),
          },
        });

        const error = await failure(
          getToken(tokenEndpoint, { clientId: planted.clientId, clientSecret: planted.secret }),
        );

        assert(error.error_description?.includes("[redacted]"), error.error_description);
        for (const form of quotedSecret) assert(!JSON.stringify(error).includes(form));
      }
    },
  },
];
