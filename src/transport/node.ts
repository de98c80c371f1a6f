/**
 * A transport for Node: an HTTP proxy, other certificate authorities, a client certificate.
 *
 * It imports undici: the `fetch` built into Node takes no agents of an installed undici.
 *
 * Where undici is installed, the constructor options `httpProxyUrl`, `verify` and `clientCertificate` do the same. Use
 * this in bundled programs, to build your own `fetch`, or to share one transport among authenticators and other code.
 *
 * ```ts ignore
 * // Not run: this is for Node.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { nodeTransport } from "@m2m/authenticator/transport/node";
 *
 * const transport = nodeTransport({ httpProxyUrl: "http://user:password@proxy.example.com:3128" });
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *   fetch: transport.fetch,
 * });
 * ```
 *
 * @module
 */

import * as undici from "undici";
import type { Fetch } from "../http/fetch.ts";
import {
  type ClientCertificate,
  createTransport,
  requireRuntime,
  type Transport,
  type TransportOptions,
} from "./transport.ts";
import { openUndici, type Undici } from "./undici.ts";

export type { ClientCertificate, Fetch, Transport, TransportOptions };

/**
 * Makes a transport by undici.
 *
 * @example A private authority and mutual TLS
 * ```ts ignore
 * // Not run: this is for Node.
 * import { nodeTransport } from "@m2m/authenticator/transport/node";
 *
 * const transport = nodeTransport({
 *   verify: "/etc/ssl/private-ca.pem",
 *   clientCertificate: { cert: "/etc/ssl/my-client.pem", key: "/etc/ssl/my-client.key" },
 * });
 * console.log((await transport.fetch("https://api.example.com/v1/projects")).status);
 * await transport.close();
 * ```
 *
 * @param options The proxy, the authorities, the certificate.
 * @returns The transport, not opened yet.
 * @throws {TypeError} If an option is invalid, or the runtime is neither Node nor Deno.
 */
export function nodeTransport(options: TransportOptions = {}): Transport {
  requireRuntime(["Node.js", "Deno"], "nodeTransport");
  return createTransport(options, (given) => openUndici(undici as unknown as Undici, given));
}
