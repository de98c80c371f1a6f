import { assertEquals, assertFalse } from "@std/assert";
import { projects, startBackend } from "../examples/backend.ts";
import { json } from "../faults/behaviours.ts";
import { runScript, testOnPrograms, testOnWorkerd } from "../runtimes/every_runtime.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { within } from "../runtimes/within.ts";
import { startFaultServer } from "../servers/fault_server.ts";
import { client, frontAudience, startFlyteBackend } from "../servers/flyte_backend.ts";
import { startMcpServers } from "./mcp_servers.ts";
import { clients } from "./program.ts";

/** Servers for a client of the program. */
interface Scene {
  readonly env: Record<string, string>;
  /** The environment of a worker, which has no files. */
  readonly bindings?: Record<string, string>;
  /** The client's output, and the requests it may make, however often it is used. */
  readonly expected: [output: unknown, requests: unknown];
  readonly countRequests: () => unknown;
  /** How often a worker uses the client at once. Default: 20. */
  readonly uses?: number;
}

const scenes: Record<keyof typeof clients, (servers: AsyncDisposableStack) => Promise<Scene>> = {
  async environment(servers) {
    const { settings, countTokenRequests } = servers.use(await startBackend());
    const { M2M_CLIENT_SECRET = "", M2M_TOKEN_ENDPOINT = "", ...others } = settings;
    const path = `${servers.use(await temporaryFolder("settings_")).path}/secret`;
    await Deno.writeTextFile(path, `${M2M_CLIENT_SECRET}\n`);
    const env = { ...others, M2M_ISSUER: M2M_TOKEN_ENDPOINT.replace(/\/token$/, "") };
    return {
      env: { ...env, M2M_CLIENT_SECRET_FILE: path },
      bindings: { ...env, M2M_CLIENT_SECRET },
      expected: [projects, 1],
      countRequests: countTokenRequests,
    };
  },
  async discovery(servers) {
    const server = servers.use(await startFaultServer());
    const { origin: issuer } = server;
    server.always(json({ issuer, token_endpoint: `${issuer}/token` }));
    return { env: { issuer }, expected: [`${issuer}/token`, 1], countRequests: () => server.requests.length };
  },
  async mcp(servers) {
    const { env, counts } = servers.use(await startMcpServers());
    return { env, expected: [[{ type: "text", text: "my-client" }], [1, 1, 1]], countRequests: counts };
  },
  async flyte(servers) {
    const { flyte: { origin: flyte1 } } = servers.use(await startFlyteBackend());
    const { flyte: { origin: flyte2 } } = servers.use(await startFlyteBackend({ version: 2 }));
    const { flyte, asked, frontTokenEndpoint } = servers.use(await startFlyteBackend({ hasFront: true }));
    // The platform behind the proxy, and its proxy, each reject a token.
    flyte.revokeNext.add("front").add("api");
    const ways = ["Flyte 1", "Flyte 2", "an API key", "a config file", "a proxy in front"];
    const front = { fronted: flyte.origin, tokenEndpoint: frontTokenEndpoint, audience: frontAudience };
    return {
      env: { ...client, flyte1, flyte2, ...front },
      expected: [Object.fromEntries(ways.map((way) => [way, "flytesnacks"])), 2],
      countRequests: () => asked().length,
      uses: 1,
    };
  },
};

const file = new URL("program.ts", import.meta.url);
for (const [name, arrange] of Object.entries(scenes)) {
  const check = async (run: (env: Scene["env"]) => Promise<unknown>) => {
    await using servers = new AsyncDisposableStack();
    const { env, expected, countRequests } = await arrange(servers);
    assertEquals([await run(env), countRequests()], expected);
  };
  Deno.test(`settings by ${name}: lead to an answer on Deno`, () => check((env) => clients[name]!(env)()));
  await testOnPrograms(`settings by ${name}: lead to an answer`, (executable) =>
    check(async (env) => {
      const { stdout, stderr } = await runScript(executable, file, { args: [name], env });
      assertEquals(stderr, "");
      return JSON.parse(stdout);
    }));
  await testOnWorkerd(`settings by ${name}: lead to an answer, once for all requests`, file, async (start) => {
    await using servers = new AsyncDisposableStack();
    const { env, bindings = env, expected: [output, requests], countRequests, uses = 20 } = await arrange(servers);
    await using worker = await start({ bindings });
    const use = async () => await (await fetch(new URL(name, worker.url))).json();

    const outputs = await within(15_000, "answer", Promise.all(Array.from({ length: uses }, use)));

    assertEquals(outputs, Array(uses).fill(output));
    assertEquals(await use(), output);
    assertEquals(countRequests(), requests);
    assertFalse(worker.printed().includes(bindings.clientSecret ?? bindings.M2M_CLIENT_SECRET ?? "no secret"));
  });
}
