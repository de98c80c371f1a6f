/**
 * `fetch` by a Unix socket, on Node, Deno and Bun: their `fetch` functions do it by three means, `node:http` by one.
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";

/** The part of Node's modules that is used. Bundlers for the web don't resolve it. */
declare const process: {
  getBuiltinModule(name: "node:http"): {
    request(options: object, answer: (response: SocketResponse) => void): SocketRequest;
  };
};

interface SocketRequest {
  on(event: "error", listener: (error: unknown) => void): void;
  end(body: string): void;
}

interface SocketResponse extends AsyncIterable<Uint8Array<ArrayBuffer>> {
  readonly statusCode?: number;
}

/** Whether this runtime can. */
export function hasUnixSockets(): boolean {
  return typeof process !== "undefined" && process.getBuiltinModule?.("node:http") !== undefined;
}

/** Makes a function that sends requests by a socket. Their bodies are texts. */
export function socketFetch(socketPath: string): Fetch {
  return (input, { method = "GET", headers, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const { host, pathname, search } = new URL(String(input));
      const options = {
        ...{ socketPath, method, path: pathname + search, signal: signal ?? undefined, agent: false },
        headers: { ...Object.fromEntries(new Headers(headers)), host },
      };
      const request = process.getBuiltinModule("node:http").request(options, (response) => {
        readAll(response).then((parts) => resolve(new Response(new Blob(parts), { status: response.statusCode! })))
          .catch(reject);
      });
      request.on("error", reject);
      request.end(typeof body === "string" ? body : "");
    });
}

async function readAll(response: SocketResponse): Promise<Uint8Array<ArrayBuffer>[]> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of response) parts.push(part);
  return parts;
}
