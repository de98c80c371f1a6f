/**
 * Proxies and certificate authorities on Bun.
 *
 * @module
 */

import { isPem, type Transport, type TransportOptions } from "./host.ts";

/** The little of Bun that is needed here. */
declare const Bun: { file(path: string): { text(): Promise<string> } };

/** A transport by the `proxy` and `tls` settings of Bun's `fetch`. */
export async function bunTransport({ httpProxyUrl, verify }: TransportOptions): Promise<Transport> {
  const extension = {
    ...httpProxyUrl && { proxy: httpProxyUrl },
    ...typeof verify === "string" && { tls: { ca: isPem(verify) ? verify : await Bun.file(verify).text() } },
    ...verify === false && { tls: { rejectUnauthorized: false } },
  };
  return { fetch: (input, init) => fetch(input, { ...init, ...extension }) };
}
