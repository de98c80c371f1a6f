import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { chooseSource, environment, flags, root } from "../std/source.ts";

const source = await chooseSource();
const main = new URL("../../examples/demo/main.ts", import.meta.url).href;
const secret = "pl4nted-s3cret";

interface Surroundings {
  /** Default: the top folder of the repository. */
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** As `deno task demo` runs it. */
function demo(args: readonly string[], { cwd = root, env = {} }: Surroundings = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...flags(source, "run"),
      "--quiet",
      "--no-prompt",
      "--allow-net",
      "--allow-env=M2M_CLIENT_SECRET",
      "--ignore-env",
      "--allow-read=.env",
      main,
      ...args,
    ],
    cwd,
    env: { ...environment(source), NO_COLOR: "1", M2M_CLIENT_SECRET: "", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function run(...parameters: Parameters<typeof demo>) {
  const { code, stdout, stderr } = await demo(...parameters).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("the demo shows the five steps against its own servers and ends well", async () => {
  const start = performance.now();
  const { code, stdout, stderr } = await run([], { env: { M2M_CLIENT_SECRET: secret } });

  assertEquals([stderr, code], ["", 0], stdout);
  for (
    const said of [
      /1\. The first token\n.*getCredentials\(\) +token #\w{4}, \d+ characters, expires in 3\.\d+ s\n/,
      /2\. Calls reuse it\n(.*GET \/v1\/projects +200 +token #\w{4}\n){5}.*getCredentials\(\).*\n +No further token request/,
      /3\. It is renewed[^]*POST \/token +200[^]*all answered/,
      /4\. .*\n.*POST \/v1\/jobs +401.*\n(?:.*POST \/v1\/jobs +401.*\n)?.*POST \/token +200\n.*POST \/v1\/jobs +200.*\n.*"Voyager"/,
      /5\. .*\n.*AuthenticationError\n +code +token_request_rejected\n +status +401\n +error +invalid_client\n/,
      /Done in \d+\.\d+ s: \d+ requests to the API, 4 to the token endpoint\.\n$/,
    ]
  ) assertMatch(stdout, said);
  assertFalse(stdout.includes("eyJ"), "a token was printed");
  assertFalse(stdout.includes(secret), "a secret was printed");
  assertFalse(stdout.includes("\x1b"), "colours were printed to something that is no terminal");
  assert(performance.now() - start < 20_000);
});

Deno.test("the demo finds the token endpoint of a server it is pointed at", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "somebody", client_secret: secret }],
    scopes: ["a", "b"],
  });
  await using api = startProtectedApi({ ...server, scope: "b" });

  const { code, stdout, stderr } = await run(
    // dprint-ignore
    [
      "--issuer",
      `${server.issuer}/`,
      "--client-id",
      "somebody",
      "--scopes",
      "a b",
      "--audience",
      api.audience,
      "--endpoint",
      `${api.origin}/v1/projects`,
    ],
    { env: { M2M_CLIENT_SECRET: secret } },
  );

  assertEquals([stderr, code], ["", 0], stdout);
  assertStringIncludes(stdout, server.tokenEndpoint);
  assertStringIncludes(stdout, "refreshCredentials()");
  assertEquals(stdout.match(/Left out: /g)?.length, 2);
  assertEquals(server.tokenRequests.map(({ status, parameters }) => [status, parameters.scope]), [
    [200, "a b"],
    [200, "a b"],
  ]);
  assertEquals(api.calls.map(({ status }) => status), [200, 200, 200, 200, 200]);
  const hidden = [secret, btoa(`somebody:${secret}`), ...api.calls.map(({ token }) => token ?? "")];
  for (const text of hidden) assertFalse(stdout.includes(text), "a secret or token was printed");
});

