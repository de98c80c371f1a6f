import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { bunExecutable } from "../runtimes/bun.ts";
import { bundle } from "../runtimes/bundle.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { startWorker } from "../runtimes/workerd.ts";
import { compatibilityDate, workerdExecutable } from "../runtimes/workerd_executable.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { type ProgramInput, type ProgramOutput, tryMethods } from "./assertion_program.ts";
import { algorithms, testKey } from "./signing_keys.ts";

const secret = "a-secret-that-is-long-enough-for-sixty-four-bytes-of-hash-or-more-of-them";

/** Runs the methods somewhere, against a real server, and expects every one of them to get a token. */
async function allGetTokens(run: (input: ProgramInput) => Promise<ProgramOutput>): Promise<void> {
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
}

/** By a program that gets one file and ends. */
async function onProgram(executable: string, input: ProgramInput): Promise<ProgramOutput> {
  await using folder = await temporaryFolder("assertions_");
  const file = join(folder.path, "script.mjs");
  await Deno.writeTextFile(file, await bundle(new URL("assertion_script.ts", import.meta.url)));
  const { success, stdout, stderr } = await runToEnd(executable, { args: [file, JSON.stringify(input)] });
  assert(success, stderr);
  return JSON.parse(stdout);
}

Deno.test("every method gets a token by every algorithm on Deno", () => allGetTokens(tryMethods));

const testOnBun = await testsOn("Bun", bunExecutable);
testOnBun("every method gets a token by every algorithm on Bun", async (bun) => {
  await allGetTokens((input) => onProgram(bun, input));
});

for (const version of nodeVersions) {
  const testOnNode = await testsOn(`Node ${version}`, () => nodeExecutable(version));
  testOnNode(`every method gets a token by every algorithm on Node ${version}`, async (node) => {
    await allGetTokens((input) => onProgram(node, input));
  });
}

const testOnWorkerd = await testsOn("workerd", workerdExecutable);
for (const date of ["2024-09-01", "2026-11-01"]) {
  testOnWorkerd(`every method gets a token by every algorithm on workerd, as of ${date}`, async (workerd) => {
    await allGetTokens(async (input) => {
      await using worker = await startWorker(workerd.path, {
        script: await bundle(new URL("assertion_worker.ts", import.meta.url)),
        compatibilityDate: compatibilityDate(workerd, date),
      });
      return await (await fetch(worker.url, { method: "POST", body: JSON.stringify(input) })).json();
    });
  });
}
