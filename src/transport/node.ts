/**
 * A transport for Node: an HTTP proxy, other certificate authorities, a client certificate. It brings undici,
 * whose `fetch` and agents it uses: those built into Node don't take an agent of another copy.
 *
 * The constructor options `httpProxyUrl`, `verify` and `clientCertificate` do the same by themselves where undici is
 * installed. This is for programs that are bundled, that build their own `fetch`, or that share one transport among
 * authenticators and other code.
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
import { lazyTransport } from "./lazy.ts";
import { onlyOn } from "./only_on.ts";
import type { ClientCertificate, Transport, TransportOptions } from "./transport.ts";
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
 * @returns A `fetch`, and what it takes to be rid of it.
 * @throws {TypeError} On runtimes other than Node and Deno, which would pass the settings over.
 */
export function nodeTransport(options: TransportOptions = {}): Transport {
  onlyOn(["Node.js", "Deno"], "nodeTransport");
  return lazyTransport(options, (given) => openUndici(undici as unknown as Undici, given));
}
