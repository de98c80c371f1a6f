import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { getBasicAuthorizationHeader } from "@m2m/authenticator";
import { bunExecutable } from "../runtimes/bun.ts";
import { bundle } from "../runtimes/bundle.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { startWorker } from "../runtimes/workerd.ts";
import { compatibilityDate, workerdExecutable } from "../runtimes/workerd_executable.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startIntrospectingApi } from "../servers/introspecting_api.ts";
import { jwtBearerGrant, tokenExchangeGrant } from "../servers/machine_grants.ts";
import { type ProgramInput, type ProgramOutput, tryGrants } from "./grant_program.ts";
import { clientSecret, trustedKey, voucher } from "./scene.ts";

/** Runs the grants somewhere, against a real server and an API that asks it about each token. */
async function allWork(run: (input: ProgramInput) => Promise<ProgramOutput>): Promise<void> {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "service", client_secret: clientSecret }],
    scopes: ["api:read", "api:write"],
    grants: [jwtBearerGrant({ [voucher]: [trustedKey.publicJwk] }), tokenExchangeGrant()],
    opaqueTokens: true,
  });
  const { issuer, tokenEndpoint, revocationEndpoint, introspectionEndpoint } = server;
  const authorization = getBasicAuthorizationHeader("service", clientSecret);
  await using api = startIntrospectingApi({ introspectionEndpoint, authorization });
  const { pem } = trustedKey;
  const input = { issuer, tokenEndpoint, revocationEndpoint, api: api.origin, clientSecret, voucher, pem };

  const { "a subject of nobody's": refusal, ...output } = await run(input);

  assertEquals(JSON.parse(JSON.stringify(output)), {
    "JWT bearer": 200,
    "another token": "api:write",
    "token exchange": 200,
  });
  assertStringIncludes(String(refusal), "the server answered invalid_request (400)");
  assertEquals(server.revocationRequests.map(({ status }) => status), [200, 200, 200]);
}

/** By a program that gets one file and ends. */
async function onProgram(executable: string, input: ProgramInput): Promise<ProgramOutput> {
  await using folder = await temporaryFolder("grants_");
  const file = join(folder.path, "script.mjs");
  await Deno.writeTextFile(file, await bundle(new URL("grant_script.ts", import.meta.url)));
  const { success, stdout, stderr } = await runToEnd(executable, { args: [file, JSON.stringify(input)] });
  assert(success, stderr);
  return JSON.parse(stdout);
}

Deno.test("both grants work, and their tokens are given back, on Deno", () => allWork(tryGrants));

const testOnBun = await testsOn("Bun", bunExecutable);
testOnBun("both grants work, and their tokens are given back, on Bun", async (bun) => {
  await allWork((input) => onProgram(bun, input));
});

for (const version of nodeVersions) {
  const testOnNode = await testsOn(`Node ${version}`, () => nodeExecutable(version));
  testOnNode(`both grants work, and their tokens are given back, on Node ${version}`, async (node) => {
    await allWork((input) => onProgram(node, input));
  });
}

const testOnWorkerd = await testsOn("workerd", workerdExecutable);
for (const date of ["2024-09-01", "2026-11-01"]) {
  testOnWorkerd(`both grants work, and their tokens are given back, on workerd, as of ${date}`, async (workerd) => {
    await allWork(async (input) => {
      await using worker = await startWorker(workerd.path, {
        script: await bundle(new URL("grant_worker.ts", import.meta.url)),
        compatibilityDate: compatibilityDate(workerd, date),
      });
      return await (await fetch(worker.url, { method: "POST", body: JSON.stringify(input) })).json();
    });
  });
}
