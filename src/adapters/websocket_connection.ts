/**
 * A connection that goes on by other connections.
 *
 * @module
 */

import type { Authenticator } from "../authenticator.ts";
import type { Credentials } from "../credentials.ts";
import { callQuietly } from "../events.ts";
import { sleep, withDeadline } from "../refresh/deadlines.ts";

/** What a message is made of. */
export type WebSocketData = string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBuffer>;

/** The part of a `WebSocket` that is used. */
export interface WebSocketLike {
  /** Its state: 1 while it is open. */
  readonly readyState: number;
  /**
   * Sends a message.
   *
   * @param data The message.
   */
  send(data: WebSocketData): void;
  /**
   * Closes it, when all messages are sent.
   *
   * @param code Why.
   */
  close(code?: number): void;
  /**
   * Listens to it.
   *
   * @param type `open`, `message`, `close` or `error`.
   * @param listener Takes the event.
   */
  addEventListener(type: string, listener: (event: { code?: number; data?: unknown }) => void): void;
}

/** Options of {@linkcode reconnectingWebSocket}. */
export interface ReconnectingWebSocketOptions<Socket extends WebSocketLike> {
  /**
   * Opens a connection. Where a first message carries the token, send it by a listener of `open` that is added here; where
   * the server confirms it, return a promise that is fulfilled then. Default: a `WebSocket` with the token in its header
   * `authorization`, as Deno, Bun and Node send it; workers and pages can't, and throw.
   */
  connect?: ((url: string, credentials: Credentials) => Socket | Promise<Socket>) | undefined;
  /**
   * Receives messages, of the connection in use and of one that is being replaced: where the server sends the same to all
   * connections, they come twice meanwhile. Default: none.
   */
  onMessage?: ((data: unknown, socket: Socket) => unknown) | undefined;
  /**
   * Receives each connection once it is open, and the one it replaces, which is closed when the promise returned is settled:
   * subscribe to what the old one has subscribed to, and wait for answers that it still owes. Default: none.
   */
  onOpen?: ((socket: Socket, previous: Socket | undefined) => unknown) | undefined;
  /** Receives the reason why there was no token or no connection; it is tried again. Default: none. */
  onError?: ((error: Error) => unknown) | undefined;
  /** Tells by the code of a close whether the token was rejected. Default: 1008, 3000 and 4401 say so. */
  isRejected?: ((code: number) => boolean) | undefined;
  /** How long a connection may take to open, in milliseconds. Default: 10,000. */
  timeout?: number | undefined;
  /** The longest pause between two attempts, in milliseconds; they grow from 500 ms, with jitter. Default: 30,000. */
  maxDelay?: number | undefined;
}

/** A connection that goes on by other connections. */
export interface ReconnectingWebSocket<Socket extends WebSocketLike> {
  /** The connection in use; `undefined` while there is none. */
  readonly socket: Socket | undefined;
  /**
   * Sends a message, at once or when there is a connection again.
   *
   * @param data The message.
   */
  send(data: WebSocketData): void;
  /**
   * Closes it permanently. Messages that wait for a connection are dropped.
   *
   * @param code Why. Default: 1000.
   */
  close(code?: number): void;
}

type Tokens = Pick<Authenticator, "getCredentials" | "onToken" | "refreshCredentials">;

/** A connection and its token. */
interface InUse<Socket> {
  readonly socket: Socket;
  readonly credentials: Credentials;
  readonly since: number;
}

const [open, normal] = [1, 1000];
const rejections: readonly number[] = [1008, 3000, 4401];
const firstDelay = 500;
/** A connection that is lost within so many milliseconds counts as a failure. */
const soon = 10_000;

/** Opens connections, and sends by the one in use. */
export class Connection<Socket extends WebSocketLike> implements ReconnectingWebSocket<Socket> {
  readonly #authenticator: Tokens;
  readonly #connect: (credentials: Credentials) => Socket | Promise<Socket>;
  readonly #options: ReconnectingWebSocketOptions<Socket>;
  readonly #closing = new AbortController();
  readonly #stop: () => void;
  readonly #sockets = new Set<Socket>();
  readonly #unsent: WebSocketData[] = [];
  #inUse: InUse<Socket> | undefined;
  #isConnecting = false;
  /** Whether there is a newer token than that of the connection in use. */
  #isOutdated = false;
  #rejected: Credentials | undefined;
  /** How often in a row it failed, or was lost soon. */
  #failures = 0;

