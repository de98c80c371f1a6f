import { assertEquals } from "@std/assert";
import { calls, projects, startBackend } from "./examples/backend.ts";
import { json } from "./faults/behaviours.ts";
import { runScript, testOnPrograms, testOnWorkerd } from "./runtimes/every_runtime.ts";
import { temporaryFolder } from "./runtimes/temporary_folder.ts";
import { within } from "./runtimes/within.ts";
import { startFaultServer } from "./servers/fault_server.ts";

const file = new URL("from_env_program.ts", import.meta.url);

/** With an issuer instead of the token endpoint. */
async function arrange() {
  const backend = await startBackend();
  const { M2M_CLIENT_SECRET: secret = "", M2M_TOKEN_ENDPOINT = "", ...settings } = backend.settings;
  return { backend, secret, env: { ...settings, M2M_ISSUER: M2M_TOKEN_ENDPOINT.replace(/\/token$/, "") } };
}

await testOnPrograms("the environment: gives settings, an issuer and a secret's file", async (executable) => {
  await using folder = await temporaryFolder("from_env_");
  const { backend, secret, env } = await arrange();
  await using _ = backend;
  const path = `${folder.path}/secret`;
  await Deno.writeTextFile(path, `${secret}\n`);

  const { stdout, stderr } = await runScript(executable, file, {
    args: ["program"],
    env: { ...env, M2M_CLIENT_SECRET_FILE: path },
  });

  assertEquals([JSON.parse(stdout || "null"), stderr], [projects, ""]);
  assertEquals([calls(backend), backend.countTokenRequests()], [["GET /v1/projects 200"], 1]);
});

await testOnWorkerd(
  "a worker's bindings: give settings, and one discovery serves all requests",
  file,
  async (start) => {
    const { backend, env, secret } = await arrange();
    await using _ = backend;
    await using server = await startFaultServer();
    server.always(json({ issuer: server.origin, token_endpoint: `${server.origin}/token` }));
    await using worker = await start({
      bindings: { ...env, M2M_CLIENT_SECRET: secret, METADATA_ISSUER: server.origin },
    });
    const get = async (path: string) => await (await fetch(new URL(path, worker.url))).text();
    const twenty = (path: string) => within(15_000, "answer", Promise.all(Array.from({ length: 20 }, () => get(path))));

    assertEquals((await twenty("/")).map((text) => JSON.parse(text)), Array(20).fill(projects));
    assertEquals(backend.countTokenRequests(), 1);
    assertEquals(await twenty("/token-endpoint"), Array(20).fill(`${server.origin}/token`));
    assertEquals(await get("/token-endpoint"), `${server.origin}/token`);
    assertEquals(server.requests.length, 1);
    backend.assertNoSecretIn(worker.printed());
  },
);
