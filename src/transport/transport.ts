/**
 * What a transport is, and what it is made from.
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";

/** A client's certificate and its private key, for servers that ask for one (mutual TLS, RFC 8705). */
export interface ClientCertificate {
  /** The certificate, followed by those of intermediate authorities: PEM text, or the path of a PEM file. */
  cert: string;
  /** The certificate's private key, not encrypted: PEM text, or the path of a PEM file. */
  key: string;
}

/** How requests leave. */
export interface TransportOptions {
  /**
   * An HTTP proxy for all requests, with its credentials where it wants some:
   * `http://user:password@proxy.example.com:3128`, both percent-encoded. Default: what the runtime does by itself.
   */
  httpProxyUrl?: string | undefined;
  /**
   * How servers' certificates are verified: `false` for not at all, or authorities to trust besides the runtime's own,
   * as PEM text or as the path of a PEM file. Default: `true`, by the runtime's own authorities.
   */
  verify?: boolean | string | undefined;
  /** The certificate to show to servers that ask for one. Default: none. */
  clientCertificate?: ClientCertificate | undefined;
}

/**
 * Sends requests by options that a runtime's `fetch` alone doesn't know. Nothing is opened and no file is read before the
 * first request. A request after `close` opens it again, and reads the files again.
 *
 * What is wrong with the proxy, a certificate or a file is an `AuthenticationError` with the code `proxy_failed`,
 * `tls_failed`, `invalid_config` or `permission_denied`; other failures are what the runtime's own `fetch` throws.
 */
export interface Transport extends AsyncDisposable {
  /** `fetch`, by this transport; bound, so that it can be passed to whatever takes a `fetch`. */
  readonly fetch: Fetch;
  /** Frees what the transport holds; what is under way may end. */
  close(): Promise<void>;
}
