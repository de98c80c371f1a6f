/** Commands to a browser and events from it, by the Chrome DevTools Protocol. @module */
import { within } from "./within.ts";

/** An event of the browser. */
export interface DevToolsEvent {
  readonly method: string;
  // deno-lint-ignore no-explicit-any -- Each method has its own.
  readonly params: any;
  /** Its page or worker: see `Target.attachToTarget`. Absent: the browser as a whole. */
  readonly sessionId?: string;
}

interface Answer {
  readonly id: number;
  // deno-lint-ignore no-explicit-any -- Each method has its own.
  readonly result?: any;
  readonly error?: { readonly message: string };
}

/** How long one command may take, in milliseconds. */
const patience = 20_000;

/** A connection to a browser. Disposing of it closes it. */
export class DevTools implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #closed: Promise<void>;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  #lastId = 0;

  private constructor(socket: WebSocket, onEvent: (event: DevToolsEvent) => void) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const message: Answer | DevToolsEvent = JSON.parse(data);
      if ("method" in message) onEvent(message);
      else this.#waiting.get(message.id)?.resolve(message);
    };
    this.#closed = new Promise((resolve) => {
      socket.onclose = () => {
        for (const { reject } of this.#waiting.values()) reject(new Error("The browser hung up."));
        resolve();
      };
    });
  }

  /** Connects to the address that the browser printed. */
  static async connect(url: string, onEvent: (event: DevToolsEvent) => void): Promise<DevTools> {
    const socket = new WebSocket(url);
    const connection = new DevTools(socket, onEvent);
    const opened = new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new Error(`Cannot connect to ${url}`));
    });
    await within(patience, "connect to the browser", opened);
    return connection;
  }

  /** Sends a command; resolves to its result. */
  // deno-lint-ignore no-explicit-any -- Each method has its own.
  async send(method: string, params: Record<string, unknown> = {}, sessionId?: string): Promise<any> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<Answer>();
    this.#waiting.set(id, waiting);
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) }));
    try {
      const { result, error } = await within(patience, `do ${method}`, waiting.promise);
      if (error !== undefined) throw new Error(`Cannot do ${method}: ${error.message}`);
      return result;
    } finally {
      this.#waiting.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#closed;
  }
}
