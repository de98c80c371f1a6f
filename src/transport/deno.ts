/**
 * Proxies and certificate authorities on Deno.
 *
 * @module
 */

import { isPem, type Transport, type TransportOptions } from "./host.ts";

/** A transport by `Deno.createHttpClient`. */
export async function denoTransport({ httpProxyUrl, verify }: TransportOptions): Promise<Transport> {
  const client = Deno.createHttpClient({
    ...httpProxyUrl && { proxy: proxy(new URL(httpProxyUrl)) },
    ...typeof verify === "string" && { caCerts: [isPem(verify) ? verify : await Deno.readTextFile(verify)] },
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
