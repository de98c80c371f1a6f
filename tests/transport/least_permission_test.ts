import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProxy } from "../servers/proxy.ts";
import { certificateAuthority } from "../servers/tls_certificates.ts";
import { startTlsServer, type TlsServer } from "../servers/tls_server.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import type { OnceInput, OnceOutput } from "./run_once.ts";

const program = fileURLToPath(new URL("program_once.ts", import.meta.url));
const unverified = fileURLToPath(new URL("program_unverified.ts", import.meta.url));
const source = await chooseSource();

/** A token from one server and a call of the other, on a Deno with these permissions and no other. */
async function runWith(
  permissions: readonly string[],
  auth: TlsServer,
  api: TlsServer,
  options?: OnceInput["options"],
  main = program,
): Promise<OnceOutput> {
  const input = { endpoint: api.origin, tokenEndpoint: `${auth.origin}/token`, ...options && { options } };
  const { success, stdout, stderr } = await runToEnd(Deno.execPath(), {
    args: ["run", ...flags(source, "run"), "--quiet", "--no-check", ...permissions, main, JSON.stringify(input)],
    env: environment(source),
  });
  assert(success, stderr);
  return JSON.parse(stdout);
}

const net = (...urls: readonly string[]) => `--allow-net=${urls.map((url) => new URL(url).host).join()}`;

// With and without a prompt: where nobody is there to answer, Deno denies by itself.
for (const prompt of [["--no-prompt"], []]) {
  const how = prompt.length > 0 ? "with --no-prompt" : "with nobody to answer a prompt";

  Deno.test(`the core needs --allow-net for its two hosts, and no other permission (${how})`, async () => {
    await using auth = await startTlsServer();
    await using api = await startTlsServer();

    assertEquals(await runWith([...prompt, net(auth.origin, api.origin)], auth, api), { result: 200, attempts: 1 });
    assertEquals([auth.requests, api.requests], [["POST /token"], ["GET /v1/projects"]]);
  });

  Deno.test(`a token endpoint that isn't allowed is permission_denied, at once (${how})`, async () => {
    await using auth = await startTlsServer();
    await using api = await startTlsServer();

    const { result, retryable, attempts, message } = await runWith([...prompt, net(api.origin)], auth, api);

    assertEquals([result, retryable, attempts], ["permission_denied", false, 1]);
    assertStringIncludes(message!, net(auth.origin));
    assertEquals([auth.countConnections(), api.countConnections()], [0, 0]);
  });

  Deno.test(`an API that isn't allowed fails as Deno says it, after one token request (${how})`, async () => {
    await using auth = await startTlsServer();
    await using api = await startTlsServer();

    const { result, attempts, message } = await runWith([...prompt, net(auth.origin)], auth, api);

    assertEquals([result, attempts], ["NotCapable", 1]);
    assertStringIncludes(message!, "--allow-net");
    assertEquals([auth.requests, api.countConnections()], [["POST /token"], 0]);
  });
}

Deno.test("through a proxy, the proxy's host must be allowed besides the two; else it is permission_denied, at once", async () => {
  await using auth = await startTlsServer();
  await using api = await startTlsServer();
  await using proxy = await startProxy();
  const options = { httpProxyUrl: proxy.url };
  const run = (...urls: string[]) => runWith(["--no-prompt", net(...urls)], auth, api, options);

  assertEquals(await run(auth.origin, api.origin, proxy.url), { result: 200, attempts: 1 });
  assertEquals(proxy.requests.length, 2);
  for (const urls of [[auth.origin, api.origin], [proxy.url, api.origin]]) {
    const { result, retryable, attempts, message } = await run(...urls);
    assertEquals([result, retryable, attempts], ["permission_denied", false, 1], urls.join());
    assertStringIncludes(message!, new URL(proxy.url).host);
    assertStringIncludes(message!, new URL(auth.origin).host);
  }
  assertEquals(proxy.requests.length, 2);
});

Deno.test("a file that may not be read is permission_denied, at once; PEM text needs no permission", async () => {
  const ca = await certificateAuthority("Our CA");
  const certificate = await ca.issue({ subject: "server", addresses: ["127.0.0.1"] });
  await using server = await startTlsServer({ certificate });
  const file = await Deno.makeTempFile({ suffix: ".pem" });
  await Deno.writeTextFile(file, ca.pem);
  const allowed = ["--no-prompt", net(server.origin)];

  const { result, retryable, attempts, message } = await runWith(allowed, server, server, { verify: file });
  assertEquals([result, retryable, attempts], ["permission_denied", false, 1]);
  assertStringIncludes(message!, "--allow-read");
  assertEquals(server.countConnections(), 0);

  const permitted = await runWith([...allowed, `--allow-read=${file}`], server, server, { verify: file });
  assertEquals(permitted, { result: 200, attempts: 1 });
  assertEquals(await runWith(allowed, server, server, { verify: ca.pem }), { result: 200, attempts: 1 });
  await Deno.remove(file);
});

Deno.test("verify: false is refused by the constructor, in words that say what to do", () => {
  const settings = {
    endpoint: "https://api.test",
    clientId: "my-client",
    clientSecret: "s3cret",
    configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.test/token" }),
    verify: false,
  };
  const { message } = assertThrows(() => new ClientCredentialsAuthenticator(settings), TypeError);

  assertStringIncludes(message, "denoTransport (@m2m/authenticator/transport/deno)");
  assertStringIncludes(message, "--unsafely-ignore-certificate-errors");
});

Deno.test("verify: false of denoTransport needs no more than the two hosts either, and is denied like the rest", async () => {
  const ca = await certificateAuthority("Our CA");
  const certificate = await ca.issue({ subject: "server", hosts: ["elsewhere.test"] });
  await using server = await startTlsServer({ certificate });
  const run = async (permission: string) => {
    const { message: _, ...rest } = await runWith(["--no-prompt", permission], server, server, undefined, unverified);
    return rest;
  };

  assertEquals(await run(net(server.origin)), { result: 200, attempts: 1 });
  const denied = { result: "permission_denied", retryable: false, attempts: 1 };
  assertEquals(await run("--allow-net=127.0.0.1:9"), denied);
});
