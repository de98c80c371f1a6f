import { assertEquals } from "@std/assert";
import { calls, projects, startBackend } from "./examples/backend.ts";
import { json } from "./faults/behaviours.ts";
import { runScript, testOnPrograms, testOnWorkerd } from "./runtimes/every_runtime.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { within } from "./runtimes/within.ts";
import { startFaultServer } from "./servers/fault_server.ts";

/** With an issuer in place of the token endpoint, and the secret in a file. */
async function arrange(folder: string) {
  const backend = await startBackend();
  const { M2M_CLIENT_SECRET: secret = "", M2M_TOKEN_ENDPOINT: tokenEndpoint = "", ...settings } = backend.settings;
  await Deno.writeTextFile(`${folder}/secret`, `${secret}\n`);
  const issuer = tokenEndpoint.replace(/\/token$/, "");
  return { backend, env: { ...settings, M2M_ISSUER: issuer, M2M_CLIENT_SECRET_FILE: `${folder}/secret` }, secret };
}

await testOnPrograms(
  ({ name }) => `on ${name} the settings come from its environment, by discovery, and from the secret's file`,
  async (executable) => {
    await using folder = await temporaryFolder("from_env_");
    const { backend, env } = await arrange(folder.path);
    await using _ = backend;

    const { stdout, stderr } = await runScript(executable, new URL("from_env_program.ts", import.meta.url), { env });

    assertEquals([JSON.parse(stdout || "null"), stderr], [projects, ""]);
    assertEquals([calls(backend), backend.countTokenRequests()], [["GET /v1/projects 200"], 1]);
  },
);

await testOnWorkerd(
  ({ column }) => `on ${column} the settings come from its bindings, by discovery, once for all`,
  new URL("from_env_worker.ts", import.meta.url),
  async (start) => {
    await using folder = await temporaryFolder("from_env_");
    const { backend, env: { M2M_CLIENT_SECRET_FILE: _path, ...settings }, secret } = await arrange(folder.path);
    await using _ = backend;
    await using server = await startFaultServer();
    server.always(json({ issuer: server.origin, token_endpoint: `${server.origin}/token` }));
    await using worker = await start({
      bindings: { ...settings, M2M_CLIENT_SECRET: secret, METADATA_ISSUER: server.origin },
    });
    const get = async (path: string) => {
      const response = await fetch(new URL(path, worker.url), { signal: AbortSignal.timeout(10_000) });
      return await response.text();
    };
    const twenty = (path: string) => within(15_000, "answer", Promise.all(Array.from({ length: 20 }, () => get(path))));

    assertEquals((await twenty("/")).map((text) => JSON.parse(text)), Array(20).fill(projects));
    assertEquals(backend.countTokenRequests(), 1);
    assertEquals(await twenty("/token-endpoint"), Array(20).fill(`${server.origin}/token`));
    assertEquals(await get("/token-endpoint"), `${server.origin}/token`);
    assertEquals(server.requests.length, 1);
    backend.assertNoSecretIn(worker.printed());
  },
);
