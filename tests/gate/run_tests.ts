/**
 * All tests, the documentation's examples among them: `deno task test [arguments of deno test]`.
 *
 * @module
 */

import { startExampleServers } from "../docs/example_servers.ts";
import { runDeno } from "../std/deno_process.ts";
import { chooseSource, environment, flags, root } from "../std/source.ts";

const temporary = Deno.env.get("TMPDIR") ?? Deno.env.get("TEMP") ?? "/tmp";
// Playwright reads it to find Windows' Linux; files under /proc can't be allowed one by one.
const ignored = "/proc/sys/fs/binfmt_misc/WSLInterop";

const source = await chooseSource();
const servers = await startExampleServers();
const code = await runDeno(
  [
    "test",
    ...flags(source, "test"),
    "--doc",
    `--preload=${root}/tests/docs/example_hosts.ts`,
    "--trace-leaks",
    "--allow-env",
    "--allow-net",
    "--allow-read",
    "--allow-run",
    `--allow-write=${temporary}`,
    `--ignore-read=${ignored}`,
    ...Deno.args,
  ],
  { cwd: root, env: { ...environment(source), EXAMPLE_HOSTS: servers.hosts } },
);
await servers[Symbol.asyncDispose]();
Deno.exit(code);
