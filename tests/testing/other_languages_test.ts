/**
 * Clients in other languages against `m2m test-server`: Debian's packages.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { obtainOrSkip } from "../runtimes/tests_on.ts";
import { chooseSource, environment, flags } from "../std/source.ts";

const python = "/usr/bin/python3";
const sources = "/usr/share/gocode";

/** How long the clients use a token, in seconds: so long that a slow machine makes two calls. */
const usedFor = 4;

/** A library: what finds it, its program, what runs that, and how long tokens must live. */
interface Client {
  readonly check: readonly [executable: string, ...args: string[]];
  readonly program: string;
  readonly run: readonly [executable: string, ...args: string[]];
  readonly lifetime: number;
}

const clients: Readonly<Record<string, Client>> = {
  // It drops a token ten seconds before its end.
  "x/oauth2": {
    check: ["sh", "-c", `go version && ls ${sources}/src/golang.org/x/oauth2/clientcredentials`],
    program: "x_oauth2.go",
    run: ["go", "run"],
    lifetime: 10 + usedFor,
  },
  "requests-oauthlib": {
    check: [python, "-c", "import requests_oauthlib"],
    program: "oauthlib_requests.py",
    run: [python],
    lifetime: usedFor,
  },
  "Authlib": {
    check: [python, "-c", "import authlib.integrations.requests_client"],
    program: "authlib_requests.py",
    run: [python],
    lifetime: usedFor,
  },
  "ruby-oauth2": {
    check: ["ruby", "-e", "require 'oauth2'"],
    program: "ruby_oauth2.rb",
    run: ["ruby"],
    lifetime: usedFor,
  },
};

const isInstalled = new Map<string, boolean>();
for (const [name, { check: [checker, ...args] }] of Object.entries(clients)) {
  const found = await obtainOrSkip(name, async () => {
    const { success } = await runToEnd(checker, { args });
    if (!success) throw new Error("it isn't installed");
    return true;
  });
  isInstalled.set(name, found ?? false);
}

/** Go without modules, which it would download. Its cache is the test's own. */
const goEnvironment = (cache: string) => ({ GO111MODULE: "off", GOPATH: sources, GOFLAGS: "", GOCACHE: cache });

const installed = Object.entries(clients).filter(([name]) => isInstalled.get(name));

Deno.test({
  name:
    "test-server: clients in other languages get a token, call the API, refresh, and are refused with another secret",
  ignore: installed.length === 0,
  async fn(test) {
    // At once, for each waits until its token has expired.
    const runs = installed.map(([name, client]) => ({ name, run: runClient(client) }));
    await Promise.allSettled(runs.map(({ run }) => run));
    for (const { name, run } of runs) {
      await test.step(name, async () => {
        const { stdout, stderr, requests } = await run;
        assertEquals(stdout, "200\n200\n200\nrefused\n", stderr);
        const [token, call] = ["POST /oauth/token → 200", "GET /v1/projects → 200"];
        assertEquals(requests, [token, call, call, token, call, "POST /oauth/token → 401"]);
      });
    }
  },
});

async function runClient({ program, run: [executable, ...first], lifetime }: Client) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("clients_"));
  const server = stack.use(await startTestServer(lifetime));
  const file = fileURLToPath(new URL(`clients/${program}`, import.meta.url));
  const { stdout, stderr } = await runToEnd(executable, {
    // Some count in whole seconds.
    args: [...first, file, String(usedFor + 1.2)],
    cwd: folder.path,
    env: { ...server.variables, ...goEnvironment(join(folder.path, "cache")), OAUTHLIB_INSECURE_TRANSPORT: "1" },
    timeout: 120_000,
  });
  return { stdout, stderr, requests: server.printed().match(/^(GET|POST) .+$/gm) };
}

async function startTestServer(lifetime: number) {
  const source = await chooseSource();
  const main = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
  const deno = ["run", "--quiet", "--no-check", "--no-prompt", "--no-lock", "-A", ...flags(source, "run"), main];
  const args = [...deno, "test-server", "--lifetime", String(lifetime)];
  const program = await startProgram(Deno.execPath(), {
    args,
    env: environment(source),
    ready: /^M2M_CLIENT_SECRET=.+\n/m,
  });
  const lines = program.printed().matchAll(/^(M2M_\w+)=(.+)$/gm);
  return Object.assign(program, {
    variables: Object.fromEntries(Array.from(lines, ([, name, value]) => [name!, value!])),
  });
}
