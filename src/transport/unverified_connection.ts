/**
 * TLS connections without verification of the server's certificate, through a proxy if there is one.
 *
 * @module
 */

import type * as Http from "node:http";
import type { Duplex } from "node:stream";
import type * as Tls from "node:tls";
import type { ProxyUrl } from "./proxy_url.ts";

/** Not imported: bundlers for the web would look for the modules. */
declare const process: {
  getBuiltinModule(name: "node:http"): typeof Http;
  getBuiltinModule(name: "node:tls"): typeof Tls;
};

/** How connections are made. */
export interface UnverifiedOptions {
  readonly proxy: ProxyUrl | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Connects to the host of an `https:` URL. The signal ends the connection at any time. */
export async function connectUnverified(url: URL, options: UnverifiedOptions, signal: AbortSignal): Promise<Duplex> {
  const { proxy, cert, key } = options;
  const socket = proxy && await openTunnel(url, proxy, signal);
  return await connectTls(url, { ...cert && key && { cert, key }, ...socket && { socket } }, signal);
}

/** Uses `node:tls` alone: Deno's `node:https` needs `--allow-sys`, to read authorities. */
function connectTls({ hostname, port }: URL, options: Tls.ConnectionOptions, signal: AbortSignal): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const host = hostname.replace(/^\[|\]$/g, "");
  const socket = process.getBuiltinModule("node:tls").connect({
    ...options,
    host,
    port: Number(port || 443),
    // RFC 6066 §3: an address is no server name.
    servername: /^[\d.]+$|:/.test(host) ? "" : host,
    rejectUnauthorized: false,
  });
  const stop = () => void socket.destroy(signal.reason);
  signal.addEventListener("abort", stop);
  socket.once("close", () => signal.removeEventListener("abort", stop));
  socket.once("secureConnect", () => resolve(socket));
  socket.on("error", reject);
  if (signal.aborted) stop();
  return promise;
}

/** Opens a tunnel to the URL's host, by CONNECT (RFC 9110 §9.3.6). */
export async function openTunnel(url: URL, { origin, authorization }: ProxyUrl, signal: AbortSignal): Promise<Duplex> {
  const proxy = new URL(origin);
  const secured = proxy.protocol === "https:" ? await connectTls(proxy, {}, signal) : undefined;
  const target = `${url.hostname}:${url.port || 443}`;
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  const request = process.getBuiltinModule("node:http").request({
    hostname: proxy.hostname,
    port: proxy.port || 80,
    method: "CONNECT",
    path: target,
    headers: { host: target, ...authorization && { "proxy-authorization": authorization } },
    agent: false,
    signal,
    ...secured && { createConnection: () => secured },
  });
  const settle = ({ statusCode }: Http.IncomingMessage, socket: Duplex | null) => {
    if (statusCode === 200) return resolve(socket!);
    (socket ?? request).destroy();
    reject(new Error(`the proxy refused a tunnel: ${statusCode}`));
  };
  request.on("connect", settle);
  request.on("response", settle);
  request.on("error", reject);
  request.end();
  return await promise;
}
