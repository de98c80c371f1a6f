import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { encodeBase64Url } from "@std/encoding/base64url";
import { join } from "node:path";
import config from "../../deno.json" with { type: "json" };
import { optionSpecs } from "../../src/cli/options/options.ts";
import { version } from "../../src/cli/version.ts";
import { closedPort } from "../servers/fault_server.ts";
import { client, startFlyteBackend } from "../servers/flyte_backend.ts";
import { type CommandResult, type Installed, installEverywhere } from "./run_command.ts";
import { secrets, type Stage, startStage } from "./stage.ts";

// Packing takes most of the time.
let installed: Awaited<ReturnType<typeof installEverywhere>>;
let stage: Stage;
let unreachable: string;
Deno.test.beforeAll(async () => {
  installed = await installEverywhere();
  stage = await startStage();
  unreachable = `http://127.0.0.1:${await closedPort()}`;
});
Deno.test.afterAll(async () => {
  await installed[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
});

/** The cache of Deno, where another home folder is set. */
const denoDir = Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? ".", ".cache", "deno");
const jwt = /^[\w-]+\.[\w-]+\.[\w-]+$/;
const planted = [...Object.values(secrets), "planted-wrong-secret"];

/** One command line; functions get the stage, which isn't there when the table is made. */
interface Case {
  readonly name: string;
  readonly args: (stage: Stage) => readonly string[];
  readonly env?: (stage: Stage) => Record<string, string>;
  readonly stdin?: (stage: Stage) => string;
  readonly code?: number;
  /** What stdout is, or matches. Default: empty. */
  readonly stdout?: string | RegExp;
  /** What stderr matches. Default: empty. */
  readonly stderr?: RegExp;
}

const basic = ({ server, files, api }: Stage) => [
  ...["--issuer", server.issuer, "--audience", api.audience, "--scope", "api:read"],
  ...["--client-id", "basic-client", "--client-secret-file", files.secret],
];
const by = (client: string, ...more: string[]) => ({ server, api }: Stage) => [
  ...["token", "--issuer", server.issuer, "--audience", api.audience, "--client-id", client],
  ...more,
];
const withKey = ({ files }: Stage) => ["--key-file", files.key, "--key-id", "signing", "--algorithm", "RS256"];
const variables = ({ server, api }: Stage) => ({
  M2M_ISSUER: server.issuer,
  M2M_AUDIENCE: api.audience,
  M2M_CLIENT_ID: "basic-client",
  M2M_CLIENT_SECRET: secrets.basic,
});

const hostileToken = `eyJhbGciOiJub25lIn0.${encodeBase64Url('{"iss":"\\u001b[31m\\u009b\\u202ex","exp":1e300}')}.x`;

