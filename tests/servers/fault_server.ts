/**
 * A server on loopback that misbehaves as it is told: it speaks raw TCP, and may break HTTP.
 *
 * Its answer to a request is a list of steps. It records connections and requests.
 *
 * @module
 */

// Deno's own sockets can't send TCP RST; these can.
import { createServer, type Socket } from "node:net";
import { host, listen, wait } from "./loopback.ts";
import { type ArrivedRequest, RequestReader } from "./request_reader.ts";

export type { ArrivedRequest };

/** Bytes on the wire; text goes as UTF-8. */
export type Bytes = string | Uint8Array<ArrayBuffer>;

/** One thing the server does. */
export type Step =
  /** Sends bytes. */
  | { readonly send: Bytes }
  /** Sends bytes one by one, `every` so many milliseconds. */
  | { readonly drip: Bytes; readonly every: number }
  /** Sends the same bytes over and over, at most so many times. */
  | { readonly flood: Bytes; readonly times: number }
  /** Does nothing for so many milliseconds. */
  | { readonly wait: number }
  /** Does nothing until the client disconnects. */
  | "stall"
  /** Resets the connection (TCP RST); without this the server ends it (FIN). */
  | "reset";

/** The answer to one request. Then the connection is closed. */
export interface Behaviour {
  readonly steps: readonly Step[];
  /** Starts with the request's first byte, and reads no further. Default: the request is read whole before. */
  readonly unread?: boolean;
  /** Leaves the connection open for another request. Default: `false`. */
  readonly keepAlive?: boolean;
}

/** A behaviour, or a function that chooses one by the request. */
export type Behaves = Behaviour | ((request: ArrivedRequest) => Behaviour | Promise<Behaviour>);

export type FaultServer = Awaited<ReturnType<typeof startFaultServer>>;

/** Starts a server that does the same with every request, unless told otherwise later. */
export async function startFaultServer(usual: Behaves = { steps: [] }) {
  const open = new Set<Promise<void>>();
  const closing = new AbortController();
  const queue: Behaves[] = [];
  const server = createServer({ noDelay: true });
  const { port, close } = await listen(server);
  server.on("connection", (socket) => {
    started.connections++;
    const served = serve(socket).finally(() => open.delete(served));
    open.add(served);
  });
  const started = {
    origin: `http://${host}:${port}`,
    /** Every request whose head was read, in the order in which they arrived. */
    requests: [] as ArrivedRequest[],
    /** How many connections were made. */
    connections: 0,
    /** How many connections the client closed before the server was done. */
    hangUps: 0,
    /** Sets the behaviour from now on, after those in the queue. */
    always: (behaviour: Behaves): void => void (usual = behaviour),
    /** Queues behaviours for the next requests, one each. */
    next: (...behaviours: Behaves[]): void => void queue.push(...behaviours),
    async [Symbol.asyncDispose](): Promise<void> {
      closing.abort();
      await Promise.all([close(), ...open]);
    },
  };
  return started;

  async function serve(socket: Socket): Promise<void> {
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const reader = new RequestReader(socket);
    try {
      let behaviour: Behaviour;
      do {
        if (!await reader.hasMore()) break;
        behaviour = await receive(reader);
        for (const step of behaviour.steps) await take(step, socket, reader);
      } while (behaviour.keepAlive);
    } catch (error) {
      if (!(error instanceof ClientLeft)) throw error;
      if (!closing.signal.aborted) started.hangUps++;
    }
    socket.destroySoon();
    await closed;
  }

  async function receive(reader: RequestReader): Promise<Behaviour> {
    const behaves = queue.shift() ?? usual;
    if (typeof behaves !== "function" && behaves.unread) return behaves;
    const request = await reader.read();
    if (request === undefined) throw new ClientLeft();
    started.requests.push(request);
    return typeof behaves === "function" ? await behaves(request) : behaves;
  }

  async function take(step: Step, socket: Socket, reader: RequestReader): Promise<void> {
    if (step === "stall") {
      while (await reader.skip());
      throw new ClientLeft();
    } else if (step === "reset") {
      // What was sent must arrive first.
      await wait(10, closing.signal);
      socket.resetAndDestroy();
    } else if ("send" in step) await write(socket, step.send);
    else if ("wait" in step) await wait(step.wait, closing.signal);
    else if ("flood" in step) {
      for (let count = 0; count < step.times; count++) await write(socket, step.flood);
    } else {
      for (const byte of encode(step.drip)) {
        await write(socket, Uint8Array.of(byte));
        await wait(step.every, closing.signal);
      }
    }
  }
}

/**
 * Finds a port of 127.0.0.1 without a server, below those that systems give to servers and connections meanwhile. From
 * `unusedPorts` it stays closed, as no test starts a server there.
 */
export async function closedPort({ from, count } = { from: 20_000, count: 10_000 }): Promise<number> {
  for (let tries = 0;; tries++) {
    const wanted = from + Math.floor(Math.random() * count);
    try {
      const { port, close } = await listen(createServer(), wanted);
      await close();
      return port;
    } catch (error) {
      // A server of another test has it.
      if (tries > 20) throw error;
    }
  }
}

/** Ports for `closedPort`, at which no test starts a server. */
export const unusedPorts = { from: 30_000, count: 2_500 };

/** The client disconnected before the server was done. */
class ClientLeft extends Error {}

function write(socket: Socket, data: Bytes): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(encode(data), (error) => error ? reject(new ClientLeft()) : resolve());
  });
}

function encode(data: Bytes): Uint8Array<ArrayBuffer> {
  return typeof data === "string" ? new TextEncoder().encode(data) : data;
}
