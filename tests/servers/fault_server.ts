/**
 * A server on loopback that misbehaves as it is told: it speaks raw TCP, so nothing keeps it from breaking HTTP.
 *
 * What it does with a request is a list of steps. It records who connected, and what arrived.
 *
 * @module
 */

import { once } from "node:events";
// Deno's own sockets can't break a connection off (TCP RST); these can.
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type ArrivedRequest, RequestReader } from "./request_reader.ts";

export type { ArrivedRequest };

/** What goes over the wire; text goes as UTF-8. */
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
  /** Does nothing until the client goes away. */
  | "stall"
  /** Breaks the connection off (TCP RST); without this the server ends it properly (FIN). */
  | "reset";

/** What the server does with one request. Then it closes the connection. */
export interface Behaviour {
  readonly steps: readonly Step[];
  /** Starts with the request's first byte, and reads no further. Default: the request is read whole before. */
  readonly unread?: boolean;
  /** Leaves the connection open for another request. Default: `false`. */
  readonly keepAlive?: boolean;
}

/** A behaviour, or what chooses one by the request. */
export type Behaves = Behaviour | ((request: ArrivedRequest) => Behaviour | Promise<Behaviour>);

/** What {@linkcode startFaultServer} gives. */
export class FaultServer implements AsyncDisposable {
  readonly origin: string;
  /** Every request whose head was read, in the order in which they arrived. */
  readonly requests: ArrivedRequest[] = [];
  /** How many connections were made. */
  connections = 0;
  /** How many connections the client broke off while the server wasn't done. */
  hangUps = 0;
  readonly #server: Server;
  readonly #open = new Map<Socket, Promise<void>>();
  readonly #closing = new AbortController();
  readonly #queue: Behaves[] = [];
  #usual: Behaves;

  /** @internal */
  constructor(usual: Behaves, server: Server) {
    this.#usual = usual;
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on("connection", (socket) => {
      this.connections++;
      this.#open.set(socket, this.#serve(socket).finally(() => this.#open.delete(socket)));
    });
  }

  /** What to do with requests from now on, but for those in the queue. */
  always(behaviour: Behaves): void {
    this.#usual = behaviour;
  }

  /** What to do with the next requests, one behaviour each. */
  next(...behaviours: Behaves[]): void {
    this.#queue.push(...behaviours);
  }

  /** Breaks off whatever is open, and stops listening. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#open.keys()) socket.destroy();
    await Promise.all([closed, ...this.#open.values()]);
  }

  async #serve(socket: Socket): Promise<void> {
    const closed = new Promise((resolve) => socket.once("close", resolve));
    // Whoever reads or writes at the time gets the error as well.
    socket.on("error", () => {});
    const reader = new RequestReader(socket);
    try {
      let behaviour: Behaviour;
      do {
        if (!await reader.hasMore()) break;
        behaviour = await this.#receive(reader);
        for (const step of behaviour.steps) await this.#take(step, socket, reader);
      } while (behaviour.keepAlive);
    } catch (error) {
      if (!(error instanceof ClientLeft)) throw error;
      if (!this.#closing.signal.aborted) this.hangUps++;
    }
    socket.destroySoon();
    await closed;
  }

  async #receive(reader: RequestReader): Promise<Behaviour> {
    const behaves = this.#queue.shift() ?? this.#usual;
    if (typeof behaves !== "function" && behaves.unread) return behaves;
    const request = await reader.read();
    if (request === undefined) throw new ClientLeft();
    this.requests.push(request);
    return typeof behaves === "function" ? await behaves(request) : behaves;
  }

  async #take(step: Step, socket: Socket, reader: RequestReader): Promise<void> {
    if (step === "stall") return await untilLeft(reader);
    if (step === "reset") {
      // What was sent is to arrive first.
      await this.#wait(10);
      socket.resetAndDestroy();
    } else if ("send" in step) await write(socket, bytes(step.send));
    else if ("wait" in step) await this.#wait(step.wait);
    else if ("flood" in step) {
      for (let count = 0; count < step.times; count++) await write(socket, bytes(step.flood));
    } else {
      for (const byte of bytes(step.drip)) {
        await write(socket, Uint8Array.of(byte));
        await this.#wait(step.every);
      }
    }
  }

  #wait(time: number): Promise<void> {
    const { signal } = this.#closing;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, time);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
  }
}

/** Starts a server that does the same with every request, unless told otherwise later. */
export async function startFaultServer(usual: Behaves = { steps: [] }): Promise<FaultServer> {
  return new FaultServer(usual, await listen());
}

/** A port of 127.0.0.1 at which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = await listen();
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The client went away before the server was done. */
class ClientLeft extends Error {}

async function listen(): Promise<Server> {
  const server = createServer({ noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

async function untilLeft(reader: RequestReader): Promise<never> {
  while (await reader.skip());
  throw new ClientLeft();
}

function write(socket: Socket, data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(data, (error) => error ? reject(new ClientLeft()) : resolve());
  });
}

function bytes(data: Bytes): Uint8Array<ArrayBuffer> {
  return typeof data === "string" ? new TextEncoder().encode(data) : data;
}
