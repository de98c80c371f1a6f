/**
 * The transport of the runtime this is, for options that its `fetch` alone doesn't know. All of it is imported
 * statically, so that one file, such as a service worker, can hold it.
 *
 * @module
 */

import { openBun } from "./bun_fetch.ts";
import { openDeno } from "./deno_clients.ts";
import { loadUndici } from "./installed_undici.ts";
import { lazyTransport } from "./lazy.ts";
import type { Transport, TransportOptions } from "./transport.ts";
import { openUndici } from "./undici.ts";

/** Makes the transport for these options. Throws a `TypeError` where the runtime has none. */
export function hostTransport(options: TransportOptions): Transport {
  // Cloudflare's bundler writes its name in here, and so leaves out of the bundle what no Worker can use.
  const transport = typeof navigator === "undefined" || navigator.userAgent === "Cloudflare-Workers"
    ? undefined
    : makeTransport(navigator.userAgent, options);
  if (transport) return transport;
  throw new TypeError(
    "httpProxyUrl, verify or clientCertificate can't be done on this runtime: pass a fetch that does it.",
  );
}

function makeTransport(userAgent: string, options: TransportOptions): Transport | undefined {
  if (userAgent.startsWith("Bun/")) return lazyTransport(options, openBun);
  if (userAgent.startsWith("Node.js/")) {
    return lazyTransport(options, async (options) => await openUndici(loadUndici(), options));
  }
  if (!userAgent.startsWith("Deno/")) return undefined;
  if (options.verify !== false) return lazyTransport(options, openDeno);
  throw new TypeError(
    "verify can't be false here on Deno: pass the fetch of denoTransport (@m2m/authenticator/transport/deno), or run " +
      "Deno with --unsafely-ignore-certificate-errors.",
  );
}
