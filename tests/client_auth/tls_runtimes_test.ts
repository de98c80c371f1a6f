import { assert, assertEquals, assertFalse } from "@std/assert";
import { encodeBase64Url } from "@std/encoding/base64url";
import { join } from "node:path";
import { inspect } from "node:util";
import { askWorker, type Runtime, runtimes, testOnPrograms, testOnWorkerd } from "../runtimes/every_runtime.ts";
import { noteTried } from "../runtimes/tried_methods.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { ownProject } from "../transport/project.ts";
import type { TlsInput, TlsOutcome } from "./tls_case.ts";
import { tryCertificates } from "./tls_program.ts";
import { cases, setTlsStage } from "./tls_stage.ts";

/** Runs the cases on a runtime, and checks outcomes and requests. */
async function checkCases(
  run: (input: TlsInput) => Promise<TlsOutcome[]>,
  runtime: Runtime,
  sharesSessions = true,
): Promise<void> {
  await using stage = await setTlsStage(sharesSessions);
  const { server, input } = stage;
  const output = await run(input);

  assertEquals(output.length, cases.length);
  for (const [index, { clientId, method, certificate, gets, useMtlsEndpointAliases }] of cases.entries()) {
    const { printed = "", ...outcome } = output[index]!;
    const name = `${clientId}, ${method}, ${certificate}`;
    if (gets === "a token") {
      const bound = await hash(input.certificates[certificate!].cert);
      assertEquals(outcome, { gets, api: [200, 401, 401], bound }, name);
    } else {
      const status = gets === "invalid_client" ? 401 : 400;
      assertEquals(outcome, { gets, error: ["AuthenticationError", "token_request_rejected", status, false] }, name);
      for (const secret of stage.secrets) assertFalse(printed.includes(secret), `${name}: a secret shows`);
    }
    const { origin, parameters, headerNames } = server.tokenRequests[index]!;
    const usesAlias = useMtlsEndpointAliases ?? method !== "client_secret_basic";
    assertEquals(origin, usesAlias ? server.mutual : server.issuer, name);
    if (method === "client_secret_basic") continue;
    const audience = input.issuer;
    assertEquals(parameters, { grant_type: "client_credentials", scope: "api:read", audience, client_id: clientId });
    assertFalse(headerNames.includes("authorization"));
  }
  noteTried(runtime, "tls");
}

/** Computes a certificate's thumbprint (RFC 8705 §3.1). */
async function hash(pem: string): Promise<string> {
  const der = Uint8Array.from(atob(pem.replace(/-----.*?-----|\s/g, "")), (character) => character.charCodeAt(0));
  return encodeBase64Url(await crypto.subtle.digest("SHA-256", der));
}

Deno.test("fetch: client certificates bind tokens on Deno", async () => {
  await checkCases((input) => tryCertificates(input, undefined, inspect), runtimes[0]!);
});

await testOnPrograms("fetch: client certificates bind tokens", async (executable, runtime) => {
  // The package and undici are installed, as by a package manager.
  const files = ["tls_case.ts", "tls_program.ts", "tls_script.ts"].map((file) => `../client_auth/${file}`);
  await using project = await ownProject(files);
  const file = join(project.path, "input.json");
  await checkCases(async (input) => {
    await Deno.writeTextFile(file, JSON.stringify(input));
    const args = [runtime.name === "Bun" ? "--no-install" : "--no-warnings", "tls_script.ts", file];
    const options = { args, cwd: project.path, timeout: 60_000 };
    const { success, stdout, stderr } = await runToEnd(executable, options);
    assert(success, stderr);
    return JSON.parse(stdout);
  }, runtime);
});

const worker = new URL("tls_worker.ts", import.meta.url);
await testOnWorkerd("fetch: client certificates of bindings bind tokens", worker, async (start, runtime) => {
  await checkCases(
    async (input) => {
      const tlsBindings = { "no certificate": undefined, ...input.certificates };
      await using running = await start({ tlsBindings, authority: input.authority });
      return await askWorker(running, input);
    },
    runtime,
    // workerd resumes sessions by the host's name only.
    false,
  );
});
