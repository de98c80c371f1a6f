/**
 * Requests by `Deno.createHttpClient`.
 *
 * @module
 */

import { readUrl } from "./failure.ts";
import { readPems, usePems } from "./pem.ts";
import { parseProxyUrl } from "./proxy_url.ts";
import type { OpenTransport, TransportOptions } from "./transport.ts";

/** Programs for the web are checked without Deno's types. */
interface HttpClient {
  close(): void;
}
declare const Deno: {
  createHttpClient(options: Record<string, unknown>): HttpClient;
  readTextFile(path: string): Promise<string>;
};

/** How many idle origins keep a client of their own. */
const maxClients = 16;

/**
 * Opens a transport by one client, or with a certificate by one client for each origin.
 *
 * Deno's client resumes TLS sessions of another port of the same host, if the server lets it, and shows no certificate
 * then. Endpoints for mutual TLS are often at another port (RFC 8705 §5).
 */
export async function openDeno(options: TransportOptions): Promise<OpenTransport> {
  const { ca, cert, key } = await readPems(options, (path) => Deno.readTextFile(path));
  const proxy = parseProxyUrl(options.httpProxyUrl);
  const open = () =>
    Deno.createHttpClient({
      ...proxy && { proxy: { url: proxy.origin, ...proxy.credentials && { basicAuth: proxy.credentials } } },
      ...ca && { caCerts: [ca] },
      ...cert && key && { cert, key },
    });
  const shared = usePems(open);
  let isOpen = true;
  /** By origin, the most recently used last. `active` counts requests without an answer, redirects included. */
  const own = new Map<string, { client: HttpClient; active: number }>();
  return {
    async fetch(input, init) {
      const url = readUrl(input);
      // A client opened after the close would stay open.
      if (!cert || !isOpen || !URL.canParse(url)) return await fetch(input, { ...init, client: shared } as RequestInit);
      const { origin } = new URL(url);
      const used = own.get(origin) ?? { client: open(), active: 0 };
      own.delete(origin);
      own.set(origin, used);
      used.active++;
      try {
        return await fetch(input, { ...init, client: used.client } as RequestInit);
      } finally {
        used.active--;
        for (const [oldest, { client, active }] of own) {
          if (own.size <= maxClients) break;
          if (active === 0 && own.delete(oldest)) client.close();
        }
      }
    },
    close() {
      isOpen = false;
      shared.close();
      for (const { client } of own.values()) client.close();
      own.clear();
    },
  };
}
