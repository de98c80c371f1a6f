/**
 * Proxies and certificate authorities on Bun.
 *
 * @module
 */

import type { Transport, TransportOptions } from "./host.ts";
import { readPem } from "./pem.ts";

/** A transport by the `proxy` and `tls` settings of Bun's `fetch`. */
export async function bunTransport({ httpProxyUrl, verify }: TransportOptions): Promise<Transport> {
  const extension = {
    ...httpProxyUrl && { proxy: httpProxyUrl },
    ...typeof verify === "string" && { tls: { ca: await readPem(verify) } },
    ...verify === false && { tls: { rejectUnauthorized: false } },
  };
  return { fetch: (input, init) => fetch(input, { ...init, ...extension }) };
}
