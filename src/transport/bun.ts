/**
 * A transport for Bun: an HTTP proxy, other certificate authorities, a client certificate.
 *
 * The constructor options `httpProxyUrl`, `verify` and `clientCertificate` do the same. Use this to build your own
 * `fetch`, or to share one transport among authenticators and other code.
 *
 * ```ts ignore
 * // Not run: this is for Bun.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { bunTransport } from "@m2m/authenticator/transport/bun";
 *
 * const { fetch } = bunTransport({ httpProxyUrl: "http://user:password@proxy.example.com:3128" });
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *   fetch,
 * });
 * ```
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";
import { openBun } from "./bun_fetch.ts";
import {
  type ClientCertificate,
  createTransport,
  requireRuntime,
  type Transport,
  type TransportOptions,
} from "./transport.ts";

export type { ClientCertificate, Fetch, Transport, TransportOptions };

/**
 * Makes a transport by the `proxy` and `tls` settings of Bun's `fetch`.
 *
 * Hosts in the environment's `NO_PROXY` are reached without the proxy.
 *
 * @example A private authority and mutual TLS
 * ```ts ignore
 * // Not run: this is for Bun.
 * import { bunTransport } from "@m2m/authenticator/transport/bun";
 *
 * const { fetch } = bunTransport({
 *   verify: "/etc/ssl/private-ca.pem",
 *   clientCertificate: { cert: "/etc/ssl/my-client.pem", key: "/etc/ssl/my-client.key" },
 * });
 * console.log((await fetch("https://api.example.com/v1/projects")).status);
 * ```
 *
 * @param options The proxy, the authorities, the certificate.
 * @returns The transport, not opened yet.
 * @throws {TypeError} If an option is invalid, or the runtime isn't Bun.
 */
export function bunTransport(options: TransportOptions = {}): Transport {
  requireRuntime(["Bun"], "bunTransport");
  return createTransport(options, openBun);
}
