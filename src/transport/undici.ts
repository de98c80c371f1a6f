/**
 * Requests by undici, whichever copy of it is given: `fetch` and agent must come from the same one.
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";
import type { Opened } from "./lazy.ts";
import { parseProxyUrl } from "./proxy_url.ts";
import { readFromDisk, secureContext, tlsSettings } from "./secure_context.ts";
import type { TransportOptions } from "./transport.ts";

/** The little of undici that is needed here. Its own types would bring it to every program that has the core checked. */
export interface Undici {
  fetch(input: string | URL, init: Record<string, unknown>): Promise<unknown>;
  Agent: new (options: Record<string, unknown>) => Dispatcher;
  Pool: new (origin: URL, options: Record<string, unknown>) => Pool;
  ProxyAgent: new (options: Record<string, unknown>) => Dispatcher;
}

interface Dispatcher {
  close(): Promise<void>;
}

interface Pool extends Dispatcher {
  connect(options: unknown): Promise<{ statusCode: number; socket: { destroy(): void } }>;
}

/** Makes an agent of undici's, and the `fetch` that goes by it. */
export async function openUndici(undici: Undici, options: TransportOptions): Promise<Opened> {
  const settings = tlsSettings(await readFromDisk(options), options.verify);
  const tls = { secureContext: secureContext(settings), rejectUnauthorized: settings.rejectUnauthorized ?? true };
  const dispatcher = options.httpProxyUrl
    ? new undici.ProxyAgent({ ...proxySettings(undici, options.httpProxyUrl), requestTls: tls, proxyTls: tls })
    : new undici.Agent({ connect: tls });
  const fetch: Fetch = async (input, init) => {
    const { url, ...request } = await plain(input, init);
    return await undici.fetch(url, { ...request, dispatcher }) as Response;
  };
  return {
    fetch,
    // It would wait for bodies that are never read.
    close: () => void dispatcher.close().catch(() => {}),
  };
}

function proxySettings({ Pool }: Undici, httpProxyUrl: string): Record<string, unknown> {
  const { origin, authorization } = parseProxyUrl(httpProxyUrl);
  return {
    uri: origin,
    ...authorization && { token: authorization },
    // "http:" in absolute form, as everybody sends it: many a proxy opens tunnels to port 443 only.
    proxyTunnel: false,
    // Undici makes of a proxy's refusal that the request was cancelled.
    clientFactory(url: URL, settings: Record<string, unknown>) {
      const pool = new Pool(url, settings);
      const connect = pool.connect.bind(pool);
      pool.connect = async (options) => {
        const answer = await connect(options);
        if (answer.statusCode === 200) return answer;
        answer.socket.destroy();
        throw new Error(`the proxy refused a tunnel: ${answer.statusCode}`);
      };
      return pool;
    },
  };
}

/** A request in what every copy of undici knows: another's `Request` and `FormData` are strangers to it. */
async function plain(
  input: Parameters<Fetch>[0],
  init: RequestInit = {},
): Promise<Record<string, unknown> & { url: string }> {
  const isRequest = typeof input === "object" && "headers" in input;
  if (!isRequest && !(init.body instanceof FormData)) return { ...init, url: String(input) };
  const request = new Request(input, init);
  const { url, method, headers, signal, redirect } = request;
  // A form is written out, for its length: servers may insist on it (RFC 9110 §15.5.12).
  const body = init.body instanceof FormData ? new Uint8Array(await request.arrayBuffer()) : request.body;
  return { url, method, headers: [...headers], signal, redirect, body, ...body !== null && { duplex: "half" } };
}
