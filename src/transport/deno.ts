/**
 * Proxies and certificate authorities on Deno.
 *
 * @module
 */

import type { Transport, TransportOptions } from "./host.ts";
import { readPem } from "./pem.ts";

/** A transport by `Deno.createHttpClient`. */
export async function denoTransport({ httpProxyUrl, verify }: TransportOptions): Promise<Transport> {
  const client = Deno.createHttpClient({
    ...httpProxyUrl && { proxy: proxy(new URL(httpProxyUrl)) },
    ...typeof verify === "string" && { caCerts: [await readPem(verify)] },
  });
  return {
    fetch: (input, init) => fetch(input, { ...init, client }),
    close: () => client.close(),
  };
}

function proxy(url: URL): Deno.Proxy {
  const { username, password, origin } = url;
  if (!username) return { url: origin };
  return {
    url: origin,
    basicAuth: { username: decodeURIComponent(username), password: decodeURIComponent(password) },
  };
}
