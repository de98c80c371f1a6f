/** Engines of token stores with a lease: each with its server, if it has one, and what runs programs that reach it. @module */

import { join } from "node:path";
import { bundle } from "../runtimes/bundle.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { closedPort } from "../servers/fault_server.ts";
import { findEtcd } from "../servers/etcd.ts";
import { host } from "../servers/loopback.ts";
import { findPostgresql } from "../servers/postgresql.ts";
import { findRedis, startRedis } from "../servers/redis.ts";
import type { EngineName } from "./stores.ts";

/** A server that can be disturbed. */
export interface StoreServer {
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
  /** Starts it where it was. */
  start(): Promise<void>;
}

/** An engine that runs. Disposing of it stops it, and removes what it has written. */
export interface RunningEngine extends AsyncDisposable {
  readonly name: EngineName;
  /** Where it is, as `stores.ts` wants it. */
  readonly address: string;
  readonly server: StoreServer | undefined;
  /** The executable and the first arguments of a process of the fleet. */
  readonly command: readonly [executable: string, ...args: string[]];
}

type Place = Pick<RunningEngine, "address"> & { readonly server?: StoreServer };
type Start = (stack: AsyncDisposableStack, folder: string) => Promise<Place>;

/** A server that listens on a port. */
interface PortServer extends AsyncDisposable {
  signal(signal: "SIGSTOP" | "SIGCONT"): void;
}

/** Starts a server that can be disturbed. */
function onPort(protocol: string, startOn: (port: number) => Promise<PortServer>): Start {
  return async (stack) => {
    const port = await closedPort();
    let running = await startOn(port);
    const stop = async () => await running[Symbol.asyncDispose]();
    stack.defer(stop);
    const server = {
      pause: () => running.signal("SIGSTOP"),
      resume: () => running.signal("SIGCONT"),
      stop,
      async start() {
        running = await startOn(port);
      },
    };
    return { address: `${protocol}://${host}:${port}`, server };
  };
}

const atPath: Start = (_, folder) => Promise.resolve({ address: join(folder, "store") });

/** Finds each engine, and returns what starts it. Rejects where it isn't installed. */
const finders: Record<EngineName, () => Promise<Start>> = {
  redis: async () => {
    await findRedis();
    return onPort("redis", (port) => startRedis("--port", `${port}`));
  },
  postgresql: async () => {
    const start = await findPostgresql();
    return async (stack) => ({ address: stack.use(await start()).host });
  },
  sqlite: () => Promise.resolve(atPath),
  etcd: async () => onPort("http", await findEtcd()),
  file: () => Promise.resolve(atPath),
  "deno-kv": () => Promise.resolve(atPath),
};

/** Finds an engine, and returns what starts it. Rejects where it isn't installed. */
export async function findEngine(name: EngineName): Promise<() => Promise<RunningEngine>> {
  const start = await finders[name]();
  const isDeno = name === "deno-kv";
  const command = isDeno
    ? [Deno.execPath(), "run", "--quiet", "--no-config", "--unstable-kv", "--allow-all"] as const
    : [await nodeExecutable("24.21.0")] as const;
  return async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await temporaryFolder("fleet_"));
    const program = join(folder.path, "program.mjs");
    await Deno.writeTextFile(program, await bundle(new URL("program.ts", import.meta.url), "esm", "deno"));
    const { address, server } = await start(stack, folder.path);
    return Object.assign(stack.move(), { name, address, server, command: [...command, program] as const });
  };
}
