/**
 * A TLS connection to a server whose certificate isn't looked at, through a proxy where there is one.
 *
 * @module
 */

import type * as Http from "node:http";
import type { Duplex } from "node:stream";
import type * as Tls from "node:tls";
import type { ProxyUrl } from "./proxy_url.ts";

/** Bundlers for the web would look for what is imported. */
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

/** Connects to the host of an `https:` URL. */
export async function connectUnverified(url: URL, options: UnverifiedOptions, signal: AbortSignal): Promise<Duplex> {
  const { proxy, cert, key } = options;
  const identity = cert && key ? { cert, key } : {};
  if (proxy === undefined) return await handshake(url, identity, signal);
  return await handshake(url, { ...identity, socket: await tunnel(url, proxy, signal) }, signal);
}

/** Of Node's modules `node:tls` alone: Deno's `node:https` asks for `--allow-sys`, to read authorities. */
function handshake({ hostname, port }: URL, options: Tls.ConnectionOptions, signal: AbortSignal): Promise<Duplex> {
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
  signal.addEventListener("abort", stop, { once: true });
  socket.once("secureConnect", () => resolve(socket));
  socket.once("error", reject);
  if (signal.aborted) stop();
  return promise.finally(() => {
    signal.removeEventListener("abort", stop);
    socket.off("error", reject);
  });
}

/** A tunnel to the URL's host, by CONNECT (RFC 9110 §9.3.6). */
async function tunnel(url: URL, { origin, authorization }: ProxyUrl, signal: AbortSignal): Promise<Duplex> {
  const proxy = new URL(origin);
  const secured = proxy.protocol === "https:" ? await handshake(proxy, {}, signal) : undefined;
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
  const answered = ({ statusCode }: Http.IncomingMessage, socket: Duplex | null) => {
    if (statusCode === 200) return resolve(socket!);
    (socket ?? request).destroy();
    reject(new Error(`the proxy refused a tunnel: ${statusCode}`));
  };
  request.on("connect", answered);
  request.on("response", answered);
  request.on("error", reject);
  request.end();
  return await promise;
}
