/**
 * An HTTP proxy on loopback: requests in absolute form for `http:`, and a tunnel by CONNECT for `https:` (RFC 9110
 * §9.3.6). It wants credentials, or refuses, where told so.
 *
 * @module
 */

import { createServer, type IncomingMessage, request as forward, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

const host = "127.0.0.1";

/** Settings of {@linkcode startProxy}. */
export interface ProxyOptions {
  /** Wants these, as `user:password`, and answers 407 without them. Default: whoever comes may pass. */
  readonly credentials?: string;
  /** Answers every request with this status. Default: none is refused. */
  readonly refuseWith?: number;
}

/** What {@linkcode startProxy} gives. */
export interface Proxy extends AsyncDisposable {
  /** `http://127.0.0.1:port`, without credentials. */
  readonly url: string;
  /** What was asked of it, oldest first: `POST http://…/token`, `CONNECT 127.0.0.1:443`. */
  readonly requests: readonly string[];
}

/** Starts a proxy on a free port. */
export async function startProxy({ credentials, refuseWith }: ProxyOptions = {}): Promise<Proxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();

  /** The status to refuse with, if it is to be refused. */
  function judge({ method, url, headers }: IncomingMessage): number | undefined {
    requests.push(`${method} ${url}`);
    if (refuseWith !== undefined) return refuseWith;
    const wanted = credentials === undefined ? undefined : `Basic ${btoa(credentials)}`;
    return wanted === headers["proxy-authorization"] || wanted === undefined ? undefined : 407;
  }

  const server = createServer((request, response) => {
    const status = judge(request);
    if (status === undefined) relay(request, response);
    else response.writeHead(status, challenge(status)).end();
  });
  server.on("connection", (socket: Socket) => keep(sockets, socket));
  server.on("connect", (request: IncomingMessage, client: Socket, head: Uint8Array) => {
    const status = judge(request);
    if (status === undefined) return tunnel(String(request.url), client, head, sockets);
    const fields = Object.entries(challenge(status)).map(([name, value]) => `${name}: ${value}\r\n`).join("");
    client.end(`HTTP/1.1 ${status} Refused\r\n${fields}content-length: 0\r\nconnection: close\r\n\r\n`);
  });
  await listening(server);
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** A port nobody listens on: one that was free a moment ago. */
export async function deadPort(): Promise<number> {
  const server = createServer();
  await listening(server);
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => server.listen(0, host, () => resolve()));
}

function challenge(status: number): Record<string, string> {
  return status === 407 ? { "proxy-authenticate": 'Basic realm="proxy"' } : {};
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

function tunnel(target: string, client: Socket, head: Uint8Array, sockets: Set<Socket>): void {
  const { hostname, port } = new URL(`http://${target}`);
  const server = connect(Number(port || 80), hostname, () => {
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    if (head.length > 0) server.write(head);
    client.pipe(server).pipe(client);
  });
  keep(sockets, server);
  server.on("error", () => client.end("HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n"));
  server.on("close", () => client.destroy());
  client.on("close", () => server.destroy());
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.on("close", () => sockets.delete(socket));
  // Whoever breaks a connection off is known by what follows.
  socket.on("error", () => {});
}
