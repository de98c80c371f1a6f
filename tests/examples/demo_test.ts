import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { startAuthorizationServer } from "../servers/authorization_server.ts";
import { closedPort } from "../servers/fault_server.ts";
import { startProtectedApi } from "../servers/protected_api.ts";
import { chooseSource, environment, flags, root } from "../std/source.ts";

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
async function run(args: readonly string[], given = secret, dotenv = "") {
  await using folder = await temporaryFolder("demo_");
  if (dotenv) await Deno.writeTextFile(join(folder.path, ".env"), dotenv);
  const result = await runToEnd(Deno.execPath(), { ...demo(args, given), cwd: folder.path });
  assertFalse((result.stdout + result.stderr).includes(secret), "a secret was printed");
  return result;
}

/** The same, without any failure. */
async function runWell(...command: Parameters<typeof run>): Promise<string> {
  const { success, stdout, stderr } = await run(...command);
  assertEquals([stderr, success], ["", true], stdout);
  return stdout;
}

const own = ["--client-id", "own"];
const startServer = () =>
  startAuthorizationServer({ clients: [{ client_id: "own", client_secret: secret }], scopes: ["a", "b"] });

// The README's example names these ports. The test comes first, while they are free.
const testOnFreePorts = await testsOn("demo --serve", () => {
  for (const port of [8400, 8401]) {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
    } catch {
      throw new Error(`port ${port} on 127.0.0.1 is taken`);
    }
  }
  return Promise.resolve();
});

testOnFreePorts("demo: --serve runs the servers of the README's example until Ctrl+C, and only once", async () => {
  await using program = await startProgram(Deno.execPath(), { ...demo(["--serve"], ""), ready: /Ctrl\+C/ });
  const [endpoint, tokenEndpoint] = ["http://127.0.0.1:8400", "http://127.0.0.1:8401/token"];
  assertStringIncludes(program.printed(), tokenEndpoint);

  const authenticator = new ClientCredentialsAuthenticator({
    ...{ endpoint, clientId: "demo", clientSecret: "demo-secret" },
    configStore: new StaticClientConfigStore({ tokenEndpoint, scopes: ["api:read"], audience: endpoint }),
  });
  const response = await authenticator.fetch("/v1/projects");
  assertEquals([response.status, (await response.json()).length], [200, 2]);

  const second = await run(["--serve"]);
  assertEquals(second.code, 1);
  assertStringIncludes(second.stderr, "port 8401 on 127.0.0.1 is taken");

  Deno.kill(program.pid, "SIGINT");
  await program.ended;
  assertStringIncludes(program.printed(), "Stopped.");
});

