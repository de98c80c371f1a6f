import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProxy } from "../servers/proxy.ts";
import { certificateAuthority } from "../servers/tls_certificates.ts";
import { startTlsServer, type TlsServer } from "../servers/tls_server.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import type { OnceInput, OnceOutput } from "./run_once.ts";

const source = await chooseSource();

/** Gets a token from one server and calls the other, on a Deno with these permissions and no other. */
async function runWith(
  permissions: readonly string[],
  auth: TlsServer,
  api: TlsServer,
  options: OnceInput["options"] = {},
  program = "program_once.ts",
): Promise<OnceOutput> {
  const input = { endpoint: api.origin, tokenEndpoint: `${auth.origin}/token`, options };
  const file = fileURLToPath(new URL(program, import.meta.url));
  const { success, stdout, stderr } = await runToEnd(Deno.execPath(), {
    args: ["run", ...flags(source, "run"), "--quiet", "--no-check", ...permissions, file, JSON.stringify(input)],
    env: environment(source),
  });
  assert(success, stderr);
  return JSON.parse(stdout);
}

const net = (...urls: readonly string[]) => `--allow-net=${urls.map((url) => new URL(url).host).join()}`;

function assertDenied({ result, retryable, attempts, message = "" }: OnceOutput, ...words: string[]): void {
  assertEquals([result, retryable, attempts], ["permission_denied", false, 1], message);
  for (const word of words) assertStringIncludes(message, word);
}

// Where a prompt can't be answered, Deno denies by itself.
for (const prompt of [["--no-prompt"], []]) {
  const how = prompt[0] ?? "without --no-prompt";

  Deno.test(`the core needs --allow-net for its two hosts alone, and says which is denied (${how})`, async () => {
    await using auth = await startTlsServer();
    await using api = await startTlsServer();

    assertEquals(await runWith([...prompt, net(auth.origin, api.origin)], auth, api), { result: 200, attempts: 1 });
    assertEquals([auth.requests, api.requests], [["POST /token"], ["GET /v1/projects"]]);
    const connections = [auth.countConnections(), api.countConnections()];

    assertDenied(await runWith([...prompt, net(api.origin)], auth, api), net(auth.origin));
    assertEquals([auth.countConnections(), api.countConnections()], connections);

    const { result, attempts, message } = await runWith([...prompt, net(auth.origin)], auth, api);
    assertEquals([result, attempts], ["NotCapable", 1]);
    assertStringIncludes(message!, "--allow-net");
    assertEquals([auth.requests.length, api.countConnections()], [2, connections[1]]);
  });
}

Deno.test("httpProxyUrl: needs --allow-net for the proxy besides the two hosts", async () => {
  await using auth = await startTlsServer();
  await using api = await startTlsServer();
  await using proxy = await startProxy();
  const run = (...urls: string[]) => runWith(["--no-prompt", net(...urls)], auth, api, { httpProxyUrl: proxy.url });

  assertEquals(await run(auth.origin, api.origin, proxy.url), { result: 200, attempts: 1 });
  for (const urls of [[auth.origin, api.origin], [proxy.url, api.origin]]) {
    assertDenied(await run(...urls), new URL(proxy.url).host, new URL(auth.origin).host);
  }
  assertEquals(proxy.requests.length, 2);
});

Deno.test("verify: needs --allow-read for a file, and nothing for PEM text", async () => {
  const ca = await certificateAuthority("Our CA");
  const certificate = await ca.issue({ subject: "server", addresses: ["127.0.0.1"] });
  await using server = await startTlsServer({ certificate });
  const file = await Deno.makeTempFile({ suffix: ".pem" });
  await Deno.writeTextFile(file, ca.pem);
  const run = (verify: string, ...permissions: string[]) =>
    runWith(["--no-prompt", net(server.origin), ...permissions], server, server, { verify });

  assertDenied(await run(file), "--allow-read");
  assertEquals(server.countConnections(), 0);
  assertEquals(await run(file, `--allow-read=${file}`), { result: 200, attempts: 1 });
  assertEquals(await run(ca.pem), { result: 200, attempts: 1 });
  await Deno.remove(file);
});

Deno.test("denoTransport: verify: false needs --allow-net for the two hosts alone", async () => {
  const ca = await certificateAuthority("Our CA");
  await using server = await startTlsServer({
    certificate: await ca.issue({ subject: "server", hosts: ["elsewhere.test"] }),
  });
  const run = (permission: string) => runWith(["--no-prompt", permission], server, server, {}, "program_unverified.ts");

  assertEquals(await run(net(server.origin)), { result: 200, attempts: 1 });
  assertDenied(await run("--allow-net=127.0.0.1:9"));
});
