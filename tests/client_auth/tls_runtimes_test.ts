import { assert, assertEquals, assertFalse } from "@std/assert";
import { encodeBase64Url } from "@std/encoding/base64url";
import { askWorker, type Runtime, runtimes, testOnPrograms, testOnWorkerd } from "../runtimes/every_runtime.ts";
import { noteTried } from "../runtimes/tried_methods.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { ownProject } from "../transport/project.ts";
import { refusedBy } from "./refusal.ts";
import { tryCertificates } from "./tls_program.ts";
import { cases, setTlsStage, type TlsInput } from "./tls_stage.ts";

/** Runs the cases on a runtime, and checks outcomes and requests. */
async function checkCases(run: (input: TlsInput) => ReturnType<typeof tryCertificates>, runtime: Runtime) {
  // workerd resumes sessions by the host's name only.
  await using stage = await setTlsStage(!runtime.name.startsWith("workerd"));
  const { server, input } = stage;
  const output = await run(input);

  assertEquals(output.length, cases.length);
  for (const [index, [clientId, method, certificate, gets, useMtlsEndpointAliases]] of cases.entries()) {
    const outcome = output[index]!;
    const name = `${clientId}, ${method}, ${certificate}`;
    if ("printed" in outcome) {
      assertEquals(outcome.error, refusedBy(gets === "invalid_client" ? 401 : 400, gets), name);
      for (const secret of stage.secrets) assertFalse(outcome.printed.includes(secret), `${name}: a secret shows`);
    } else {
      const bound = certificate === "none" ? "" : await computeThumbprint(input.certificates[certificate]!.cert);
      assertEquals([gets, outcome], ["a token", { statuses: [200, 401, 401], bound }], name);
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
async function computeThumbprint(pem: string): Promise<string> {
  const der = Uint8Array.from(atob(pem.replace(/-----.*?-----|\s/g, "")), (character) => character.charCodeAt(0));
  return encodeBase64Url(await crypto.subtle.digest("SHA-256", der));
}

Deno.test("fetch: client certificates bind tokens on Deno", () => checkCases(tryCertificates, runtimes[0]!));

await testOnPrograms("fetch: client certificates bind tokens", async (executable, runtime) => {
  // The package and undici are installed, as by a package manager.
  await using project = await ownProject(["../client_auth/refusal.ts", "../client_auth/tls_program.ts"]);
  await checkCases(async (input) => {
    const flag = runtime.name === "Bun" ? "--no-install" : "--no-warnings";
    const args = [flag, "tls_program.ts", JSON.stringify(input)];
    const { success, stdout, stderr } = await runToEnd(executable, { args, cwd: project.path, timeout: 60_000 });
    assert(success, stderr);
    return JSON.parse(stdout);
  }, runtime);
});

const worker = new URL("tls_program.ts", import.meta.url);
await testOnWorkerd("fetch: client certificates of bindings bind tokens", worker, async (start, runtime) => {
  await checkCases(async (input) => {
    const tlsBindings = { none: undefined, ...input.certificates };
    await using running = await start({ tlsBindings, authority: input.authority });
    return await askWorker(running, input);
  }, runtime);
});