Deno.test("demo: shows its five steps with its own servers", async () => {
  const stdout = await runWell([]);
  const steps = [
    /1\. .*\n.*getCredentials\(\) +token #\w{4}, \d+ characters, expires in 3\.\d+ s\n/,
    /2\. .*\n(.*GET \/v1\/projects +200 +token #\w{4}\n){5}.*getCredentials\(\).*\n +No further token request/,
    /3\. [^]*POST \/token +200[^]*all answered/,
    /4\. .*\n.*POST \/v1\/jobs +401.*\n(?:.*POST \/v1\/jobs +401.*\n)?.*POST \/token +200\n.*POST \/v1\/jobs +200.*\n.*"Voyager"/,
    /5\. .*\n.*AuthenticationError\n +code +token_request_rejected\n +status +401\n +error +invalid_client\n/,
    /Done in \d+\.\d+ s: \d+ requests to the API, 4 to the token endpoint\.\n$/,
  ];
  for (const step of steps) assertMatch(stdout, step);
  assertFalse(stdout.includes("eyJ"), "a token was printed");
  assertFalse(stdout.includes("\x1b"), "colours were printed to something other than a terminal");
});

Deno.test("demo: --issuer finds the token endpoint of the user's server", async () => {
  await using server = await startServer();
  await using api = startProtectedApi({ ...server, scope: "b" });
  const parameters = ["--scopes", "a b", "--audience", api.audience, "--endpoint", `${api.origin}/v1/projects`];

  const stdout = await runWell(["--issuer", `${server.issuer}/`, ...own, ...parameters]);

  for (const text of [server.tokenEndpoint, "refreshCredentials()"]) assertStringIncludes(stdout, text);
  assertEquals(stdout.match(/Left out: /g)?.length, 2);
  const requests = server.tokenRequests.map(({ status, parameters }) => [status, parameters.scope]);
  assertEquals([requests, api.calls.map(({ status }) => status)], [Array(2).fill([200, "a b"]), Array(5).fill(200)]);
  const hidden = [btoa(`own:${secret}`), ...api.calls.map(({ token }) => token ?? "")];
  for (const text of hidden) assertFalse(stdout.includes(text), "a secret or token was printed");
});

Deno.test("demo: --token-endpoint, with the secret from .env and without an API", async () => {
  await using server = await startServer();
  const args = ["--token-endpoint", server.tokenEndpoint, ...own];
  assertMatch(
    await runWell(args, "", `M2M_CLIENT_SECRET='${secret}'\n`),
    /Done in .*: 0 requests to the API, 2 to the token endpoint/,
  );
});

Deno.test("demo: says why it fails", async () => {
  await using server = await startServer();
  await using api = startProtectedApi(server);
  const { issuer } = server;
  const closed = `http://127.0.0.1:${await closedPort()}`;
  const unknown = ["oauth-authorization-server/tenant", "openid-configuration"].map((it) => `${it}: answered 404`);
  const failures: [args: string[], printed: string[], secret?: string][] = [
    [[], ["FAILED: token_request_rejected: ", "invalid_client"], "another"],
    [["--endpoint", `${api.origin}/v1/projects`], ["FAILED: the API answered 401", "another audience or scope"]],
    [["--endpoint", closed], [`FAILED: Cannot reach ${closed}: `]],
    [["--issuer", `${issuer}/tenant`], [...unknown, "--token-endpoint URL"]],
  ];
  for (const [args, printed, given] of failures) {
    const { code, stdout, stderr } = await run(["--issuer", issuer, ...own, ...args], given);
    assertEquals(code, 1);
    for (const text of printed) assertStringIncludes(stdout + stderr, text);
  }
});

Deno.test("demo: --help names its options", async () => {
  const stdout = await runWell(["--help"]);
  for (const option of ["--serve", "--issuer URL", "--token-endpoint URL", "--client-id ID", "M2M_CLIENT_SECRET"]) {
    assertStringIncludes(stdout, option);
  }
});

Deno.test("demo: the task's help and its refusals fetch nothing, and all else what deno.lock beside it names", async () => {
  await using folder = await temporaryFolder("demo_");
  const { origin } = new URL(`http://127.0.0.1:${await closedPort()}`);
  const env = { DENO_DIR: folder.path, NPM_CONFIG_REGISTRY: origin, JSR_URL: origin };
  for (const [option, code] of [["--help", 0], ["--frobnicate", 2]] as const) {
    const args = ["task", "--quiet", "demo", option];
    const { stdout, stderr, ...result } = await runToEnd(Deno.execPath(), { args, cwd: root, env });
    assertEquals(result.code, code, stderr);
    assertStringIncludes(stdout + stderr, "deno task demo --");
  }

  const [own, all] = ["examples/demo/deno.lock", "deno.lock"].map((file) => {
    return JSON.parse(Deno.readTextFileSync(`${root}/${file}`)).npm as Record<string, { integrity: string }>;
  });
  const names = Object.keys(own!);
  assert(names.length < 50, names.join(" "));
  for (const name of names) assertEquals(own![name]!.integrity, all![name]?.integrity, name);
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
    const { code, stdout, stderr } = await run(args, "");

    assertEquals([stdout, code], ["", 2], stderr);
    assertMatch(stderr, reason);
    assertStringIncludes(stderr, "--help");
  });
}
