/**
 * A transport that is opened when it is needed.
 *
 * @module
 */

import { withCodes } from "./failure.ts";
import type { Fetch } from "../http/fetch.ts";
import type { Transport, TransportOptions } from "./transport.ts";

/** What sends requests now, and what it takes to be rid of it. */
export interface Opened {
  readonly fetch: Fetch;
  /** Frees what it holds, without waiting for what is under way. */
  close?(): void | Promise<void>;
}

/**
 * Opens at the first request, and again at the first after it was closed or couldn't be opened.
 */
export function lazyTransport(
  options: TransportOptions,
  open: (options: TransportOptions) => Promise<Opened>,
): Transport {
  checkTransportOptions(options);
  let current: Promise<Opened> | undefined;
  let opened: Opened | undefined;
  const close = async () => {
    const [opening, done] = [current, opened];
    current = opened = undefined;
    if (done !== undefined) await done.close?.();
    // What is still being opened may take for ever (a file on a dead mount): it is closed when it comes, if it does.
    else void opening?.then((late) => late.close?.()).catch(() => {});
  };
  const fetch: Fetch = async (input, init) => {
    const opening = current ??= open(options);
    try {
      const transport = await opening;
      if (current === opening) opened = transport;
      return await transport.fetch(input, init);
    } catch (error) {
      if (opened === undefined && current === opening) current = undefined;
      throw error;
    }
  };
  return { fetch: withCodes(fetch, options), close, [Symbol.asyncDispose]: close };
}

/** Throws a `TypeError` that says what to write instead; not what was written, which may hold a password. */
function checkTransportOptions({ httpProxyUrl, clientCertificate }: TransportOptions): void {
  if (httpProxyUrl && !(URL.canParse(httpProxyUrl) && /^https?:$/.test(new URL(httpProxyUrl).protocol))) {
    throw new TypeError(
      'httpProxyUrl must be an absolute URL, such as "http://user:p%23ss@proxy.example.com".',
    );
  }
  if (clientCertificate && !(clientCertificate.cert && clientCertificate.key)) {
    throw new TypeError("clientCertificate must hold cert and key.");
  }
}
