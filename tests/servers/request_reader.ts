/**
 * Reads HTTP/1.1 requests from a connection, byte by byte as they came.
 *
 * @module
 */

/** A request as it arrived. For tests only: it has whatever was secret in it. */
export interface ArrivedRequest {
  /** When its head had arrived, in milliseconds since the epoch. */
  readonly time: number;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** Reads from one connection, and says `undefined` where it ends too early. */
export class RequestReader {
  readonly #parts: AsyncIterator<Uint8Array>;
  #unread = new Uint8Array(0);

  constructor(connection: AsyncIterable<Uint8Array>) {
    this.#parts = connection[Symbol.asyncIterator]();
  }

  /** Waits for the first byte of a request. Says no where the connection ends instead. */
  async hasMore(): Promise<boolean> {
    return this.#unread.length > 0 || await this.#more();
  }

  /** A whole request. */
  async read(): Promise<ArrivedRequest | undefined> {
    const head = await this.#through("\r\n\r\n");
    if (head === undefined) return undefined;
    const request = parseHead(head);
    const isChunked = request.headers.get("transfer-encoding")?.toLowerCase() === "chunked";
    const length = Number(request.headers.get("content-length") ?? 0);
    const body = isChunked ? await this.#chunks() : await this.#take(length);
    return body && { ...request, body };
  }

  /** Throws away what is there or comes next. Says no at the end. */
  async skip(): Promise<boolean> {
    this.#unread = new Uint8Array(0);
    return await this.#more();
  }

  async #through(end: string): Promise<string | undefined> {
    for (;;) {
      const text = new TextDecoder("latin1").decode(this.#unread);
      const index = text.indexOf(end);
      if (index >= 0) {
        this.#unread = this.#unread.slice(index + end.length);
        return text.slice(0, index);
      }
      if (!await this.#more()) return undefined;
    }
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
      const line = await this.#through("\r\n");
      if (line === undefined) return undefined;
      const length = parseInt(line, 16);
      const chunk = await this.#take(length + 2);
      if (chunk === undefined) return undefined;
      if (length === 0) return new Uint8Array(await new Blob(chunks).arrayBuffer());
      chunks.push(chunk.slice(0, length));
    }
  }

  async #more(): Promise<boolean> {
    try {
      const { done, value } = await this.#parts.next();
      if (done) return false;
      const both = new Uint8Array(this.#unread.length + value.length);
      both.set(this.#unread);
      both.set(value, this.#unread.length);
      this.#unread = both;
      return true;
    } catch {
      // Broken off.
      return false;
    }
  }
}

function parseHead(head: string): Omit<ArrivedRequest, "body"> {
  const [requestLine = "", ...lines] = head.split("\r\n");
  const [method = "", path = ""] = requestLine.split(" ");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { time: Date.now(), method, path, headers };
}
