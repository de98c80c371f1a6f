import { assertEquals } from "@std/assert";
import { testOnEveryRuntime } from "../runtimes/every_runtime.ts";
import { noteTried } from "../runtimes/tried_methods.ts";
import { type RegisteredClient, startAuthorizationServer } from "../servers/authorization_server.ts";
import { tryAssertions } from "./assertion_program.ts";
import { algorithms, testKey } from "./signing_keys.ts";

const secret = "a-secret-that-is-long-enough-for-sixty-four-bytes-of-hash-or-more-of-them";
const program = {
  run: tryAssertions,
  script: new URL("assertion_script.ts", import.meta.url),
  worker: new URL("assertion_worker.ts", import.meta.url),
};

await testOnEveryRuntime("getToken: a certified server accepts assertions of every kind", program, async (
  run,
  runtime,
) => {
  const keys = await Promise.all(algorithms.map((alg) => testKey(alg)));
  // The server accepts no other algorithm than the registered one.
  const register = (alg: string, rest: Partial<RegisteredClient>) =>
    ({ client_id: alg, token_endpoint_auth_signing_alg: alg, ...rest }) as RegisteredClient;
  await using server = await startAuthorizationServer({
    clients: [
      ...keys.map(({ alg, publicJwk }) =>
        register(alg, { token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [publicJwk] } })
      ),
      ...["HS256", "HS384", "HS512"].map((alg) =>
        register(alg, { token_endpoint_auth_method: "client_secret_jwt", client_secret: secret })
      ),
    ],
  });
  const { issuer, tokenEndpoint } = server;
  const sent = keys.map(({ alg, pem, privateJwk }) => ({ alg, pem, privateJwk }));
  const output = await run({ issuer, tokenEndpoint, secret, keys: sent });

  assertEquals(Object.entries(output).filter(([, outcome]) => outcome !== "Bearer"), []);
  assertEquals(Object.keys(output).length, algorithms.length * 8 + 3 * 2);
  noteTried(runtime, "assertions");
});
