/**
 * Serves a `fetch` handler on this machine, on Deno, Bun and Node.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { UsageError } from "../usage_error.ts";

/** Answers a request. */
export type Handler = (request: Request) => Promise<Response>;

/** Listens on a port of 127.0.0.1, 0 being any free one; resolves to the origin. */
export function serveOnLoopback(port: number, makeHandler: (origin: string) => Handler): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const server = createServer();
  server.once("error", ({ code }: Error & { code?: string }) => {
    reject(
      new UsageError(
        code === "EADDRINUSE"
          ? `Port ${port} is taken. Pass another one by --port, or none for any that is free.`
          : `Port ${port} can't be listened on (${code}).`,
      ),
    );
  });
  server.listen(port, "127.0.0.1", () => {
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const handler = makeHandler(origin);
    server.on("request", (incoming: IncomingMessage, outgoing: ServerResponse) => {
      answer(incoming, outgoing, { origin, handler }).catch(() => outgoing.destroy());
    });
    resolve(origin);
  });
  return promise;
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { origin, handler }: { origin: string; handler: Handler },
): Promise<void> {
  const aborted = new AbortController();
  outgoing.once("close", () => aborted.abort());
  const { method = "GET", url = "/", rawHeaders } = incoming;
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) headers.append(rawHeaders[index]!, rawHeaders[index + 1]!);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const body = /^(GET|HEAD)$/.test(method) ? null : new Blob(chunks);
  const target = new URL(url.replace(/^\/+/, "/"), origin);
  const response = await handler(new Request(target, { method, headers, body, signal: aborted.signal }));
  outgoing.statusCode = response.status;
  for (const [name, value] of response.headers) outgoing.setHeader(name, value);
  outgoing.end(new Uint8Array(await response.arrayBuffer()));
}
