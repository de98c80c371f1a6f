/**
 * A token endpoint and its API in one server on loopback, with and without TLS, for tests of the connection. It may
 * require a client certificate.
 *
 * @module
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { TLSSocket } from "node:tls";
import { gzipSync } from "node:zlib";
import { host, listen } from "./loopback.ts";
import type { KeyPair } from "./tls_certificates.ts";

/** The one client it knows, and the token it gets. */
export const knownClient = {
  clientId: "my-client",
  clientSecret: "s3cret",
  accessToken: "token-of-my-client",
} as const;

/** Starts the server on a free port, by TLS if it has a certificate. It may require a client's of this authority. */
export async function startTlsServer(
  { certificate, clientAuthority }: { certificate?: KeyPair; clientAuthority?: string } = {},
) {
  /** The requests it got, oldest first: `POST /token`. */
  const requests: string[] = [];
  let connections = 0;
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    requests.push(`${request.method} ${request.url}`);
    void answer(request, response);
  };
  const mutual = clientAuthority && { ca: clientAuthority, requestCert: true, rejectUnauthorized: true };
  const server = certificate ? createTlsServer({ ...certificate, ...mutual }, listener) : createServer(listener);
  server.on("connection", () => void connections++);
  // Tests make handshakes fail.
  server.on("tlsClientError", () => {});
  const { port, close } = await listen(server);
  const origin = `http${certificate ? "s" : ""}://${host}:${port}`;
  return { origin, requests, countConnections: () => connections, [Symbol.asyncDispose]: close };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://server.test");
  const { authorization = "", "content-length": length, "content-type": type } = request.headers;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const seen = {
    method: request.method,
    body: await new Blob(chunks).text(),
    length,
    type,
    authorization: authorization.split(" ")[0] || undefined,
    client: (request.socket as Partial<TLSSocket>).getPeerCertificate?.()?.subject?.CN,
  };
  const say = (status: number, value: unknown = seen, headers: Record<string, string> = {}) => {
    const text = JSON.stringify(value);
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(headers["content-encoding"] === "gzip" ? gzipSync(text) : text);
  };
  const { clientId, clientSecret, accessToken: access_token } = knownClient;
  switch (pathname) {
    case "/token":
      return authorization === `Basic ${btoa(`${clientId}:${clientSecret}`)}`
        ? say(200, { access_token, token_type: "Bearer", expires_in: 3600 })
        : say(401, { error: "invalid_client" });
    case "/v1/projects":
      return authorization === `Bearer ${access_token}` ? say(200) : say(401, { message: "Unauthorized" });
    case "/gzip":
      return say(200, seen, { "content-encoding": "gzip" });
    case "/redirect":
      return void response.writeHead(307, { location: searchParams.get("to") ?? "/echo" }).end();
    case "/empty":
      return void response.writeHead(204, { "x-empty": "yes" }).end();
    case "/slow":
      return void setTimeout(() => say(200), 100);
    case "/endless":
      return void response.writeHead(200).write("so far");
    default:
      return say(200);
  }
}
