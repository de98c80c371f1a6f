/**
 * An HTTP proxy on loopback: requests in absolute form for `http:`, and a tunnel by CONNECT for `https:` (RFC 9110
 * §9.3.6). It may require credentials, or refuse.
 *
 * @module
 */

import { createServer, type IncomingMessage, request as forward, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { host, listen } from "./loopback.ts";

export type Proxy = Awaited<ReturnType<typeof startProxy>>;

/**
 * Starts a proxy on a free port. It answers 407 without `credentials` (`user:password`), if they are given, or every
 * request with the status `refuseWith`.
 */
export async function startProxy({ credentials, refuseWith }: { credentials?: string; refuseWith?: number } = {}) {
  /** The requests it got, oldest first: `POST http://…/token`, `CONNECT 127.0.0.1:443`. */
  const requests: string[] = [];
  const required = credentials === undefined ? undefined : `Basic ${btoa(credentials)}`;

  /** Returns the status to refuse the request with, if it is refused. */
  function check({ method, url, headers }: IncomingMessage): number | undefined {
    requests.push(`${method} ${url}`);
    if (refuseWith !== undefined) return refuseWith;
    return required === undefined || required === headers["proxy-authorization"] ? undefined : 407;
  }

  const challenge = 'Basic realm="proxy"';
  const server = createServer((request, response) => {
    const status = check(request);
    if (status === undefined) relay(request, response);
    else response.writeHead(status, status === 407 ? { "proxy-authenticate": challenge } : {}).end();
  });
  server.on("connect", (request: IncomingMessage, client: Socket, head: Uint8Array) => {
    const status = check(request);
    if (status === undefined) return tunnel(String(request.url), client, head);
    const field = status === 407 ? `proxy-authenticate: ${challenge}\r\n` : "";
    client.end(`HTTP/1.1 ${status} Refused\r\n${field}content-length: 0\r\nconnection: close\r\n\r\n`);
  });
  const { port, close } = await listen(server);
  return { url: `http://${host}:${port}`, requests, [Symbol.asyncDispose]: close };
}

function relay(request: IncomingMessage, response: ServerResponse): void {
  const { "proxy-authorization": _, "proxy-connection": __, ...headers } = request.headers;
  const onward = forward(String(request.url), { method: request.method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.headersSent ? response.destroy() : response.writeHead(502).end());
  request.pipe(onward);
}

function tunnel(target: string, client: Socket, head: Uint8Array): void {
  const { hostname, port } = new URL(`http://${target}`);
  const server = connect(Number(port || 80), hostname, () => {
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) server.write(head);
    client.pipe(server).pipe(client);
  });
  server.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n"));
  server.on("close", () => client.destroy());
  client.on("error", () => {});
  client.on("close", () => server.destroy());
}
