import { assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { chooseSource, environment, flags } from "../std/source.ts";

const source = await chooseSource();
const main = fileURLToPath(new URL("../../examples/demo/main.ts", import.meta.url));
const secret = "pl4nted-s3cret";
const permissions = ["--allow-net", "--allow-env=M2M_CLIENT_SECRET", "--ignore-env", "--allow-read=.env"];

/** As `deno task demo` runs it. */
function demo(args: readonly string[], given: string) {
  return {
    args: ["run", ...flags(source, "run"), "--quiet", "--no-prompt", ...permissions, main, ...args],
    env: { ...environment(source), M2M_CLIENT_SECRET: given },
  };
}

/** Runs it in an empty folder, or one with a `.env` file; the secret must not show. */
async function run(args: readonly string[], { given = secret, dotenv }: { given?: string; dotenv?: string } = {}) {
  await using folder = await temporaryFolder("demo_");
  if (dotenv !== undefined) await Deno.writeTextFile(`${folder.path}/.env`, dotenv);
  const result = await runToEnd(Deno.execPath(), { ...demo(args, given), cwd: folder.path });
  assertFalse((result.stdout + result.stderr).includes(secret), "a secret was printed");
  return result;
}

function startServer(client_secret = secret) {
  return startAuthorizationServer({ clients: [{ client_id: "own", client_secret }], scopes: ["a", "b"] });
}

Deno.test("demo: shows its five steps with its own servers", async () => {
  const { success, stdout, stderr } = await run([]);

  assertEquals([stderr, success], ["", true], stdout);
  for (
    const step of [
      /1\. .*\n.*getCredentials\(\) +token #\w{4}, \d+ characters, expires in 3\.\d+ s\n/,
      /2\. .*\n(.*GET \/v1\/projects +200 +token #\w{4}\n){5}.*getCredentials\(\).*\n +No further token request/,
      /3\. [^]*POST \/token +200[^]*all answered/,
      /4\. .*\n.*POST \/v1\/jobs +401.*\n(?:.*POST \/v1\/jobs +401.*\n)?.*POST \/token +200\n.*POST \/v1\/jobs +200.*\n.*"Voyager"/,
      /5\. .*\n.*AuthenticationError\n +code +token_request_rejected\n +status +401\n +error +invalid_client\n/,
      /Done in \d+\.\d+ s: \d+ requests to the API, 4 to the token endpoint\.\n$/,
    ]
  ) assertMatch(stdout, step);
  assertFalse(stdout.includes("eyJ"), "a token was printed");
  assertFalse(stdout.includes("\x1b"), "colours were printed to something other than a terminal");
});

Deno.test("demo: --issuer finds the token endpoint of the user's server", async () => {
  await using server = await startServer();
  await using api = startProtectedApi({ ...server, scope: "b" });
  const parameters = ["--scopes", "a b", "--audience", api.audience, "--endpoint", `${api.origin}/v1/projects`];

  const { success, stdout, stderr } = await run(["--issuer", `${server.issuer}/`, "--client-id", "own", ...parameters]);

  assertEquals([stderr, success], ["", true], stdout);
  assertStringIncludes(stdout, server.tokenEndpoint);
  assertStringIncludes(stdout, "refreshCredentials()");
  assertEquals(stdout.match(/Left out: /g)?.length, 2);
  const requests = server.tokenRequests.map(({ status, parameters }) => [status, parameters.scope]);
  assertEquals(requests, [[200, "a b"], [200, "a b"]]);
  assertEquals(api.calls.map(({ status }) => status), [200, 200, 200, 200, 200]);
  const hidden = [btoa(`own:${secret}`), ...api.calls.map(({ token }) => token ?? "")];
  for (const text of hidden) assertFalse(stdout.includes(text), "a secret or token was printed");
});

Deno.test("demo: --token-endpoint, with the secret from .env and without an API", async () => {
  await using server = await startServer();

  const { success, stdout, stderr } = await run(["--token-endpoint", server.tokenEndpoint, "--client-id", "own"], {
    given: "",
    dotenv: `M2M_CLIENT_SECRET='${secret}'\n`,
  });

  assertEquals([stderr, success], ["", true], stdout);
  assertMatch(stdout, /Done in .*: 0 requests to the API, 2 to the token endpoint/);
});

/** The arguments after the client's, and what is printed. */
type Failure = (
  servers: { issuer: string; api: string; closedApi: string },
) => [args: string[], printed: (string | RegExp)[], clientSecret?: string];

const failures: Readonly<Record<string, Failure>> = {
  "a server that refuses the client": ({ issuer }) => [
    ["--issuer", issuer],
    [/FAILED: token_request_rejected: .*invalid_client/],
    "another",
  ],
  "an API that rejects the token": ({ issuer, api }) => [
    ["--issuer", issuer, "--endpoint", `${api}/v1/projects`],
    [/FAILED: the API answered 401 .*another audience or scope/],
  ],
  "an API that doesn't answer": ({ issuer, closedApi }) => [
    ["--issuer", issuer, "--endpoint", closedApi],
    [`FAILED: Cannot reach ${closedApi}: `],
  ],
  "an issuer without metadata": ({ issuer }) => [
    ["--issuer", `${issuer}/tenant`],
    [
      `${issuer}/.well-known/oauth-authorization-server/tenant: answered 404`,
      `${issuer}/tenant/.well-known/openid-configuration: answered 404`,
      "--token-endpoint URL",
    ],
  ],
};

for (const [what, failure] of Object.entries(failures)) {
  Deno.test(`demo: fails for ${what}, and says why`, async () => {
    const [, , clientSecret] = failure({ issuer: "", api: "", closedApi: "" });
    await using server = await startServer(clientSecret);
    await using api = startProtectedApi(server);
    const closed = startProtectedApi(server);
    await closed.close();
    const [args, printed] = failure({ issuer: server.issuer, api: api.origin, closedApi: closed.origin });

    const { code, stdout, stderr } = await run([...args, "--client-id", "own"]);

    assertEquals(code, 1);
    for (const text of printed) {
      assertMatch(stdout + stderr, typeof text === "string" ? new RegExp(RegExp.escape(text)) : text);
    }
  });
}

Deno.test("demo: --help names its options", async () => {
  const { success, stdout, stderr } = await run(["--help"]);

  assertEquals([stderr, success], ["", true]);
  for (const option of ["--serve", "--issuer URL", "--token-endpoint URL", "--client-id ID", "M2M_CLIENT_SECRET"]) {
    assertStringIncludes(stdout, option);
  }
});

const refusals: readonly (readonly [args: string[], reason: RegExp])[] = [
  [["--client-secret", secret], /from an argument[^]*M2M_CLIENT_SECRET/],
  [[`--client-secret=${secret}`], /from an argument/],
  [["--frobnicate"], /Unknown option '--frobnicate'/],
  [["--client-id", "x"], /Add --issuer URL or --token-endpoint URL/],
  [["--issuer", "https://a.test", "--token-endpoint", "https://a.test/t", "--client-id", "x"], /not both/],
  [["--issuer", "https://a.test"], /Add --client-id ID/],
  [["--issuer", "a.test", "--client-id", "x"], /--issuer must be an absolute URL/],
  [["--issuer", "https://u:p@a.test", "--client-id", "x"], /must not have a user name/],
  [["--issuer", "https://a.test", "--client-id", "x"], /Set M2M_CLIENT_SECRET/],
  [["--serve", "--client-id", "x"], /--serve/],
];

for (const [args, reason] of refusals) {
  Deno.test(`demo: refuses the arguments ${args.join(" ").replace(secret, "…")}`, async () => {
    const { code, stdout, stderr } = await run(args, { given: "" });

    assertEquals([stdout, code], ["", 2], stderr);
    assertMatch(stderr, reason);
    assertStringIncludes(stderr, "--help");
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

Deno.test({
  name: "demo: --serve runs the servers of the README's example until Ctrl+C, and only once",
  ignore: !isFree(8400) || !isFree(8401),
  async fn() {
    await using program = await startProgram(Deno.execPath(), { ...demo(["--serve"], ""), ready: /Ctrl\+C/ });
    assertStringIncludes(program.printed(), "http://127.0.0.1:8401/token");

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
    assertMatch(second.stderr, /port 8401 on 127\.0\.0\.1 is taken/);

    Deno.kill(program.pid, "SIGINT");
    await program.ended;
    assertStringIncludes(program.printed(), "Stopped.");
  },
});
