/** One token and one call: in a bundle on each runtime, and with no permission too many on Deno. */

import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "../runtimes/bundle.ts";
import { runScript, testOnPrograms } from "../runtimes/every_runtime.ts";
import { type RunResult, runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { startProxy } from "../servers/proxy.ts";
import { certificateAuthority } from "../servers/tls_certificates.ts";
import { startTlsServer } from "../servers/tls_server.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import type { Input, Output } from "./program_once.ts";
import { ownProject } from "./project.ts";

type Server = Readonly<{ origin: string }>;

const program = new URL("program_once.ts", import.meta.url);
const success = { result: 200, attempts: 1 };
const [ours, others] = [await certificateAuthority("Our CA"), await certificateAuthority("Another CA")];
const named = { subject: "server", addresses: ["127.0.0.1"] };

/** The program's argument. */
const write = (auth: Server, api: Server, options: Record<string, unknown> = {}, more: Partial<Input> = {}) =>
  JSON.stringify({ endpoint: api.origin, tokenEndpoint: `${auth.origin}/token`, options, ...more });

function read({ success, stdout, stderr }: RunResult): Output {
  assert(success, stderr);
  return JSON.parse(stdout);
}

/** Runs the program in one file, on a runtime with undici at hand, and with authorities in a file that a variable names. */
async function runBundled(command: readonly string[], input: string, variable = "", pem = "") {
  await using project = await ownProject([]);
  const [script, authorities] = [join(project.path, "bundled.mjs"), join(project.path, "authorities.pem")];
  await Deno.writeTextFile(script, await bundle(program));
  await Deno.writeTextFile(authorities, pem);
  const [executable = "", ...args] = [...command, script, input];
  return read(
    await runToEnd(executable, { args, cwd: project.path, env: variable ? { [variable]: authorities } : {} }),
  );
}

/** What is checked on each runtime, whose own authorities come from the file that a variable names. */
const checks: Record<string, (command: string[], variable: string) => Promise<void>> = {
  "httpProxyUrl: a program bundled into one file goes through the proxy": async (command) => {
    await using server = await startTlsServer();
    await using proxy = await startProxy();
    assertEquals(await runBundled(command, write(server, server, { httpProxyUrl: proxy.url })), success);
    assertEquals(proxy.requests, [`POST ${server.origin}/token`, `GET ${server.origin}/v1/projects`]);
  },
  "verify: adds an authority to the runtime's own": async (command, variable) => {
    await using auth = await startTlsServer({ certificate: await ours.issue(named) });
    await using api = await startTlsServer({ certificate: await others.issue(named) });
    const input = write(auth, api, { verify: others.pem });
    assertEquals(await runBundled(command, input, variable, ours.pem), success);
    assertEquals((await runBundled(command, input)).result, "tls_failed");
  },
};
const onDeno = [Deno.execPath(), "run", "--no-config", "--no-prompt", "--allow-net=127.0.0.1"];
for (const [what, check] of Object.entries(checks)) {
  Deno.test(`${what} on Deno`, () => check(onDeno, "DENO_CERT"));
  await testOnPrograms(what, (executable) => check([executable], "NODE_EXTRA_CA_CERTS"));
}

const withoutUndici = "httpProxyUrl: without undici Node says what to install, or to pass,";
await testOnPrograms(withoutUndici, async (executable, { name }) => {
  const server = { origin: "http://127.0.0.1:9" };
  const args = [write(server, server, { httpProxyUrl: "http://user:s3cret-4711@127.0.0.1:9" })];
  const output = read(await runScript(executable, program, { args }));
  if (name === "Bun") return assertEquals(output.result, "proxy_failed");
  assertRefused(output, "invalid_config", "npm install undici", "@m2m/authenticator/transport/node");
  assertFalse(output.message!.includes("s3cret"));
});

const source = await chooseSource();

/** Runs the program on a Deno with these permissions and no other. */
async function runWith(permissions: readonly string[], input: string): Promise<Output> {
  const args = ["run", ...flags(source, "run"), "--quiet", "--no-check", ...permissions, fileURLToPath(program), input];
  return read(await runToEnd(Deno.execPath(), { args, env: environment(source) }));
}

const net = (...servers: readonly Server[]) =>
  `--allow-net=${servers.map(({ origin }) => new URL(origin).host).join()}`;

function assertRefused({ result, retryable, attempts, message = "" }: Output, code: string, ...words: string[]): void {
  assertEquals([result, retryable, attempts], [code, false, 1], message);
  for (const word of words) assertStringIncludes(message, word);
}

const assertDenied = (output: Output, ...words: string[]) => assertRefused(output, "permission_denied", ...words);

// Where a prompt can't be answered, Deno denies by itself.
for (const prompt of [["--no-prompt"], []]) {
  const how = prompt[0] ?? "without --no-prompt";

  Deno.test(`the core needs --allow-net for its two hosts alone, and says which is denied (${how})`, async () => {
    await using auth = await startTlsServer();
    await using api = await startTlsServer();
    const run = (...servers: Server[]) => runWith([...prompt, net(...servers)], write(auth, api));
    const count = () => [auth.countConnections(), api.countConnections()];

    assertEquals(await run(auth, api), success);
    assertEquals([auth.requests, api.requests], [["POST /token"], ["GET /v1/projects"]]);
    const before = count();
    assertDenied(await run(api), net(auth));
    assertEquals(count(), before);

    const { result, attempts, message } = await run(auth);
    assertEquals([result, attempts, auth.requests.length, count()[1]], ["NotCapable", 1, 2, before[1]]);
    assertStringIncludes(message!, "--allow-net");
  });
}

Deno.test("httpProxyUrl: needs --allow-net for the proxy besides the two hosts", async () => {
  await using auth = await startTlsServer();
  await using api = await startTlsServer();
  await using proxy = await startProxy();
  const door = { origin: proxy.url };
  const input = write(auth, api, { httpProxyUrl: proxy.url });
  const run = (...servers: Server[]) => runWith(["--no-prompt", net(...servers)], input);

  assertEquals(await run(auth, api, door), success);
  for (const servers of [[auth, api], [door, api]]) {
    assertDenied(await run(...servers), ...[door, auth].map(({ origin }) => new URL(origin).host));
  }
  assertEquals(proxy.requests.length, 2);
});

Deno.test("verify: needs --allow-read for a file, and nothing for PEM text", async () => {
  await using server = await startTlsServer({ certificate: await ours.issue(named) });
  await using folder = await temporaryFolder("verify_");
  const file = join(folder.path, "ca.pem");
  await Deno.writeTextFile(file, ours.pem);
  const run = (verify: string, ...permissions: string[]) =>
    runWith(["--no-prompt", net(server), ...permissions], write(server, server, { verify }));

  assertDenied(await run(file), "--allow-read");
  assertEquals(server.countConnections(), 0);
  for (const [verify, ...more] of [[file, `--allow-read=${file}`], [ours.pem]]) {
    assertEquals(await run(verify!, ...more), success);
  }
});

Deno.test("denoTransport: verify: false needs --allow-net for the two hosts alone", async () => {
  const certificate = await ours.issue({ subject: "server", hosts: ["elsewhere.test"] });
  await using server = await startTlsServer({ certificate });
  const input = write(server, server, {}, { unverified: true });

  assertEquals(await runWith(["--no-prompt", net(server)], input), success);
  assertDenied(await runWith(["--no-prompt", "--allow-net=127.0.0.1:9"], input));
});