const cases: readonly Case[] = [
  { name: "--version", args: () => ["--version"], stdout: `${version}\n` },
  { name: "--help", args: () => ["fetch", "--help"], stdout: /--data/ },
  { name: "test-server: no such port", args: () => ["test-server", "--port", "65536"], code: 2, stderr: /--port/ },
  { name: "test-server: no lifetime", args: () => ["test-server", "--lifetime=0"], code: 2, stderr: /--lifetime/ },
  { name: "test-server: an argument", args: () => ["test-server", "8400"], code: 2, stderr: /no arguments/ },
  { name: "token: nothing but its bytes", args: (it) => ["token", ...basic(it)], stdout: jwt },
  {
    name: "token --header",
    args: (it) => ["token", "--header", ...basic(it)],
    stdout: /^Authorization: Bearer [\w.-]+\n$/,
  },
  {
    name: "token --header, by another scheme",
    args: (it) => ["token", "--header", "--token-type", "OAuth", ...basic(it)],
    stdout: /^Authorization: OAuth [\w.-]+\n$/,
  },
  {
    name: "token --json",
    args: (it) => ["token", "--json", ...basic(it)],
    stdout:
      /^\{"access_token":"[\w.-]+","token_type":"Bearer","expires_in":\d+,"expires_at":"[^"]+","scope":"api:read"\}\n$/,
  },
  { name: "by variables", args: () => ["token"], env: variables, stdout: jwt },
  {
    name: "a flag before a variable",
    args: ({ files }) => ["token", "--client-secret-file", files.secret],
    env: (it) => ({ ...variables(it), M2M_CLIENT_SECRET: "planted-wrong-secret" }),
    stdout: jwt,
  },
  {
    name: "a secret of another variable",
    args: () => ["token", "--client-secret-env-var", "MY_SECRET"],
    env: (it) => ({ ...variables(it), MY_SECRET: secrets.basic, M2M_CLIENT_SECRET: "planted-wrong-secret" }),
    stdout: jwt,
  },
  {
    name: "a secret on stdin",
    args: by("basic-client", "--client-secret-stdin"),
    stdin: () => `${secrets.basic}\n`,
    stdout: jwt,
  },
  {
    name: "a secret in the arguments, by a flag that says so",
    args: by("basic-client", "--insecure-client-secret-argument", secrets.basic),
    stdout: jwt,
  },
  {
    name: "a secret in the arguments",
    args: by("basic-client", "--client-secret", secrets.basic),
    code: 2,
    stderr: /--client-secret-file.*--client-secret-stdin.*M2M_CLIENT_SECRET/,
  },
  {
    name: "no secret, no terminal",
    args: by("basic-client"),
    code: 2,
    stderr: /No secret is set.*--client-secret-file/,
  },
  {
    name: "post",
    args: (it) => by("post-client", "--client-auth", "post", "--client-secret-file", it.files.post)(it),
    stdout: jwt,
  },
  {
    name: "basic-raw",
    args: (it) => by("basic-client", "--client-auth", "basic-raw", "--client-secret-file", it.files.secret)(it),
    stdout: jwt,
  },
  {
    name: "secret-jwt",
    args: (it) => by("jwt-client", "--client-auth", "secret-jwt", "--client-secret-file", it.files.jwt)(it),
    stdout: jwt,
  },
  { name: "private-key-jwt", args: (it) => by("key-client", ...withKey(it))(it), stdout: jwt },
  {
    name: "grant jwt-bearer",
    args: (it) => by("key-client", "--grant", "jwt-bearer", "--client-auth", "private-key-jwt", ...withKey(it))(it),
    stdout: jwt,
  },
  {
    name: "grant token-exchange without a token",
    args: (it) => ["token", "--grant", "token-exchange", ...basic(it)],
    code: 2,
    stderr: /--subject-token-file/,
  },
  {
    name: "fetch",
    args: (it) => ["fetch", `${it.api.origin}/v1/projects`, ...basic(it)],
    stdout: /^\[\{"id":"p1".*\]$/,
  },
  {
    name: "fetch with DPoP",
    args: (it) => ["fetch", "--dpop", `${it.api.origin}/v1/projects`, ...basic(it)],
    stdout: /^\[\{"id":"p1"/,
  },
  {
    name: "fetch with DPoP, by a key of a file",
    args: (it) => ["fetch", "--dpop-key-file", it.files.dpopKey, `${it.api.origin}/v1/projects`, ...basic(it)],
    stdout: /^\[\{"id":"p1"/,
  },
  {
    name: "fetch: a relative URL, a header, JSON",
    args: (it) => ["fetch", "x", "--endpoint", it.echo, "-H", "X-Custom: a", "-d", '{"b":1}', ...basic(it)],
    stdout: '{"method":"POST","path":"/x","type":"application/json","custom":"a","body":"{\\"b\\":1}"}',
  },
  {
    name: "fetch: a file as body",
    args: (it) => ["fetch", `${it.echo}/f`, "-X", "PUT", "-d", `@${it.files.body}`, ...basic(it)],
    stdout: /"method":"PUT".*\\"from\\":\\"a file\\"/,
  },
  {
    name: "fetch: stdin as body",
    args: (it) => ["fetch", `${it.echo}/s`, "-d", "@-", ...basic(it)],
    stdin: () => "from stdin",
    stdout: /"type":"application\/octet-stream".*"body":"from stdin"/,
  },
  {
    name: "fetch -i, and a refusal",
    args: (it) => ["fetch", "-i", `${it.api.origin}/v1/projects`, ...basic(it), "--audience", "https://other.example"],
    code: 1,
    stdout: /^HTTP 401.*\nwww-authenticate: Bearer error="invalid_token"/s,
    stderr: /The API answered 401/,
  },
  {
    name: "fetch: a redirect isn't followed",
    args: (it) => ["fetch", "-i", `${it.echo}/redirect`, ...basic(it)],
    stdout: /^HTTP 307.*^location: http:\/\/elsewhere\.example\/\?$/ms,
    stderr: /^m2m: The API redirects to http:\/\/elsewhere\.example\/\?\. Call that, or pass --location\.\n$/,
  },
  {
    name: "fetch -L",
    args: (it) => ["fetch", "-L", `${it.echo}/redirect?to=/there`, ...basic(it)],
    stdout: /"path":"\/there"/,
  },
  {
    name: "fetch: a file that can't be written",
    args: (it) => ["fetch", `${it.echo}/x`, "-o", "missing/file", ...basic(it)],
    code: 2,
    stderr: /^m2m: missing\/file can't be written \(ENOENT\)\.\n$/,
  },
  {
    name: "fetch: another origin",
    args: (it) => ["fetch", `${it.echo}/x`, "--endpoint", it.api.origin, ...basic(it)],
    code: 2,
    stderr: /isn't sent to.*--endpoint/,
  },
  {
    name: "exec: the exit code, and the variable",
    args: (
      it,
    ) => [
      "exec",
      "--variable",
      "MY_TOKEN",
      ...basic(it),
      "--",
      "sh",
      "-c",
      'echo "${#MY_TOKEN} $1"; exit 7',
      "sh",
      "--verbose",
    ],
    code: 7,
    stdout: /^\d{3} --verbose\n$/,
  },
  {
    name: "exec: no such program",
    args: (it) => ["exec", ...basic(it), "--", "no-such-program"],
    code: 2,
    stderr: /There is no program/,
  },
  {
    name: "exec: the program doesn't get the secret",
    args: () => ["exec", "--", "sh", "-c", "env"],
    env: variables,
    stdout: /M2M_ACCESS_TOKEN=/,
  },
  {
    name: "exec: a program that ignores signals ends with its own code",
    args: (it) => ["exec", ...basic(it), "--", "sh", "-c", "trap '' TERM; kill -TERM $PPID; sleep 1; exit 4"],
    code: 4,
  },
  {
    name: "exec --token-file: what is no token is kept",
    args: (it) => ["exec", ...basic(it), "--token-file", it.files.body, "--", "true"],
    code: 2,
    stderr: /names something else than a token/,
  },
  { name: "exec without --", args: (it) => ["exec", ...basic(it), "ls"], code: 2, stderr: /two dashes/ },
  {
    name: "exec --token-file",
    args: (it) => ["exec", ...basic(it), "--token-file", "token", "--", "sh", "-c", "stat -c %a token; wc -c < token"],
    stdout: /^600\n\s*\d{3}\n$/,
  },
  {
    name: "inspect",
    args: (it) => ["inspect", ...basic(it)],
    stdout: /Kind +JWT.*Scopes +api:read\nLifetime +ends in 9 min.*usual gateways/s,
  },
  {
    name: "inspect of stdin",
    args: () => ["inspect"],
    stdin: () => "Authorization: Bearer eyJhbGciOiJub25lIn0.eyJhdWQiOiJhIiwiaWF0IjoxLCJleHAiOjYxfQ.x\n",
    stdout: /Audience +a\nLifetime +ended .* ago \(1970-01-01T00:01:01.000Z\), of 1 min/,
  },
  {
    name: "inspect: escape sequences in claims",
    args: () => ["inspect", "-"],
    stdin: () => hostileToken,
    stdout: /^[ -~\n]*Issuer +\?\[31m\?\?x\nLifetime +never ends[ -~\n]*$/,
  },
  {
    name: "inspect --json: escape sequences in claims",
    args: () => ["inspect", "-", "--json"],
    stdin: () => hostileToken,
    stdout: /^[ -~\n]*"issuer": "\\u001b\[31m\\u009b\\u202ex"[ -~\n]*$/,
  },
  {
    name: "inspect of an opaque token",
    args: () => ["inspect", "-", "--json"],
    stdin: () => "opaque",
    stdout: /"kind": "opaque"/,
  },
  {
    name: "a wrong secret",
    args: (it) => by("basic-client", "--client-secret-file", it.files.wrongSecret)(it),
    code: 1,
    stderr: /invalid_client.*--client-auth post.*m2m doctor/,
  },
  {
    name: "an unreachable server",
    args: (it) => ["token", ...basic(it), "--issuer", unreachable, "--timeout", "2"],
    code: 3,
    stderr: /can't be reached/,
  },
  {
    name: "an unreachable API",
    args: (it) => ["fetch", `${unreachable}/x`, ...basic(it)],
    code: 3,
    stderr: /Cannot reach .*m2m doctor/,
  },
  { name: "no server", args: () => ["token", "--client-id", "a"], code: 2, stderr: /--issuer.*--token-endpoint/ },
  { name: "an unknown option", args: () => ["token", "--isuer", "x"], code: 2, stderr: /Did you mean --issuer\?/ },
  { name: "an unknown command", args: () => ["tokne"], code: 2, stderr: /Did you mean token\?/ },
  {
    name: "an option without its argument",
    args: () => ["token", "--issuer"],
    code: 2,
    stderr: /--issuer needs an argument/,
  },
  {
    name: "a wrong number",
    args: () => ["token", "--timeout", "soon"],
    code: 2,
    stderr: /--timeout must be a number of seconds/,
  },
  {
    name: "a proxy's password",
    args: () => ["token", "--proxy", "http://a:planted-wrong-secret@b"],
    code: 2,
    stderr: /M2M_HTTP_PROXY_URL/,
  },
  {
    name: "--verbose: names and no values",
    args: (it) => ["token", "--verbose", "--no-cache", ...basic(it)],
    stdout: jwt,
    stderr:
      /GET http.*oauth-authorization-server: 200.*POST http.*token \(grant_type, scope, audience\): 200, \d+ ms\n$/s,
  },
  {
    name: "doctor",
    args: (it) => ["doctor", `${it.api.origin}/v1/projects`, ...basic(it)],
    stdout: /client authentication.*All is well/s,
  },
  {
    name: "doctor: a wrong secret",
    args: (
      it,
    ) => [
      "doctor",
      "--json",
      "--issuer",
      it.server.issuer,
      "--client-id",
      "basic-client",
      "--client-secret-file",
      it.files.wrongSecret,
    ],
    code: 1,
    stdout: /"isFine": false/,
  },
  {
    name: "doctor: a key that isn't there",
    args: (it) => ["doctor", "--issuer", it.server.issuer, "--client-id", "a", "--dpop-key-file", "missing"],
    code: 1,
    stdout: /✗ settings/,
  },
];

async function runCase({ args, env, stdin }: Case, runtime: Installed, name: string): Promise<CommandResult> {
  const cwd = join(stage.work, `${runtime.name}_${name.replace(/\W+/g, "_")}`);
  await Deno.mkdir(cwd, { recursive: true });
  const places = { XDG_CACHE_HOME: cwd, XDG_CONFIG_HOME: cwd, NO_COLOR: "1" };
  const input = stdin?.(stage);
  return await runtime.run({
    args: args(stage),
    env: { ...places, ...env?.(stage) },
    cwd,
    ...input !== undefined && { stdin: input },
  });
}

function checkResult({ code = 0, stdout = "", stderr = /^$/ }: Case, result: CommandResult): void {
  const shown = JSON.stringify(result);
  assertEquals(result.code, code, shown);
  if (typeof stdout === "string") assertEquals(result.stdout, stdout, shown);
  else assertMatch(result.stdout, stdout);
  assertMatch(result.stderr, stderr);
  for (const secret of planted) assert(!shown.includes(secret), `a secret is shown: ${shown}`);
  assert(!/eyJ[\w-]+\.eyJ/.test(result.stderr), "no token on stderr");
}

for (const runtimeName of ["Deno", "Node", "Bun"]) {
  Deno.test(`m2m: prints what it is asked for, and exits with a code that says how it went, on ${runtimeName}`, async (t) => {
    const runtime = installed.all.find(({ name }) => name === runtimeName)!;
    // Started before: three at a time, they don't disturb each other.
    const results = new Map<Case, Promise<CommandResult>>();
    const running = new Set<Promise<unknown>>();
    for (const [index, each] of cases.entries()) {
      while (running.size >= 3) await Promise.race(running);
      const result = runCase(each, runtime, String(index));
      results.set(each, result);
      const ended: Promise<unknown> = result.catch(() => {}).finally(() => running.delete(ended));
      running.add(ended);
    }
    for (const each of cases) await t.step(each.name, async () => checkResult(each, await results.get(each)!));
  });

  Deno.test(`m2m: caches the token between runs, sealed, on ${runtimeName}`, async () => {
    const runtime = installed.all.find(({ name }) => name === runtimeName)!;
    const { server, work } = stage;
    const cwd = join(work, `cache_${runtimeName}`);
    await Deno.mkdir(cwd);
    const run = async (...args: string[]) => {
      const { stdout, code, stderr } = await runtime.run({
        args,
        env: { XDG_CACHE_HOME: cwd, XDG_CONFIG_HOME: cwd },
        cwd,
      });
      assertEquals([code, stderr], [0, ""]);
      return stdout;
    };
    const before = server.tokenRequests.length;
    const count = () => server.tokenRequests.length - before;
    const first = await run("token", ...basic(stage));
    assertEquals([await run("token", ...basic(stage)), count()], [first, 1]);
    // Another command line for the same token.
    assertEquals([(await run("token", "--header", ...basic(stage))).includes(first), count()], [true, 1]);
    await run("fetch", `${stage.api.origin}/v1/projects`, ...basic(stage));
    await run("exec", ...basic(stage), "--", "true");
    assertEquals(count(), 1);
    const commands = join(cwd, "m2m", "commands");
    for (const folder of [join(cwd, "m2m"), commands]) {
      for await (const { name, isDirectory } of Deno.readDir(folder)) {
        const path = join(folder, name);
        assertEquals((await Deno.stat(path)).mode! & 0o777, isDirectory ? 0o700 : 0o600);
        if (isDirectory) continue;
        assert(!(await Deno.readTextFile(path)).includes(first.split(".")[2]!), "no token in clear text");
      }
    }
    // A command line that is remembered, and what it printed is damaged or another's: the cache has the token.
    const remembered = (await Array.fromAsync(Deno.readDir(commands))).map(({ name }) => name).filter((it) =>
      it !== "key"
    );
    assertEquals(remembered.length, 2);
    const [one, other] = remembered.map((name) => join(commands, name)) as [string, string];
    await Deno.rename(one, other);
    await Deno.writeTextFile(one, "damaged");
    assertEquals([await run("token", ...basic(stage)), count()], [first, 1]);
    assertEquals([(await run("token", "--header", ...basic(stage))).includes(first), count()], [true, 1]);
    const refreshed = await run("token", "--refresh", ...basic(stage));
    assertEquals([refreshed !== first, await run("token", ...basic(stage)), count()], [true, refreshed, 2]);
    await run("token", "--no-cache", ...basic(stage));
    await run("token", "--scope", "api:write", ...basic(stage));
    assertEquals(count(), 4);
    // A rejected token is replaced, for later runs too.
    const second = await run("token", ...basic(stage));
    await new Promise((resolve) => setTimeout(resolve, 10));
    stage.api.revokeAll();
    await run("fetch", `${stage.api.origin}/v1/projects`, ...basic(stage));
    assert(await run("token", ...basic(stage)) !== second);
    assertEquals(count(), 5);
  });
}

Deno.test("m2m: flags before variables, .env, profiles; a profile with a secret must be private", async () => {
  const [deno] = installed.all;
  const { work, server, echo } = stage;
  const cwd = join(work, "places");
  await Deno.mkdir(join(cwd, "m2m"), { recursive: true });
  const profiles = join(cwd, "m2m", "profiles.json");
  const profile = {
    issuer: server.issuer,
    clientId: "basic-client",
    clientSecret: secrets.basic,
    endpoint: `${echo}/profile/`,
  };
  await Deno.writeTextFile(profiles, JSON.stringify({ default: profile, other: { clientAuth: "bsic" } }), {
    mode: 0o644,
  });
  const run = (args: string[], env: Record<string, string> = {}) =>
    deno!.run({ args, env: { XDG_CACHE_HOME: cwd, XDG_CONFIG_HOME: cwd, ...env }, cwd });
  const refused = await run(["token"]);
  assertEquals([refused.code, refused.stdout], [2, ""]);
  assertStringIncludes(refused.stderr, "chmod 600");
  await Deno.chmod(profiles, 0o600);
  const path = async (args: string[], env?: Record<string, string>) => {
    const { stdout, stderr } = await run(["fetch", "x", ...args], env);
    return /"path":"([^"]*)"/.exec(stdout)?.[1] ?? stderr;
  };
  assertEquals(await path([]), "/profile/x");
  await Deno.writeTextFile(join(cwd, ".env"), `M2M_ENDPOINT=${echo}/file/\n`);
  assertEquals(await path(["--env-file", ".env"]), "/file/x");
  assertEquals(await path(["--no-env-file"]), "/profile/x");
  assertEquals(await path([], { M2M_ENDPOINT: `${echo}/variable/` }), "/variable/x");
  assertEquals(await path(["--endpoint", `${echo}/flag/`], { M2M_ENDPOINT: `${echo}/variable/` }), "/flag/x");
  assertMatch((await run(["token", "--profile", "other"])).stderr, /must be one of basic, .* Did you mean basic\?/);
  assertMatch((await run(["token", "--profile", "othre"])).stderr, /Did you mean other\?/);
});

Deno.test("m2m: settings of Flyte's clients, by variables, by an API key, by a config file", async () => {
  await using backend = await startFlyteBackend();
  const { flyte: { origin } } = backend;
  const [deno] = installed.all;
  const cwd = join(stage.work, "flyte");
  await Deno.mkdir(cwd);
  await Deno.writeTextFile(join(cwd, "secret"), client.clientSecret);
  await Deno.writeTextFile(
    join(cwd, "config.yaml"),
    `admin:\n  endpoint: ${origin}\n  clientId: ${client.clientId}\n  clientSecretLocation: secret\n`,
  );
  const run = (args: string[], env: Record<string, string> = {}) =>
    deno!.run({
      args: ["token", "--header", "--no-cache", ...args],
      env: { XDG_CACHE_HOME: cwd, XDG_CONFIG_HOME: cwd, HOME: cwd, DENO_DIR: denoDir, ...env },
      cwd,
    });
  const variables = {
    FLYTE_PLATFORM_URL: origin,
    FLYTE_CREDENTIALS_CLIENT_ID: client.clientId,
    FLYTE_CREDENTIALS_CLIENT_SECRET: client.clientSecret,
  };
  for (
    const ways of [
      [["--flyte"], variables],
      [["--flyte-config", "config.yaml"], {}],
      [["--flyte"], {
        FLYTE_API_KEY: btoa(`${new URL(origin).host}:${client.clientId}:${client.clientSecret}:None`),
        FLYTE_PLATFORM_INSECURE: "true",
      }],
      [["--flyte", "--client-secret-file", "secret"], {
        ...variables,
        FLYTE_CREDENTIALS_CLIENT_SECRET: "planted-wrong",
      }],
    ] as const
  ) {
    const { stdout, stderr } = await run([...ways[0]], ways[1]);
    assertMatch(stdout, /^Flyte-Authorization: Bearer [\w.-]+\n$/, stderr);
  }
  const nothing = await run(["--flyte"]);
  assertEquals(nothing.code, 2);
  assertStringIncludes(nothing.stderr, "FLYTE_API_KEY");
});

Deno.test("m2m exec: passes signals on, keeps the token file fresh, and removes it", async () => {
  await using short = await startStage({ lifetime: 3 });
  const cwd = short.work;
  const script =
    'a=$(cat token); sleep 4; b=$(cat token); [ "$a" = "$b" ] && echo same || echo fresh; kill -TERM $PPID; sleep 5';
  const [, node] = installed.all;
  const { stdout, code } = await node!.run({
    args: [
      "exec",
      ...basic(short),
      "--token-file",
      "token",
      "--",
      "sh",
      "-c",
      `trap 'echo told; exit 9' TERM; ${script} & wait`,
    ],
    env: { XDG_CACHE_HOME: cwd, XDG_CONFIG_HOME: cwd },
    cwd,
  });
  assertEquals([stdout, code], ["fresh\ntold\n", 9]);
  assertEquals(
    (await Array.fromAsync(Deno.readDir(cwd))).map(({ name }) => name).filter((name) => /token/.test(name)),
    [],
  );
});

for (const runtimeName of ["Deno", "Node", "Bun"]) {
  Deno.test(`m2m test-server: serves until Ctrl-C, on ${runtimeName}`, async () => {
    const runtime = installed.all.find(({ name }) => name === runtimeName)!;
    await using server = await runtime.start({ args: ["test-server", "--json", "--jwt"], ready: /^\{.+\}$/m });
    const { endpoint, token_endpoint: tokenEndpoint, client_id: clientId, client_secret: clientSecret } = JSON.parse(
      server.match[0],
    );
    const configStore = new StaticClientConfigStore({ tokenEndpoint });
    await using authenticator = new ClientCredentialsAuthenticator({ endpoint, clientId, clientSecret, configStore });
    const response = await authenticator.fetch("/v1", { method: "PUT", body: new Uint8Array(200_000).fill(97) });
    assertEquals((await response.json()).body.length, 200_000);
    const taken = await runtime.run({ args: ["test-server", "--port", new URL(endpoint).port], cwd: stage.work });
    assertEquals([taken.code, taken.stdout], [2, ""]);
    assertStringIncludes(taken.stderr, "is taken");
    Deno.kill(server.pid, "SIGINT");
    await server.ended;
  });
}

Deno.test("m2m: the tables agree", () => {
  assertEquals(version, config.version);
  const names = optionSpecs.map(({ name, commands }) => `${name} ${commands}`);
  assertEquals(new Set(names).size, names.length);
});
