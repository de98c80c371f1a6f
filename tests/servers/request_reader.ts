/**
 * Reads HTTP/1.1 requests from a connection.
 *
 * @module
 */

/** A request as it arrived. For tests only: it has all secrets in it. */
export interface ArrivedRequest {
  /** When its head had arrived, in milliseconds since the epoch. */
  readonly time: number;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** Reads from one connection. Its methods return `undefined` or `false` where that ends too early. */
export class RequestReader {
  readonly #parts: AsyncIterator<Uint8Array>;
  #unread = new Uint8Array(0);

  constructor(connection: AsyncIterable<Uint8Array>) {
    this.#parts = connection[Symbol.asyncIterator]();
  }

  /** Waits for the first byte of a request. */
  async hasMore(): Promise<boolean> {
    return this.#unread.length > 0 || await this.#more();
  }

  /** Reads a whole request. */
  async read(): Promise<ArrivedRequest | undefined> {
    const head = await this.#through("\r\n\r\n");
    if (head === undefined) return undefined;
    const time = Date.now();
    const [requestLine = "", ...lines] = head.split("\r\n");
    const [method = "", path = ""] = requestLine.split(" ");
    const headers = new Headers();
    for (const line of lines) {
      const [, name, value] = /^([^:]+):(.*)$/.exec(line) ?? [];
      if (name) headers.append(name, value!.trim());
    }
    const isChunked = headers.get("transfer-encoding")?.toLowerCase() === "chunked";
    const body = await (isChunked ? this.#chunks() : this.#take(Number(headers.get("content-length") ?? 0)));
    return body && { time, method, path, headers, body };
  }

  /** Drops the bytes that are there or come next. */
  async skip(): Promise<boolean> {
    this.#unread = new Uint8Array(0);
    return await this.#more();
  }

  async #through(end: string): Promise<string | undefined> {
    let index: number;
    do {
      index = new TextDecoder("latin1").decode(this.#unread).indexOf(end);
    } while (index < 0 && await this.#more());
    const taken = index < 0 ? undefined : await this.#take(index + end.length);
    return taken && new TextDecoder("latin1").decode(taken).slice(0, index);
  }

  async #take(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (this.#unread.length < length) if (!await this.#more()) return undefined;
    const taken = this.#unread.slice(0, length);
    this.#unread = this.#unread.slice(length);
    return taken;
  }

  async #chunks(): Promise<Uint8Array | undefined> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    for (;;) {
      const length = parseInt(await this.#through("\r\n") ?? "", 16);
      const chunk = await this.#take(length + 2);
      if (!chunk || isNaN(length)) return undefined;
      if (length === 0) return await new Blob(chunks).bytes();
      chunks.push(chunk.slice(0, length));
    }
  }

  async #more(): Promise<boolean> {
    // An error is a connection that was reset.
    const { done, value } = await this.#parts.next().catch(() => ({ done: true, value: undefined }));
    if (done || !value) return false;
    this.#unread = await new Blob([this.#unread, value as Uint8Array<ArrayBuffer>]).bytes();
    return true;
  }
}
