import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { bunExecutable } from "../runtimes/bun.ts";
import { bundle } from "../runtimes/bundle.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { startProxy } from "../servers/proxy.ts";
import { certificateAuthority } from "../servers/tls_certificates.ts";
import { startTlsServer } from "../servers/tls_server.ts";
import type { OnceInput, OnceOutput } from "./run_once.ts";
import { ownProject } from "./project.ts";

const program = new URL("program_once.ts", import.meta.url);

interface Runtime {
  readonly executable: string;
  readonly args: readonly string[];
  /** The variable that names a file of further authorities. */
  readonly authorities: "DENO_CERT" | "NODE_EXTRA_CA_CERTS";
}

const runtimes: Record<string, () => Promise<Runtime>> = {
  "Deno": () =>
    Promise.resolve({
      executable: Deno.execPath(),
      args: ["run", "--no-config", "--no-prompt", "--allow-net=127.0.0.1"],
      authorities: "DENO_CERT",
    }),
  "Bun": async () => ({
    executable: await bunExecutable(),
    args: ["--no-install"],
    authorities: "NODE_EXTRA_CA_CERTS",
  }),
};
for (const version of nodeVersions) {
  runtimes[`Node ${version}`] = async () => ({
    executable: await nodeExecutable(version),
    args: [],
    authorities: "NODE_EXTRA_CA_CERTS",
  });
}

/** Runs the program, bundled into one file as for the web, in a folder. */
async function runBundled(
  { executable, args }: Runtime,
  folder: string,
  input: OnceInput,
  env: Record<string, string> = {},
): Promise<OnceOutput> {
  const file = join(folder, "bundled.mjs");
  await Deno.writeTextFile(file, await bundle(program));
  const { success, stdout, stderr } = await runToEnd(executable, {
    args: [...args, file, JSON.stringify(input)],
    cwd: folder,
    env,
  });
  assert(success, stderr);
  return JSON.parse(stdout);
}

for (const [name, obtain] of Object.entries(runtimes)) {
  const testOn = await testsOn(name, obtain);

  testOn(`on ${name} a program bundled into one file goes through httpProxyUrl`, async (runtime) => {
    await using server = await startTlsServer();
    await using proxy = await startProxy();
    await using project = await ownProject([]);
    const { origin } = server;
    const options = { httpProxyUrl: proxy.url };

    const output = await runBundled(runtime, project.path, {
      endpoint: origin,
      tokenEndpoint: `${origin}/token`,
      options,
    });

    assertEquals(output, { result: 200, attempts: 1 });
    assertEquals(proxy.requests, [`POST ${origin}/token`, `GET ${origin}/v1/projects`]);
  });

  testOn(`on ${name} verify adds an authority to those the runtime has`, async (runtime) => {
    const [ours, others] = [await certificateAuthority("Our CA"), await certificateAuthority("Another CA")];
    const named = { subject: "server", addresses: ["127.0.0.1"] };
    await using auth = await startTlsServer({ certificate: await ours.issue(named) });
    await using api = await startTlsServer({ certificate: await others.issue(named) });
    await using project = await ownProject([]);
    const authorities = join(project.path, "authorities.pem");
    await Deno.writeTextFile(authorities, ours.pem);
    const input = { endpoint: api.origin, tokenEndpoint: `${auth.origin}/token`, options: { verify: others.pem } };
    const run = (env: Record<string, string>) => runBundled(runtime, project.path, input, env);

    assertEquals(await run({ [runtime.authorities]: authorities }), { result: 200, attempts: 1 });
    assertEquals((await run({})).result, "tls_failed");
  });

  if (!name.startsWith("Node")) continue;
  testOn(`on ${name} without undici the first request says what to install, or to pass`, async (runtime) => {
    await using folder = await temporaryFolder("no_undici_");
    const origin = "http://127.0.0.1:9";
    const options = { httpProxyUrl: "http://user:s3cret-4711@127.0.0.1:9" };
    const input = { endpoint: origin, tokenEndpoint: `${origin}/token`, options };

    const { result, retryable, attempts, message = "" } = await runBundled(runtime, folder.path, input);

    assertEquals([result, retryable, attempts], ["invalid_config", false, 1]);
    assertStringIncludes(message, "npm install undici");
    assertStringIncludes(message, "@m2m/authenticator/transport/node");
    assertFalse(message.includes("s3cret"));
  });
}

Deno.test("a program for the web needs nothing of Node, however it is bundled", async () => {
  // Bundlers leave the comments of a class's members in it, examples and all.
  const code = (await bundle(program)).replace(/\/\*.*?\*\//gs, "");

  // What a bundler would look for, or leave for the runtime to find. program_once.ts itself reads its arguments.
  const needed = code.matchAll(/\b(?:from|import|require)\s*\(?\s*["']([^"']+)["']/g);
  assertEquals(Array.from(needed, ([, name]) => name).filter((name) => name !== "node:process"), []);
  assertFalse(code.includes("class ProxyAgent"), "undici is in the bundle");
});
