/**
 * A WebSocket server that takes numbered tokens, in each place where clients put them, and ends connections with them.
 *
 * @module
 */

import { createServer, type IncomingMessage } from "node:http";
// @ts-types="npm:@types/ws@8.18.2"
import { type WebSocket, WebSocketServer } from "npm:ws@8.23.0";
import { listen } from "./loopback.ts";

/** How the server takes tokens: `upgrade` refuses the upgrade itself, others close the connection. */
export type TokenPlace = "header" | "query" | "subprotocol" | "message" | "upgrade";

/** The part of a request that is read: types of two versions of Node's meet here. */
type Upgrade = Pick<IncomingMessage, "headers" | "url">;

/** Starts it. */
export async function startWebSocketServer(place: TokenPlace) {
  const accepted = new Set<string>();
  const received: string[] = [];
  const seen: string[] = [];
  const sockets = new Map<WebSocket, string>();
  const server = createServer();
  const check = (token: string) => {
    seen.push(token);
    return accepted.has(token);
  };
  const socketServer = new WebSocketServer({
    server,
    handleProtocols: () => "chat",
    verifyClient: ({ req }: { req: Upgrade }) => place !== "upgrade" || check(readToken(req)),
  });

  /** Serves a connection whose token is accepted: echoes its messages. */
  function serve(socket: WebSocket, token: string): void {
    if (place !== "upgrade" && !check(token)) return socket.close(4401);
    sockets.set(socket, token);
    socket.on("close", () => sockets.delete(socket));
    socket.on("message", (data) => {
      received.push(String(data));
      socket.send(String(data));
    });
  }
  socketServer.on("connection", (socket, request) => {
    socket.on("error", () => {});
    if (place === "message") socket.once("message", (data) => serve(socket, String(data)));
    else serve(socket, readToken(request));
  });
  const { port, close } = await listen(server);
  return {
    origin: `http://127.0.0.1:${port}`,
    /** The messages, in the order they came. */
    received: received as readonly string[],
    /** The tokens of connections, in the order they came. */
    seen: seen as readonly string[],
    countConnections: () => sockets.size,
    accept: (token: string) => accepted.add(token),
    /** Takes a token no longer, and closes the connections that have it with this code; without one, breaks them. */
    end(token: string, code?: number) {
      accepted.delete(token);
      for (const [socket, own] of sockets) {
        if (own === token) code === undefined ? socket.terminate() : socket.close(code);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of socketServer.clients) socket.terminate();
      await close();
    },
  };
}

function readToken({ headers, url = "" }: Upgrade): string {
  const protocol = headers["sec-websocket-protocol"]?.split(", ").at(-1);
  return headers.authorization?.replace(/^Bearer /, "") ??
    new URL(url, "http://localhost").searchParams.get("access_token") ?? protocol ?? "";
}