Deno.test("the demo takes the token endpoint itself, the secret from .env, and does without an API", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "somebody", client_secret: secret }],
  });
  const cwd = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${cwd}/.env`, `M2M_CLIENT_SECRET='${secret}'\n`);

    const { code, stdout, stderr } = await run(
      ["--token-endpoint", server.tokenEndpoint, "--client-id", "somebody"],
      { cwd },
    );

    assertEquals([stderr, code], ["", 0], stdout);
    assertMatch(stdout, /Done in .*: 0 requests to the API, 2 to the token endpoint/);
    assertFalse(stdout.includes(secret));
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
});

Deno.test("the demo ends with 1 and the reason when the server it is pointed at refuses the client", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "somebody", client_secret: "another" }],
  });

  const { code, stdout } = await run(["--issuer", server.issuer, "--client-id", "somebody"], {
    env: { M2M_CLIENT_SECRET: secret },
  });

  assertEquals(code, 1);
  assertMatch(stdout, /FAILED: token_request_rejected: .*invalid_client/);
  assertFalse(stdout.includes(secret));
});

Deno.test("the demo ends with 1 and the likely reason when the API doesn't take the token", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "somebody", client_secret: secret }],
  });
  await using api = startProtectedApi(server);

  const { code, stdout } = await run(
    ["--issuer", server.issuer, "--client-id", "somebody", "--endpoint", `${api.origin}/v1/projects`],
    { env: { M2M_CLIENT_SECRET: secret } },
  );

  assertEquals(code, 1);
  assertMatch(stdout, /FAILED: the API answered 401 .*another audience or scope/);
});

Deno.test("the demo ends with 1 and the reason when there is no API", async () => {
  await using server = await startAuthorizationServer({
    clients: [{ client_id: "somebody", client_secret: secret }],
  });
  const api = startProtectedApi(server);
  await api.close();

  const { code, stdout } = await run(
    ["--issuer", server.issuer, "--client-id", "somebody", "--endpoint", api.origin],
    { env: { M2M_CLIENT_SECRET: secret } },
  );

  assertEquals(code, 1);
  assertStringIncludes(stdout, `FAILED: no answer from ${api.origin}: `);
});

Deno.test("the demo ends with 1 and what it tried when an issuer publishes nothing", async () => {
  await using server = await startAuthorizationServer({ clients: [] });

  const { code, stderr } = await run(["--issuer", `${server.issuer}/tenant`, "--client-id", "somebody"], {
    env: { M2M_CLIENT_SECRET: secret },
  });

  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    `${server.issuer}/.well-known/oauth-authorization-server/tenant: answered 404`,
  );
  assertStringIncludes(stderr, `${server.issuer}/tenant/.well-known/openid-configuration: answered 404`);
  assertStringIncludes(stderr, "--token-endpoint URL");
});

Deno.test("the demo tells how it wants to be asked", async () => {
  const { code, stdout, stderr } = await run(["--help"]);

  assertEquals([stderr, code], ["", 0]);
  for (
    const option of ["--serve", "--issuer URL", "--token-endpoint URL", "--client-id ID", "M2M_CLIENT_SECRET"]
  ) {
    assertStringIncludes(stdout, option);
  }
});

const refusals: [args: string[], reason: RegExp][] = [
  [["--client-secret", secret], /never taken from an argument[^]*M2M_CLIENT_SECRET/],
  [[`--client-secret=${secret}`], /never taken from an argument/],
  [["--frobnicate"], /Unknown option '--frobnicate'/],
  [["--client-id", "x"], /Add --issuer URL or --token-endpoint URL/],
  [["--issuer", "https://a.test", "--token-endpoint", "https://a.test/t", "--client-id", "x"], /not both/],
  [["--issuer", "https://a.test"], /Add --client-id ID/],
  [["--issuer", "a.test", "--client-id", "x"], /--issuer must be a whole URL/],
  [["--issuer", "https://u:p@a.test", "--client-id", "x"], /must not hold a user name/],
  [["--issuer", "https://a.test", "--client-id", "x"], /Set M2M_CLIENT_SECRET/],
  [["--serve", "--client-id", "x"], /--serve stands alone/],
];

for (const [args, reason] of refusals) {
  Deno.test(`the demo ends with 2 and says what to do when asked ${args.join(" ").replace(secret, "…")}`, async () => {
    const cwd = await Deno.makeTempDir();
    try {
      const { code, stdout, stderr } = await run(args, { cwd });

      assertEquals([stdout, code], ["", 2], stderr);
      assertMatch(stderr, reason);
      assertStringIncludes(stderr, "--help");
      assertFalse(stderr.includes(secret));
    } finally {
      await Deno.remove(cwd, { recursive: true });
    }
  });
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.1", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

const portsAreFree = isFree(8400) && isFree(8401);

Deno.test({
  name: "the demo's servers answer the README's example until Ctrl+C, and no second pair starts meanwhile",
  ignore: !portsAreFree,
  async fn() {
    const child = demo(["--serve"]).spawn();
    try {
      const said = await textUntil(child.stdout, "Ctrl+C");
      assertStringIncludes(said, "http://127.0.0.1:8401/token");

      const authenticator = new ClientCredentialsAuthenticator({
        endpoint: "http://127.0.0.1:8400",
        clientId: "demo",
        clientSecret: "demo-secret",
        configStore: new StaticClientConfigStore({
          tokenEndpoint: "http://127.0.0.1:8401/token",
          scopes: ["api:read"],
          audience: "http://127.0.0.1:8400",
        }),
      });
      const response = await authenticator.fetch("/v1/projects");
      assertEquals([response.status, (await response.json()).length], [200, 2]);

      const second = await run(["--serve"]);
      assertEquals(second.code, 1);
      assertMatch(second.stderr, /^Port 8401 on 127\.0\.0\.1 is taken/);
    } finally {
      child.kill("SIGINT");
      await child.stderr.cancel();
    }
    assertEquals((await child.status).code, 0);
  },
});

/** Reads until `end` was said. What comes afterwards is dropped. */
async function textUntil(stream: ReadableStream<Uint8Array>, end: string): Promise<string> {
  let text = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(end)) return text;
  }
  throw new Error(`It ended before it said ${end}: ${text}`);
}
