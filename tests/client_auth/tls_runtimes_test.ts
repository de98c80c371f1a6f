import { assert, assertEquals, assertFalse } from "@std/assert";
import { encodeBase64Url } from "@std/encoding/base64url";
import { join } from "node:path";
import { inspect } from "node:util";
import { askWorker, type Runtime, runtimes, testOnPrograms, testOnWorkerd } from "../runtimes/every_runtime.ts";
import { noteTried } from "../runtimes/tried_methods.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { ownProject } from "../transport/project.ts";
import type { TlsInput, TlsOutput } from "./tls_case.ts";
import { byClientCertificate, tryCertificates } from "./tls_program.ts";
import { cases, setTlsStage } from "./tls_stage.ts";

/** Runs the cases somewhere, against real servers. */
async function allEndAsTheyShould(
  run: (input: TlsInput) => Promise<TlsOutput>,
  runtime: Runtime,
  sharesSessions = true,
): Promise<void> {
  await using stage = await setTlsStage(sharesSessions);
  const { server, input } = stage;
  const output = await run(input);

  for (const { name, certificate, gets } of cases) {
    const outcome = output[name];
    assert(outcome, `${name}: it wasn't run`);
    if ("api" in outcome) {
      const bound = await thumbprint(input.certificates[certificate!].cert);
      assertEquals([outcome.gets, outcome.api, outcome.bound], [gets, [200, 401, 401], bound], name);
      continue;
    }
    const { printed, ...rest } = outcome;
    const status = gets === "invalid_client" ? 401 : 400;
    assertEquals(rest, { gets, error: ["AuthenticationError", "token_request_rejected", status, false] }, name);
    for (const secret of stage.secrets) assertFalse(printed.includes(secret), `${name}: a secret shows`);
  }
  // Who proves itself by a certificate asks where one is asked for, unless told otherwise.
  const wanted = cases.map(({ method, useMtlsEndpointAliases = method !== "client_secret_basic" }) =>
    useMtlsEndpointAliases ? server.mutual : server.issuer
  );
  assertEquals(server.tokenRequests.map(({ origin }) => origin), wanted);
  for (const [index, { clientId, method }] of cases.entries()) {
    if (method === "client_secret_basic") continue;
    const { parameters, headerNames } = server.tokenRequests[index]!;
    assertEquals(parameters, {
      grant_type: "client_credentials",
      scope: "api:read",
      audience: input.issuer,
      client_id: clientId,
    });
    assertFalse(headerNames.includes("authorization"));
  }
  noteTried(runtime, "tls");
}

/** RFC 8705 §3.1. */
async function thumbprint(pem: string): Promise<string> {
  const der = Uint8Array.from(atob(pem.replace(/-----.*?-----|\s/g, "")), (character) => character.charCodeAt(0));
  return encodeBase64Url(await crypto.subtle.digest("SHA-256", der));
}

/** By a program that finds the package where package managers put it, and undici beside it. */
async function onProgram(executable: string, args: readonly string[], input: TlsInput): Promise<TlsOutput> {
  const files = ["tls_case.ts", "tls_program.ts", "tls_script.ts"].map((file) => `../client_auth/${file}`);
  await using project = await ownProject(files);
  const file = join(project.path, "input.json");
  await Deno.writeTextFile(file, JSON.stringify(input));
  const options = { args: [...args, "tls_script.ts", file], cwd: project.path, timeout: 60_000 };
  const { success, stdout, stderr } = await runToEnd(executable, options);
  assert(success, stderr);
  return JSON.parse(stdout);
}

Deno.test("certificates prove who a client is, and bind its tokens, on Deno", async () => {
  await allEndAsTheyShould(
    (input) => tryCertificates(input, byClientCertificate, (value) => inspect(value, { depth: 10, showHidden: true })),
    runtimes[0]!,
  );
});

await testOnPrograms("certificates prove who a client is, and bind its tokens,", async (executable, runtime) => {
  const args = runtime.name === "Bun" ? ["--no-install"] : ["--no-warnings"];
  await allEndAsTheyShould((input) => onProgram(executable, args, input), runtime);
});

const worker = new URL("tls_worker.ts", import.meta.url);
await testOnWorkerd("certificates of bindings do the same", worker, async (start, runtime) => {
  await allEndAsTheyShould(
    async (input) => {
      await using running = await start({
        tlsBindings: { "no certificate": undefined, ...input.certificates },
        authority: input.authority,
      });
      return await askWorker(running, input);
      // It goes on with sessions by the host's name alone, which is no fetch's to mend.
    },
    runtime,
    false,
  );
});
