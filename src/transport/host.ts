/**
 * The transport of the current runtime. All are imported statically: a service worker can load no part later.
 *
 * @module
 */

import { openBun } from "./bun_fetch.ts";
import { openDeno } from "./deno_clients.ts";
import { createTransport, type Transport, type TransportOptions } from "./transport.ts";
import { loadUndici, openUndici } from "./undici.ts";

/** Makes the transport for these options. Throws a `TypeError` on a runtime without one. */
export function hostTransport(options: TransportOptions): Transport {
  // Cloudflare's bundler replaces navigator.userAgent by its name, and drops the transports from a Worker.
  const transport = typeof navigator === "undefined" || navigator.userAgent === "Cloudflare-Workers"
    ? undefined
    : makeTransport(navigator.userAgent, options);
  if (transport) return transport;
  throw new TypeError(
    "Cannot use httpProxyUrl, verify or clientCertificate: this runtime has no transport; pass a fetch that does.",
  );
}

function makeTransport(userAgent: string, options: TransportOptions): Transport | undefined {
  if (userAgent.startsWith("Bun/")) return createTransport(options, openBun);
  if (userAgent.startsWith("Node.js/")) {
    return createTransport(options, async (options) => await openUndici(loadUndici(), options));
  }
  if (!userAgent.startsWith("Deno/")) return undefined;
  if (options.verify !== false) return createTransport(options, openDeno);
  throw new TypeError(
    "Cannot use verify: false on Deno here. Pass the fetch of denoTransport (@m2m/authenticator/transport/deno), or run " +
      "Deno with --unsafely-ignore-certificate-errors.",
  );
}
