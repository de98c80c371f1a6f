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
import { ownProject } from "./project.ts";
import type { OnceInput, OnceOutput } from "./run_once.ts";

const program = new URL("program_once.ts", import.meta.url);
const denoArgs = ["run", "--no-config", "--no-prompt", "--allow-net=127.0.0.1"];
const runtimes: readonly (readonly [name: string, obtain: () => Promise<string>, ...args: string[]])[] = [
  ["Deno", () => Promise.resolve(Deno.execPath()), ...denoArgs],
  ["Bun", bunExecutable, "--no-install"],
  ...nodeVersions.map((version) => [`Node ${version}`, () => nodeExecutable(version)] as const),
];
for (const [name, obtain, ...args] of runtimes) {
  const testOn = await testsOn(name, obtain);

  /** Runs the program, bundled into one file as for the web, in a folder. */
  const runBundled = async (executable: string, cwd: string, input: OnceInput, env = {}): Promise<OnceOutput> => {
    const file = join(cwd, "bundled.mjs");
    await Deno.writeTextFile(file, await bundle(program));
    const { success, stdout, stderr } = await runToEnd(executable, {
      args: [...args, file, JSON.stringify(input)],
      cwd,
      env,
    });
    assert(success, stderr);
    return JSON.parse(stdout);
  };

  testOn(`httpProxyUrl: a program bundled into one file goes through the proxy on ${name}`, async (runtime) => {
    await using server = await startTlsServer();
    await using proxy = await startProxy();
    await using project = await ownProject([]);
    const { origin } = server;
    const input = { endpoint: origin, tokenEndpoint: `${origin}/token`, options: { httpProxyUrl: proxy.url } };

    assertEquals(await runBundled(runtime, project.path, input), { result: 200, attempts: 1 });
    assertEquals(proxy.requests, [`POST ${origin}/token`, `GET ${origin}/v1/projects`]);
  });

  testOn(`verify: adds an authority to the runtime's own on ${name}`, async (runtime) => {
    const [ours, others] = [await certificateAuthority("Our CA"), await certificateAuthority("Another CA")];
    const named = { subject: "server", addresses: ["127.0.0.1"] };
    await using auth = await startTlsServer({ certificate: await ours.issue(named) });
    await using api = await startTlsServer({ certificate: await others.issue(named) });
    await using project = await ownProject([]);
    const authorities = join(project.path, "authorities.pem");
    await Deno.writeTextFile(authorities, ours.pem);
    const input = { endpoint: api.origin, tokenEndpoint: `${auth.origin}/token`, options: { verify: others.pem } };
    const env = { [name === "Deno" ? "DENO_CERT" : "NODE_EXTRA_CA_CERTS"]: authorities };

    assertEquals(await runBundled(runtime, project.path, input, env), { result: 200, attempts: 1 });
    assertEquals((await runBundled(runtime, project.path, input)).result, "tls_failed");
  });

  if (!name.startsWith("Node")) continue;
  testOn(
    `httpProxyUrl: without undici the first request says what to install, or to pass, on ${name}`,
    async (node) => {
      await using folder = await temporaryFolder("no_undici_");
      const origin = "http://127.0.0.1:9";
      const options = { httpProxyUrl: "http://user:s3cret-4711@127.0.0.1:9" };
      const input = { endpoint: origin, tokenEndpoint: `${origin}/token`, options };

      const { result, retryable, attempts, message = "" } = await runBundled(node, folder.path, input);

      assertEquals([result, retryable, attempts], ["invalid_config", false, 1]);
      assertStringIncludes(message, "npm install undici");
      assertStringIncludes(message, "@m2m/authenticator/transport/node");
      assertFalse(message.includes("s3cret"));
    },
  );
}

Deno.test("a bundle for the web needs nothing of Node, and holds no undici", async () => {
  // Bundlers keep the comments of a class's members, examples included.
  const code = (await bundle(program)).replace(/\/\*.*?\*\//gs, "");
  const needed = code.matchAll(/\b(?:from|import|require)\s*\(?\s*["']([^"']+)["']/g);
  // program_once.ts itself reads its arguments.
  assertEquals(Array.from(needed, ([, name]) => name).filter((name) => name !== "node:process"), []);
  assertFalse(code.includes("class ProxyAgent"));
});
