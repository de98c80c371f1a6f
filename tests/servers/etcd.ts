/**
 * A real etcd, as Debian installs it, on loopback, with its data in a temporary folder.
 *
 * @module
 */

import { join } from "node:path";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { closedPort } from "./fault_server.ts";

/** A server that is ready. Disposing of it stops it and removes its data. */
export interface EtcdServer extends AsyncDisposable {
  /** Where it listens for clients. */
  readonly url: string;
  /** Stops it. */
  stop(): Promise<void>;
  /** Pauses it with its connections open, or lets it go on. */
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
}

/** Resolves to a function that starts a server, at a free port or the given one. Rejects where etcd isn't installed. */
export async function findEtcd(): Promise<(port?: number) => Promise<EtcdServer>> {
  await runToEnd("etcd", { args: ["--version"] }).catch(() => {
    throw new Error("etcd isn't installed (apt-get install etcd-server)");
  });
  return start;
}

async function start(port?: number): Promise<EtcdServer> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("etcd_"));
  // It takes a free port of its own choice, but its gateway doesn't learn which.
  const url = `http://127.0.0.1:${port ?? await closedPort()}`;
  const peer = "http://127.0.0.1:0";
  const args = Object.entries({
    "data-dir": join(folder.path, "data"),
    "listen-client-urls": url,
    "advertise-client-urls": url,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `default=${peer}`,
  }).flatMap(([name, value]) => [`--${name}`, value]);
  const program = stack.use(await startProgram("etcd", { args, ready: /serving .*client (requests|traffic)/ }));
  return Object.assign(stack.move(), {
    url,
    stop: async () => await program[Symbol.asyncDispose](),
    signal: (signal: "SIGSTOP" | "SIGCONT") => Deno.kill(program.pid, signal),
  });
}
