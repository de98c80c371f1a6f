/**
 * Checks how requests are to leave, before any does.
 *
 * @module
 */

import type { TransportOptions } from "./transport.ts";

/** Throws a `TypeError` that says what to write instead; not what was written, which may hold a password. */
export function checkTransportOptions({ httpProxyUrl, clientCertificate }: TransportOptions): void {
  if (httpProxyUrl && !(URL.canParse(httpProxyUrl) && /^https?:$/.test(new URL(httpProxyUrl).protocol))) {
    throw new TypeError(
      'httpProxyUrl must be an absolute URL, such as "http://user:p%23ss@proxy.example.com".',
    );
  }
  if (clientCertificate && !(clientCertificate.cert && clientCertificate.key)) {
    throw new TypeError("clientCertificate must hold cert and key.");
  }
}
