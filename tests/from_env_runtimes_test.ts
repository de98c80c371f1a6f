import { assertEquals } from "@std/assert";
import { calls, projects, startBackend } from "./examples/backend.ts";
import { json } from "./faults/behaviours.ts";
import { bunExecutable } from "./runtimes/bun.ts";
import { bundle } from "./runtimes/bundle.ts";
import { nodeExecutable, nodeVersions } from "./runtimes/node.ts";
import { runToEnd } from "./runtimes/run_to_end.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { testsOn } from "./runtimes/tests_on.ts";
import { within } from "./runtimes/within.ts";
import { startWorker } from "./runtimes/workerd.ts";
import { compatibilityDate, workerdExecutable } from "./runtimes/workerd_executable.ts";
import { startFaultServer } from "./servers/fault_server.ts";

const executables: [string, () => Promise<string>][] = [
  ["Bun", bunExecutable],
  ...nodeVersions.map((version): [string, () => Promise<string>] => [`Node ${version}`, () => nodeExecutable(version)]),
];

/** With an issuer in place of the token endpoint, and the secret in a file. */
async function arrange(folder: string) {
  const backend = await startBackend();
  const { M2M_CLIENT_SECRET: secret = "", M2M_TOKEN_ENDPOINT: tokenEndpoint = "", ...settings } = backend.settings;
  await Deno.writeTextFile(`${folder}/secret`, `${secret}\n`);
  const issuer = tokenEndpoint.replace(/\/token$/, "");
  return { backend, env: { ...settings, M2M_ISSUER: issuer, M2M_CLIENT_SECRET_FILE: `${folder}/secret` }, secret };
}

for (const [name, obtain] of executables) {
  const testOn = await testsOn(name, obtain);

  testOn(
    `on ${name} the settings come from its environment, by discovery, and from the secret's file`,
    async (path) => {
      await using folder = await temporaryFolder("from_env_");
      const { backend, env } = await arrange(folder.path);
      await using _ = backend;
      const program = `${folder.path}/program.mjs`;
      await Deno.writeTextFile(program, await bundle(new URL("from_env_program.ts", import.meta.url)));

      const { stdout, stderr } = await runToEnd(path, { args: [program], env });

      assertEquals([JSON.parse(stdout || "null"), stderr], [projects, ""]);
      assertEquals([calls(backend), backend.countTokenRequests()], [["GET /v1/projects 200"], 1]);
    },
  );
}

const testOnWorkerd = await testsOn("workerd", workerdExecutable);

for (const date of ["2024-09-01", "2026-11-01"]) {
  testOnWorkerd(
    `on workerd of ${date} the settings come from its bindings, by discovery, once for all`,
    async (workerd) => {
      await using folder = await temporaryFolder("from_env_");
      const { backend, env: { M2M_CLIENT_SECRET_FILE: _path, ...settings }, secret } = await arrange(folder.path);
      await using _ = backend;
      await using server = await startFaultServer();
      server.always(json({ issuer: server.origin, token_endpoint: `${server.origin}/token` }));
      await using worker = await startWorker(workerd.path, {
        script: await bundle(new URL("from_env_worker.ts", import.meta.url)),
        compatibilityDate: compatibilityDate(workerd, date),
        bindings: { ...settings, M2M_CLIENT_SECRET: secret, METADATA_ISSUER: server.origin },
      });
      const get = async (path: string) => {
        const response = await fetch(new URL(path, worker.url), { signal: AbortSignal.timeout(10_000) });
        return await response.text();
      };
      const twenty = (path: string) =>
        within(15_000, "answer", Promise.all(Array.from({ length: 20 }, () => get(path))));

      assertEquals((await twenty("/")).map((text) => JSON.parse(text)), Array(20).fill(projects));
      assertEquals(backend.countTokenRequests(), 1);
      assertEquals(await twenty("/token-endpoint"), Array(20).fill(`${server.origin}/token`));
      assertEquals(await get("/token-endpoint"), `${server.origin}/token`);
      assertEquals(server.requests.length, 1);
      backend.assertNoSecretIn(worker.printed());
    },
  );
}
