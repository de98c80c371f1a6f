/**
 * A real PostgreSQL, as Debian installs it, with its data in a temporary folder. It listens on a Unix socket there.
 *
 * @module
 */

import { join } from "node:path";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";

/** A server that is ready. Disposing of it stops it and removes its data. */
export interface PostgresqlServer extends AsyncDisposable {
  /** The folder of its socket, which clients take as a host. */
  readonly host: string;
  /** The database's user. */
  readonly user: string;
  /** Stops it. */
  stop(): Promise<void>;
}

/** Resolves to a function that starts a server. Rejects where PostgreSQL isn't installed. */
export async function findPostgresql(): Promise<() => Promise<PostgresqlServer>> {
  const folders = await Array.fromAsync(Deno.readDir("/usr/lib/postgresql")).catch(() => []);
  const [newest] = folders.map(({ name }) => name).sort((a, b) => Number(b) - Number(a));
  if (newest === undefined) throw new Error("PostgreSQL isn't installed (apt-get install postgresql)");
  return () => start(`/usr/lib/postgresql/${newest}/bin`);
}

async function start(programs: string): Promise<PostgresqlServer> {
  await using stack = new AsyncDisposableStack();
  // It refuses to run as root.
  const isRoot = (await print("id", "-u")) === "0";
  const prefix = isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] : ["env"];
  const [executable, ...args] = prefix as [string, ...string[]];

  const host = await print(executable, ...args, "mktemp", "--directory", "--tmpdir", "postgresql_XXXXXX");
  stack.defer(() => Deno.remove(host, { recursive: true }));
  const [data, user] = [join(host, "data"), "postgres"];
  const fast = ["--no-sync", "--encoding=UTF8", "--locale=C", "--auth=trust", `--username=${user}`];
  await print(executable, ...args, join(programs, "initdb"), ...fast, `--pgdata=${data}`);
  const settings = { unix_socket_directories: host, listen_addresses: "", fsync: "off", max_connections: "40" };
  const program = stack.use(
    await startProgram(executable, {
      args: [
        ...[...args, join(programs, "postgres"), "-D", data],
        ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
      ],
      ready: /ready to accept connections/,
    }),
  );
  let isRunning = true;
  async function stop(): Promise<void> {
    // Killed, it would leave shared memory behind.
    if (isRunning) Deno.kill(program.pid, "SIGINT");
    isRunning = false;
    await program.ended;
  }
  stack.defer(stop);
  return Object.assign(stack.move(), { host, user, stop });
}

async function print(executable: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await runToEnd(executable, { args });
  if (!success) throw new Error(`Cannot run ${executable} ${args.join(" ")}: ${stderr}`);
  return stdout.trim();
}
