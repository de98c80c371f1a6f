/**
 * Requests by the `proxy` and `tls` settings of Bun's `fetch`.
 *
 * @module
 */

import type { Opened } from "./lazy.ts";
import { readFromDisk, secureContext, tlsSettings } from "./secure_context.ts";
import type { TransportOptions } from "./transport.ts";

/** Reads what the settings need. */
export async function openBun(options: TransportOptions): Promise<Opened> {
  const { httpProxyUrl, verify } = options;
  const tls = tlsSettings(await readFromDisk(options), verify);
  // Of what is no good Bun's fetch says no more than that it can't open a socket.
  secureContext(tls);
  const settings = { ...httpProxyUrl && { proxy: httpProxyUrl }, tls };
  return { fetch: (input, init) => fetch(input, { ...init, ...settings }) };
}
