/**
 * Requests by the `proxy` and `tls` settings of Bun's `fetch`.
 *
 * @module
 */

import { readTlsSettings } from "./pem.ts";
import type { OpenTransport, TransportOptions } from "./transport.ts";

/** Opens a transport by Bun's `fetch`. */
export async function openBun(options: TransportOptions): Promise<OpenTransport> {
  const { tls } = await readTlsSettings(options);
  const settings = { ...options.httpProxyUrl && { proxy: options.httpProxyUrl }, tls };
  return { fetch: (input, init) => fetch(input, { ...init, ...settings }) };
}
