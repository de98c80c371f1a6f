import { assertEquals } from "@std/assert";
import { type Runtime, testOnEveryRuntime } from "../runtimes/every_runtime.ts";
import { noteTried } from "../runtimes/tried_methods.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { type ProgramInput, type ProgramOutput, tryMethods } from "./assertion_program.ts";
import { algorithms, testKey } from "./signing_keys.ts";

const secret = "a-secret-that-is-long-enough-for-sixty-four-bytes-of-hash-or-more-of-them";

/** Runs the methods somewhere, against a real server, and expects every one of them to get a token. */
async function allGetTokens(run: (input: ProgramInput) => Promise<ProgramOutput>, runtime: Runtime): Promise<void> {
  const keys = await Promise.all(algorithms.map((alg) => testKey(alg)));
  const registered = (alg: string) => ({ client_id: alg, token_endpoint_auth_signing_alg: alg });
  await using server = await startAuthorizationServer({
    clients: [
      ...keys.map(({ alg, publicJwk }) => ({
        ...registered(alg),
        token_endpoint_auth_method: "private_key_jwt" as const,
        jwks: { keys: [publicJwk] },
      })),
      ...["HS256", "HS384", "HS512"].map((alg) => ({
        ...registered(alg),
        token_endpoint_auth_method: "client_secret_jwt" as const,
        client_secret: secret,
      })),
    ],
  });
  const { issuer, tokenEndpoint } = server;
  const output = await run({
    issuer,
    tokenEndpoint,
    secret,
    keys: keys.map(({ alg, pem, privateJwk }) => ({ alg, pem, privateJwk })),
  });

  assertEquals(Object.entries(output).filter(([, outcome]) => outcome !== "Bearer"), []);
  assertEquals(Object.keys(output).length, algorithms.length * 4 + 3);
  noteTried(runtime, "assertions");
}

const program = {
  run: tryMethods,
  script: new URL("assertion_script.ts", import.meta.url),
  worker: new URL("assertion_worker.ts", import.meta.url),
};

await testOnEveryRuntime("every method gets a token by every algorithm", program, allGetTokens);
