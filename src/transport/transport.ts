/**
 * Transports: `fetch` by a proxy, other certificate authorities, or a client certificate.
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";
import { addErrorCodes } from "./failure.ts";

/** Holds a client's certificate and its private key, for mutual TLS (RFC 8705). */
export interface ClientCertificate {
  /** The certificate, followed by those of intermediate authorities: PEM text, or the path of a PEM file. */
  cert: string;
  /** The certificate's private key, not encrypted: PEM text, or the path of a PEM file. */
  key: string;
}

/** Configures how requests are sent. */
export interface TransportOptions {
  /**
   * An HTTP proxy for all requests, with credentials if it requires them, percent-encoded:
   * `http://user:password@proxy.example.com:3128`. Default: the runtime's own behaviour.
   */
  httpProxyUrl?: string | undefined;
  /**
   * How servers' certificates are verified: `false` for not at all, or authorities to trust besides the runtime's own,
   * as PEM text or as the path of a PEM file.
   *
   * @default {true}
   */
  verify?: boolean | string | undefined;
  /** How messages name a file given as `verify`: by the variable or key that it came from. Default: `verify`. */
  verifyName?: string | undefined;
  /** The certificate to show to servers that ask for one. Default: none. */
  clientCertificate?: ClientCertificate | undefined;
}

/**
 * Sends requests by options that the runtime's `fetch` doesn't have.
 *
 * The first request opens it and reads the files. After `close`, the next request does so again.
 *
 * A fault of the proxy, a certificate or a file is an `AuthenticationError` with the code `proxy_failed`, `tls_failed`,
 * `invalid_config` or `permission_denied`. Other errors are those of the runtime's own `fetch`.
 */
export interface Transport extends AsyncDisposable {
  /** Sends a request, as `fetch` does. It is bound, and can be passed on. */
  readonly fetch: Fetch;
  /** Frees the transport's connections. Requests under way may end. */
  close(): Promise<void>;
}

/** A transport's connections. */
export interface OpenTransport {
  readonly fetch: Fetch;
  /** Frees them, without waiting for requests under way. */
  close?(): void | Promise<void>;
}

/** Creates a transport that is opened by its first request, and again after it was closed or couldn't be opened. */
export function createTransport(
  options: TransportOptions,
  open: (options: TransportOptions) => Promise<OpenTransport>,
): Transport {
  checkOptions(options);
  let opening: Promise<OpenTransport> | undefined;
  let opened: OpenTransport | undefined;
  const close = async () => {
    const [late, done] = [opening, opened];
    opening = opened = undefined;
    if (done) await done.close?.();
    // Opening may never end (a file on a dead mount), so it isn't waited for.
    else void late?.then((it) => it.close?.()).catch(() => {});
  };
  const fetch: Fetch = async (input, init) => {
    const current = opening ??= open(options);
    try {
      const transport = await current;
      if (opening === current) opened = transport;
      return await transport.fetch(input, init);
    } catch (error) {
      if (opened === undefined && opening === current) opening = undefined;
      throw error;
    }
  };
  return { fetch: addErrorCodes(fetch, options), close, [Symbol.asyncDispose]: close };
}

/** The messages don't show the values: they may hold a password. */
function checkOptions({ httpProxyUrl, clientCertificate }: TransportOptions): void {
  if (httpProxyUrl && !(URL.canParse(httpProxyUrl) && /^https?:$/.test(new URL(httpProxyUrl).protocol))) {
    throw new TypeError('httpProxyUrl must be an absolute URL, such as "http://user:p%23ss@proxy.example.com".');
  }
  if (clientCertificate && !(clientCertificate.cert && clientCertificate.key)) {
    throw new TypeError("clientCertificate must hold cert and key.");
  }
}

/** Throws a `TypeError` on other runtimes than these (by their user agents), where `what` would have no effect. */
export function requireRuntime(names: readonly string[], what: string): void {
  const here = globalThis.navigator?.userAgent?.split("/")[0] ?? "";
  if (!names.includes(here)) throw new TypeError(`Cannot use ${what} on this runtime: it is for ${names[0]}.`);
}
