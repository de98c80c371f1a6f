import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import type { CertificateName } from "../client_auth/tls_case.ts";
import { setTlsStage } from "../client_auth/tls_stage.ts";
import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { type RunResult, runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { ownProject } from "../transport/project.ts";
import { projects } from "./backend.ts";
import { runExample } from "./run_example.ts";

/** Runs the script in an environment. */
type RunScript = (env: Record<string, string>, allowed: { net: string[]; read: string }) => Promise<RunResult>;

/** Three hosts, eight variables and three files are allowed. */
const onDeno: RunScript = (env, allowed) => runExample({ command: ["mutual_tls.ts"], ...allowed, env });

const inProject = (executable: string, ...args: string[]): RunScript => async (env) => {
  await using project = await ownProject(["../../examples/mutual_tls.ts"]);
  return await runToEnd(executable, { args: [...args, "mutual_tls.ts"], cwd: project.path, env });
};

async function assertPrintsProjects(run: RunScript): Promise<void> {
  await using stage = await setTlsStage();
  await using folder = await temporaryFolder("mutual_tls_");
  const { input: { issuer, api, authority, certificates }, server } = stage;
  const file = async (name: string, text: string) => {
    const path = join(folder.path, name);
    await Deno.writeTextFile(path, text);
    return path;
  };
  const runWith = async (certificate: CertificateName) => {
    const { cert, key } = certificates[certificate];
    const files = [await file("tls.crt", cert), await file("tls.key", key), await file("ca.crt", authority)] as const;
    const env = {
      M2M_ENDPOINT: api,
      M2M_ISSUER: issuer,
      M2M_CLIENT_ID: "by-subject",
      M2M_CERT_FILE: files[0],
      M2M_KEY_FILE: files[1],
      M2M_CA_FILE: files[2],
      M2M_SCOPES: "api:read",
      M2M_AUDIENCE: issuer,
    };
    return await run(env, { net: [api, issuer, server.mutual!], read: files.join() });
  };

  const { success, stdout, stderr } = await runWith("of my client");

  assertEquals([success, stderr], [true, ""]);
  assertEquals(JSON.parse(stdout), projects);
  assertEquals(stage.api.calls.map(({ path, status }) => `${path} ${status}`), ["/v1/projects 200"]);

  const refused = await runWith("of another client");
  assertFalse(refused.success);
  assertStringIncludes(refused.stderr, "invalid_client");
  for (const secret of stage.secrets) assertFalse((refused.stdout + refused.stderr).includes(secret));
  assertEquals(server.tokenRequests.map(({ origin, status }) => [origin, status]), [
    [server.mutual, 200],
    [server.mutual, 401],
  ]);
}

Deno.test("mutual_tls.ts: prints the projects on Deno, with three hosts and three files allowed", async () => {
  await assertPrintsProjects(onDeno);
});

const testOnBun = await testsOn("Bun", bunExecutable);
testOnBun("mutual_tls.ts: prints the projects on Bun", async (bun) => {
  await assertPrintsProjects(inProject(bun, "--no-install"));
});

for (const version of nodeVersions) {
  const testOnNode = await testsOn(`Node ${version}`, () => nodeExecutable(version));
  testOnNode(`mutual_tls.ts: prints the projects on Node ${version}`, async (node) => {
    await assertPrintsProjects(inProject(node, "--no-warnings"));
  });
}
