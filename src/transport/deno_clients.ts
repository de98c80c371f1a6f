/**
 * Requests by `Deno.createHttpClient`.
 *
 * @module
 */

import { readUrl } from "./failure.ts";
import type { Opened } from "./lazy.ts";
import { readPems, usePems } from "./pem.ts";
import { parseProxyUrl } from "./proxy_url.ts";
import type { TransportOptions } from "./transport.ts";

/** The little of Deno that is needed here: programs for the web are checked without its types. */
interface HttpClient {
  close(): void;
}
declare const Deno: {
  createHttpClient(options: Record<string, unknown>): HttpClient;
  readTextFile(path: string): Promise<string>;
};

/** How many origins keep a client of their own, at rest. */
const mostClients = 16;

/**
 * Opens one client for all, or where a certificate is shown, one for each origin: a client of Deno's goes on with a TLS
 * session of another port of the same host, if the server lets it, and shows no certificate then. That is where
 * endpoints for mutual TLS often are (RFC 8705 §5).
 */
export async function openDeno(options: TransportOptions): Promise<Opened> {
  const { ca, cert, key } = await readPems(options, (path) => Deno.readTextFile(path));
  const proxy = options.httpProxyUrl ? parseProxyUrl(options.httpProxyUrl) : undefined;
  const open = () =>
    Deno.createHttpClient({
      ...proxy && { proxy: { url: proxy.origin, ...proxy.credentials && { basicAuth: proxy.credentials } } },
      ...ca && { caCerts: [ca] },
      ...cert && key && { cert, key },
    });
  const shared = usePems(open);
  let isOpen = true;
  /** By origin, the one that was used last at the end; `active` requests have no answer yet, redirects included. */
  const own = new Map<string, { client: HttpClient; active: number }>();
  return {
    async fetch(input, init) {
      const url = readUrl(input);
      // One that is opened after the end would stay open.
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
          if (own.size <= mostClients) break;
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
