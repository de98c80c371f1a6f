/**
 * Redis: Debian's server, with nothing on disk that lasts.
 *
 * @module
 */

import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { closedPort } from "./fault_server.ts";
import { host } from "./loopback.ts";

const executable = "redis-server";

/** Finds it; resolves to its version. Rejects where it isn't installed. */
export async function findRedis(): Promise<string> {
  const { stdout } = await runToEnd(executable, { args: ["--version"] }).catch(() => {
    throw new Error(`${executable} isn't installed`);
  });
  return /v=(\S+)/.exec(stdout)?.[1] ?? stdout;
}

/** A server that runs. Disposing of it kills it. */
export type Redis = Awaited<ReturnType<typeof startRedis>>;

/** Starts it on a port that is free; further settings are named as on its command line. */
export async function startRedis(...settings: readonly string[]) {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("redis_"));
  const port = await closedPort();
  const own = ["--bind", host, "--port", String(port), "--save", "", "--appendonly", "no", "--dir", folder.path];
  const options = { args: [...own, ...settings], ready: /Ready to accept connections/ };
  const program = stack.use(await startProgram(executable, options));
  const started = stack.move();
  return {
    port,
    url: `redis://${host}:${port}`,
    /** Stops it with its connections open, goes on, or kills it. */
    signal: (signal: "SIGSTOP" | "SIGCONT" | "SIGKILL") => Deno.kill(program.pid, signal),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
