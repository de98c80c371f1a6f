/**
 * The transports by what their runtimes call themselves.
 *
 * @module
 */

import type { Transport, TransportOptions } from "./transport.ts";

/** A runtime that has a transport, as the first part of its `navigator.userAgent` says. */
export type HostName = "Deno" | "Bun" | "Node.js";

/** Makes a runtime's transport, and loads no other's. */
export async function openTransport(host: HostName, options: TransportOptions): Promise<Transport> {
  if (host === "Deno") return (await import("./deno.ts")).denoTransport(options);
  if (host === "Bun") return (await import("./bun.ts")).bunTransport(options);
  return (await import("./installed_undici.ts")).installedUndiciTransport(options);
}
