/**
 * What the servers on loopback share. Closing one leaves nothing of it.
 *
 * @module
 */

import type { Fetch } from "@m2m/authenticator";
import type { AddressInfo, Server, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export const host = "127.0.0.1";

/** Listens on a port, by default any free one. Returns it, and what closes the server with its connections. */
export function listen(server: Server, port = 0): Promise<{ port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return new Promise((resolve, reject) => {
    server.once("error", (error: Error & { code?: string }) => {
      reject(error.code === "EADDRINUSE" ? new Deno.errors.AddrInUse(error.message) : error);
    });
    server.listen(port, host, () => resolve({ port: (server.address() as AddressInfo).port, close }));
  });
}

/** Answers requests by a function. */
export function serve(answer: (request: Request) => Response | Promise<Response>, port = 0) {
  const server = Deno.serve({ hostname: host, port, onListen() {} }, answer);
  return { origin: `http://${host}:${server.addr.port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

/** Waits `ms` milliseconds, or less when `signal` aborts. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return sleep(ms, undefined, { signal }).catch(() => {});
}

/** Milliseconds since the epoch, with fractions. */
export const preciseNow = (): number => performance.timeOrigin + performance.now();

/** Waits until the condition holds, for 400 looks (two seconds) or as many as it is told. */
export async function until(condition: () => boolean, looks = 400): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > looks) throw new Error("Cannot wait any longer: the condition doesn't hold");
    await sleep(5);
  }
}

/** Calls a server for the status of its answer. */
export async function call({ fetch }: { fetch: Fetch }, ...request: Parameters<Fetch>): Promise<number> {
  const response = await fetch(...request);
  await response.body?.cancel();
  return response.status;
}
