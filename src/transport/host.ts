/**
 * A `fetch` that goes through a proxy and verifies by other authorities, on runtimes that can.
 *
 * @module
 */

import type { Fetch } from "./fetch.ts";

/** What sends requests, and what it takes to be rid of it. */
export interface Transport {
  readonly fetch: Fetch;
  /** Frees what the transport holds. */
  close?(): void;
}

/** How bytes leave. */
export interface TransportOptions {
  /** An HTTP proxy. */
  httpProxyUrl?: string | undefined;
  /** `false`, a path, or PEM text. */
  verify?: boolean | string | undefined;
}

/**
 * The transport of the runtime this is. What belongs to one runtime is loaded at the first request, and by nobody who
 * has no use for it.
 */
export function hostTransport(options: TransportOptions): Transport {
  const { httpProxyUrl } = options;
  if (httpProxyUrl && !(URL.canParse(httpProxyUrl) && /^https?:$/.test(new URL(httpProxyUrl).protocol))) {
    throw new TypeError('httpProxyUrl must be an absolute URL, such as "http://proxy.example.com:3128".');
  }
  if ("Deno" in globalThis) {
    if (options.verify === false) {
      throw new TypeError(
        "verify: false can't be had for one client on Deno: run with --unsafely-ignore-certificate-errors=<host>, " +
          "or better set verify to the server's CA certificate.",
      );
    }
    return lazily(async () => (await import("./deno.ts")).denoTransport(options));
  }
  if ("Bun" in globalThis) return lazily(async () => (await import("./bun.ts")).bunTransport(options));
  throw new TypeError(
    "httpProxyUrl and verify can't be done on this runtime: pass a fetch that does (on Node, undici's fetch with its " +
      "ProxyAgent or Agent as dispatcher).",
  );
}

/** Whether a CA bundle is given as text; else it is the path of a file that holds it. */
export function isPem(bundle: string): boolean {
  return bundle.includes("-----BEGIN");
}

function lazily(load: () => Promise<Transport>): Transport {
  let loaded: Promise<Transport> | undefined;
  return {
    async fetch(input, init) {
      const { fetch } = await (loaded ??= load());
      return fetch(input, init);
    },
    close() {
      void loaded?.then((transport) => transport.close?.(), () => {});
    },
  };
}
