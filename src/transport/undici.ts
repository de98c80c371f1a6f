/**
 * Requests by undici. `fetch` and agent must come from the same copy of it.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { readTlsSettings } from "./pem.ts";
import { parseProxyUrl, type ProxyUrl } from "./proxy_url.ts";
import type { OpenTransport, TransportOptions } from "./transport.ts";

/** The part of undici that is used. Its own types would come with every program that checks the core. */
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

declare const process: {
  argv: string[];
  cwd(): string;
  getBuiltinModule(name: "node:module"): { createRequire(from: string): (name: string) => unknown };
};

/**
 * Loads the undici that is installed with the program. The core can't import it: bundlers would put it into every
 * program for the web.
 */
export function loadUndici(): Undici {
  const { createRequire } = process.getBuiltinModule("node:module");
  try {
    // From the program, not from this file: "import.meta" is a syntax error in a bundle that isn't a module. From the
    // working folder only where there is no program (node -e): it may be any folder.
    return createRequire(process.argv[1] ?? `${process.cwd()}/`)("undici") as Undici;
  } catch {
    throw new AuthenticationError(
      "invalid_config",
      "Cannot use httpProxyUrl, verify or clientCertificate on Node without undici: npm install undici, or pass the fetch " +
        "of nodeTransport (@m2m/authenticator/transport/node).",
    );
  }
}

/** Opens a transport by an agent of undici's. */
export async function openUndici(undici: Undici, options: TransportOptions): Promise<OpenTransport> {
  const { tls: { rejectUnauthorized = true }, secureContext } = await readTlsSettings(options);
  const tls = { secureContext, rejectUnauthorized };
  const proxy = parseProxyUrl(options.httpProxyUrl);
  const dispatcher = proxy
    ? new undici.ProxyAgent({ ...buildProxySettings(undici, proxy), requestTls: tls, proxyTls: tls })
    : new undici.Agent({ connect: tls });
  const fetch: Fetch = async (input, init) => {
    const { url, ...request } = await toPlainRequest(input, init);
    return await undici.fetch(url, { ...request, dispatcher }) as Response;
  };
  return {
    fetch,
    // Not awaited: it would wait for bodies that are never read.
    close: () => void dispatcher.close().catch(() => {}),
  };
}

function buildProxySettings({ Pool }: Undici, { origin, authorization }: ProxyUrl): Record<string, unknown> {
  return {
    uri: origin,
    ...authorization && { token: authorization },
    // "http:" in absolute form: many proxies open tunnels to port 443 only.
    proxyTunnel: false,
    // Undici reports a proxy's refusal as a cancelled request.
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

/** Takes a request apart: undici doesn't know the `Request` and `FormData` of another copy. */
async function toPlainRequest(
  input: Parameters<Fetch>[0],
  init: RequestInit = {},
): Promise<Record<string, unknown> & { url: string }> {
  const isRequest = typeof input === "object" && "headers" in input;
  const isForm = init.body instanceof FormData;
  if (!isRequest && !isForm) return { ...init, url: String(input) };
  const request = new Request(input, init);
  const { url, method, headers, signal, redirect } = request;
  // A form is sent with its length: servers may require it (RFC 9110 §15.5.12).
  const body = isForm ? new Uint8Array(await request.arrayBuffer()) : request.body;
  return { url, method, headers: [...headers], signal, redirect, body, ...body !== null && { duplex: "half" } };
}
