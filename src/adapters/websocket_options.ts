/**
 * What WebSocket connections are told, and what they can do.
 *
 * @module
 */

import type { Credentials } from "../credentials.ts";

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
   * @param type What happens.
   * @param listener Takes the event: of `close` the `code` is read, of `message` the `data`.
   */
  // deno-lint-ignore no-explicit-any -- Events of browsers, of Node and of the package ws have no type in common.
  addEventListener(type: "open" | "message" | "close" | "error", listener: (event: any) => void): void;
}

/** Options of `reconnectingWebSocket`. */
export interface ReconnectingWebSocketOptions<Socket extends WebSocketLike> {
  /**
   * Opens a connection. Where a first message carries the token, send it by a listener of `open` that is added here; where
   * the server confirms it, return a promise that is fulfilled then, or rejected by an error that has the `code` of the close,
   * if there is one. Default: a `WebSocket` with the token in its header `authorization`, as Deno, Bun and Node send it;
   * workers and pages can't, and without `onError` that is reported as an uncaught error.
   */
  connect?: ((url: string, credentials: Credentials) => Socket | Promise<Socket>) | undefined;
  /**
   * Receives messages, of the connection in use and of one that is being replaced: where the server sends the same to all
   * connections, they come twice meanwhile. Default: none.
   */
  onMessage?: ((data: unknown, socket: Socket) => unknown) | undefined;
  /**
   * Receives each connection once it is open, and the one it replaces, which is closed when the promise returned is settled:
   * subscribe to what the old one has subscribed to, and wait for answers that it still owes. Messages that waited are sent
   * after what is sent here at once. Default: none.
   */
  onOpen?: ((socket: Socket, previous: Socket | undefined) => unknown) | undefined;
  /** Receives the reason why there was no token or no connection; it is tried again. Default: none. */
  onError?: ((error: Error) => unknown) | undefined;
  /** Tells by the code of a close whether the token was rejected. Default: 1008, 3000 and 4401 say so. */
  isRejected?: ((code: number) => boolean) | undefined;
  /** How long a connection may take to open, in milliseconds. Default: 10,000. */
  timeout?: number | undefined;
  /** How many messages wait for a connection at most; with more, `send` throws. Default: 1,000. */
  maxUnsent?: number | undefined;
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
   * @throws {Error} If `maxUnsent` messages wait for a connection.
   * @throws {TypeError} If it is closed.
   */
  send(data: WebSocketData): void;
  /**
   * Closes it permanently. Messages that wait for a connection are dropped.
   *
   * @param code Why: 1000, or from 3000 to 4999. Default: 1000.
   * @throws {RangeError} If the code is another.
   */
  close(code?: number): void;
}
