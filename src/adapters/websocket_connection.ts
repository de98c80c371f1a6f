/**
 * A connection that goes on by other connections.
 *
 * @module
 */

import type { Authenticator } from "../authenticator.ts";
import type { Credentials } from "../credentials.ts";
import { callQuietly } from "../events.ts";
import { sleep, withDeadline } from "../refresh/deadlines.ts";
import type {
  ReconnectingWebSocket,
  ReconnectingWebSocketOptions,
  WebSocketData,
  WebSocketLike,
} from "./websocket_options.ts";

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
    else if (this.#unsent.length < (this.#options.maxUnsent ?? 1_000)) this.#unsent.push(data);
    else {
      throw new Error(
        `Cannot send: ${this.#unsent.length} messages wait for a connection. Wait for onOpen, or raise maxUnsent.`,
      );
    }
  }

  close(code: number = normal): void {
    if (code !== normal && !(code >= 3000 && code <= 4999)) {
      throw new RangeError(`code must be 1000, or from 3000 to 4999: got ${code}.`);
    }
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
      let isMade = false;
      try {
        credentials = await this.#obtain();
        if (this.#inUse?.credentials !== credentials) {
          this.#use(await this.#open(credentials, () => isMade = true), credentials);
        }
        refusals = 0;
      } catch (error) {
        this.#failures++;
        this.#isOutdated = true;
        // What `connect` throws says nothing of the token, but where it tells the code of the close.
        if (credentials && (isMade ? ++refusals > 1 : this.#isRejection(error))) this.#rejected = credentials;
        if (!signal.aborted && this.#options.onError) callQuietly(this.#options.onError, error as Error);
        // By the authenticator's end.
        if (!credentials && (error as Error).name === "AbortError") this.close();
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

  #open(credentials: Credentials, onMade: () => void): Promise<Socket> {
    const { timeout = 10_000 } = this.#options;
    const error = () => new Error("Cannot open the WebSocket: it took too long.");
    return withDeadline({ timeout, error, signal: this.#closing.signal }, async (signal) => {
      const socket = await this.#connect(credentials);
      onMade();
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
    if (socket.readyState !== open) throw new Error("Cannot open the WebSocket: it was closed at once.");
    const previous = this.socket;
    this.#inUse = { socket, credentials, since: performance.now() };
    const opened = new Promise((resolve) => resolve(this.#options.onOpen?.(socket, previous)));
    // Subscriptions of `onOpen` come first.
    while (this.socket === socket && socket.readyState === open && this.#unsent.length > 0) {
      socket.send(this.#unsent.shift()!);
    }
    opened.catch(() => {}).then(() => previous?.close(normal));
  }

  #isRejection(close: unknown): boolean {
    const { code } = Object(close);
    const { isRejected = (code: number) => rejections.includes(code) } = this.#options;
    return typeof code === "number" && isRejected(code);
  }

  #lose(socket: Socket, credentials: Credentials, code: number | undefined): void {
    if (this.#isRejection({ code })) this.#rejected = credentials;
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
