/**
 * A token endpoint and its API in one server on loopback, with and without TLS: for what is about the connection. It
 * may demand a client certificate.
 *
 * @module
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import type { KeyPair } from "./tls_certificates.ts";

const host = "127.0.0.1";

/** The one client it knows, and the token it gets. */
export const knownClient = {
  clientId: "my-client",
  clientSecret: "s3cret",
  accessToken: "token-of-my-client",
} as const;

/** Settings of {@linkcode startTlsServer}. */
export interface TlsServerOptions {
  /** The server's certificate. Default: none, and no TLS. */
  readonly certificate?: KeyPair;
  /** Demands a client certificate that this authority issued. Default: asks for none. */
  readonly clientAuthority?: string;
}

/** What {@linkcode startTlsServer} gives. */
export interface TlsServer extends AsyncDisposable {
  readonly origin: string;
  /** What was asked of it, oldest first: `POST /token`. */
  readonly requests: readonly string[];
  /** How many connections were made to it. */
  countConnections(): number;
}

/** Starts the server on a free port. */
export async function startTlsServer({ certificate, clientAuthority }: TlsServerOptions = {}): Promise<TlsServer> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    requests.push(`${request.method} ${request.url}`);
    void answer(request, response);
  };
  const mutual = clientAuthority && { ca: clientAuthority, requestCert: true, rejectUnauthorized: true };
  const server: Server = certificate
    ? createTlsServer({ ...certificate, ...mutual }, listener)
    : createServer(listener);
  server.on("connection", (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  // Handshakes that fail are what it is there for.
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    origin: `http${certificate ? "s" : ""}://${host}:${(server.address() as AddressInfo).port}`,
    requests,
    countConnections: () => connections,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://server.test");
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = await new Blob(chunks as Uint8Array<ArrayBuffer>[]).text();
  const { authorization } = request.headers;
  const say = (status: number, value: unknown, headers: Record<string, string> = {}) => {
    const text = JSON.stringify(value);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(headers["content-encoding"] === "gzip" ? gzipSync(text) : text);
  };
  const seen = {
    method: request.method,
    body,
    length: request.headers["content-length"],
    type: request.headers["content-type"],
    authorization: authorization?.split(" ")[0],
    client: (request.socket as Partial<TLSSocket>).getPeerCertificate?.()?.subject?.CN,
  };
  const { clientId, clientSecret, accessToken } = knownClient;
  switch (url.pathname) {
    case "/token":
      return authorization === `Basic ${btoa(`${clientId}:${clientSecret}`)}`
        ? say(200, { access_token: accessToken, token_type: "Bearer", expires_in: 3600 })
        : say(401, { error: "invalid_client" });
    case "/v1/projects":
      return authorization === `Bearer ${accessToken}` ? say(200, seen) : say(401, { message: "Unauthorized" });
    case "/gzip":
      return say(200, seen, { "content-encoding": "gzip" });
    case "/redirect":
      return void response.writeHead(307, { location: url.searchParams.get("to") ?? "/echo" }).end();
    case "/empty":
      return void response.writeHead(204, { "x-empty": "yes" }).end();
    case "/slow":
      return void setTimeout(() => say(200, seen), 100);
    case "/endless":
      response.writeHead(200);
      return void response.write("so far");
    default:
      return say(200, seen);
  }
}
