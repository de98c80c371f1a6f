/**
 * Chooses the transport of the runtime this is.
 *
 * @module
 */

import { checkTransportOptions } from "./check_options.ts";
import type { Fetch } from "./fetch.ts";
import type { Transport, TransportOptions } from "./transport.ts";

/** What sends requests, and what it takes to be rid of what it holds. */
export interface WayOut {
  readonly fetch: Fetch;
  close?(): Promise<void>;
}

/** The way out for these options, where the runtime has one. */
export function hostTransport(options: TransportOptions): WayOut {
  checkTransportOptions(options);
  const load = loader();
  if (load === undefined) {
    throw new TypeError(
      "httpProxyUrl, verify or clientCertificate can't be done on this runtime: pass a fetch that does it.",
    );
  }
  let transport: Promise<Transport> | undefined;
  return {
    async fetch(input, init) {
      transport ??= load(options).catch((error) => {
        transport = undefined;
        throw error;
      });
      return (await transport).fetch(input, init);
    },
    close: async () => (await transport?.catch(() => {}))?.close(),
  };
}

/**
 * By what runtimes call themselves. What belongs to one is loaded at the first request, and by nobody who has no use
 * for it.
 */
function loader(): ((options: TransportOptions) => Promise<Transport>) | undefined {
  if (typeof navigator === "undefined") return undefined;
  // Cloudflare's bundler writes its name in here, and so leaves out of the bundle what no Worker can use.
  return navigator.userAgent === "Cloudflare-Workers" ? undefined : {
    "Deno": async (options: TransportOptions) => (await import("./deno.ts")).denoTransport(options),
    "Bun": async (options: TransportOptions) => (await import("./bun.ts")).bunTransport(options),
    "Node.js": async (options: TransportOptions) =>
      (await import("./installed_undici.ts")).installedUndiciTransport(options),
  }[navigator.userAgent.split("/")[0]!];
}
