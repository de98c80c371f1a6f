/**
 * Chooses the transport of the runtime this is.
 *
 * @module
 */

import { checkTransportOptions } from "./check_options.ts";
import type { Fetch } from "../http/fetch.ts";
import type { HostName } from "./host_transports.ts";
import type { Transport, TransportOptions } from "./transport.ts";

/** What sends requests, and what it takes to be rid of what it holds. */
export interface WayOut {
  readonly fetch: Fetch;
  close?(): Promise<void>;
}

/** The way out for these options, where the runtime has one. */
export function hostTransport(options: TransportOptions): WayOut {
  checkTransportOptions(options);
  const open = opener();
  if (open === undefined) {
    throw new TypeError(
      "httpProxyUrl, verify or clientCertificate can't be done on this runtime: pass a fetch that does it.",
    );
  }
  let transport: Promise<Transport> | undefined;
  return {
    async fetch(input, init) {
      transport ??= open(options).catch((error) => {
        transport = undefined;
        throw error;
      });
      return (await transport).fetch(input, init);
    },
    close: async () => (await transport?.catch(() => {}))?.close(),
  };
}

/** Loads what belongs to this runtime at the first request, and for nobody who has no use for it. */
function opener(): ((options: TransportOptions) => Promise<Transport>) | undefined {
  if (typeof navigator === "undefined") return undefined;
  const host = /^(Deno|Bun|Node\.js)\//.exec(navigator.userAgent)?.[1] as HostName | undefined;
  // Cloudflare's bundler writes its name in here, and so leaves out of the bundle what no Worker can use.
  return navigator.userAgent === "Cloudflare-Workers" ? undefined : host && (async (options) => {
    const { openTransport } = await import("./host_transports.ts");
    return await openTransport(host, options);
  });
}