  constructor(
    authenticator: Tokens,
    connect: (credentials: Credentials) => Socket | Promise<Socket>,
    options: ReconnectingWebSocketOptions<Socket>,
  ) {
    this.#authenticator = authenticator;
    this.#connect = connect;
    this.#options = options;
    this.#stop = authenticator.onToken(() => {
      this.#isOutdated = true;
      this.#keepConnected();
    });
    this.#keepConnected();
  }

  get socket(): Socket | undefined {
    return this.#inUse?.socket;
  }

  send(data: WebSocketData): void {
    if (this.#closing.signal.aborted) throw new TypeError("Cannot send: the connection is closed. Make another one.");
    const socket = this.socket;
    if (socket?.readyState === open) socket.send(data);
    else this.#unsent.push(data);
  }

  close(code: number = normal): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#stop();
    this.#inUse = undefined;
    this.#unsent.length = 0;
    for (const socket of this.#sockets) socket.close(code);
  }

  /** Connects until a connection with the newest token is in use. It doesn't reject. */
  async #keepConnected(): Promise<void> {
    if (this.#isConnecting) return;
    this.#isConnecting = true;
    if (this.#inUse && this.#isLasting(this.#inUse)) this.#failures = 0;
    const { signal } = this.#closing;
    for (let refusals = 0; !signal.aborted && (!this.#inUse || this.#isOutdated);) {
      if (this.#failures > 0) await this.#pause(signal);
      let credentials: Credentials | undefined;
      try {
        credentials = await this.#obtain();
        if (this.#inUse?.credentials !== credentials) this.#use(await this.#open(credentials), credentials);
        refusals = 0;
      } catch (error) {
        // By this connection, or by the authenticator's end.
        if ((error as Error).name === "AbortError") this.close();
        this.#failures++;
        this.#isOutdated = true;
        if (credentials && ++refusals > 1) this.#rejected = credentials;
        if (!signal.aborted && this.#options.onError) callQuietly(this.#options.onError, error as Error);
      }
    }
    this.#isConnecting = false;
  }

  #obtain(): Promise<Credentials> {
    const { signal } = this.#closing;
    const rejected = this.#rejected;
    this.#rejected = undefined;
    this.#isOutdated = false;
    return rejected
      ? this.#authenticator.refreshCredentials({ rejected, signal })
      : this.#authenticator.getCredentials({ signal });
  }

  #open(credentials: Credentials): Promise<Socket> {
    const { timeout = 10_000 } = this.#options;
    const error = () => new Error("Cannot open the WebSocket: it took too long.");
    return withDeadline({ timeout, error, signal: this.#closing.signal }, async (signal) => {
      const socket = await this.#connect(credentials);
      // One that was given up, while it opened or before, is of no use.
      if (signal.aborted) socket.close();
      else signal.addEventListener("abort", () => socket.close());
      await this.#watch(socket, credentials);
      return socket;
    });
  }

  /** Listens to a connection from now on; resolves when it is open. */
  #watch(socket: Socket, credentials: Credentials): Promise<void> {
    this.#sockets.add(socket);
    const opened = Promise.withResolvers<void>();
    socket.addEventListener("open", () => opened.resolve());
    socket.addEventListener("message", ({ data }) => this.#options.onMessage?.(data, socket));
    socket.addEventListener("error", () => opened.reject(new Error("Cannot open the WebSocket: it failed.")));
    socket.addEventListener("close", ({ code }) => {
      this.#sockets.delete(socket);
      opened.reject(new Error(`Cannot open the WebSocket: it was closed with code ${code}.`));
      this.#lose(socket, credentials, code);
    });
    if (socket.readyState === open) opened.resolve();
    return opened.promise;
  }

  /** Uses a connection that is open, and closes the one it replaces. */
  #use(socket: Socket, credentials: Credentials): void {
    const previous = this.socket;
    this.#inUse = { socket, credentials, since: performance.now() };
    for (const data of this.#unsent.splice(0)) socket.send(data);
    Promise.resolve(previous).then((previous) => this.#options.onOpen?.(socket, previous)).catch(() => {})
      .then(() => previous?.close(normal));
  }

  #lose(socket: Socket, credentials: Credentials, code = 0): void {
    const { isRejected = (code: number) => rejections.includes(code) } = this.#options;
    if (isRejected(code)) this.#rejected = credentials;
    if (this.#inUse?.socket !== socket) return;
    this.#failures = this.#isLasting(this.#inUse) ? 0 : this.#failures + 1;
    this.#inUse = undefined;
    this.#keepConnected();
  }

  #isLasting({ since }: InUse<Socket>): boolean {
    return performance.now() - since > soon;
  }

  /** Waits for half to all of a time that grows, or until it is closed. */
  async #pause(signal: AbortSignal): Promise<void> {
    const delay = Math.min(firstDelay * 2 ** (this.#failures - 1), this.#options.maxDelay ?? 30_000);
    await sleep(delay * (0.5 + Math.random() / 2), signal).catch(() => {});
  }
}
