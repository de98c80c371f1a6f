/**
 * A transport for Deno: an HTTP proxy, other certificate authorities, a client certificate.
 *
 * The constructor options `httpProxyUrl`, `verify` and `clientCertificate` do the same, except `verify: false`. Use this
 * for that, to build your own `fetch`, or to share one transport among authenticators and other code.
 *
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { denoTransport } from "@m2m/authenticator/transport/deno";
 *
 * await using transport = denoTransport({ httpProxyUrl: "http://user:password@proxy.example.com:3128" });
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({
 *     tokenEndpoint: "https://auth.example.com/oauth/token",
 *     scopes: ["api:read"],
 *     audience: "https://api.example.com",
 *   }),
 *   fetch: transport.fetch,
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * It needs `--allow-net` for the hosts of the servers and the proxy, and `--allow-read` for the files that are named.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { openDeno } from "./deno_clients.ts";
import { readUrl } from "./failure.ts";
import { readPems } from "./pem.ts";
import { parseProxyUrl } from "./proxy_url.ts";
import {
  type ClientCertificate,
  createTransport,
  type OpenTransport,
  requireRuntime,
  type Transport,
  type TransportOptions,
} from "./transport.ts";
import { createUnverifiedFetch } from "./unverified_fetch.ts";

export type { ClientCertificate, Fetch, Transport, TransportOptions };

/**
 * Makes a transport by `Deno.createHttpClient`.
 *
 * `verify: false` uses Deno's `node:tls`, over HTTP/1.1 with one connection a request: Deno has a switch for it only for
 * the whole process.
 *
 * A `clientCertificate` is shown to every server that asks, over connections of that origin alone. They are kept between
 * requests for the 16 origins used last.
 *
 * @example A private authority and mutual TLS
 * ```ts
 * import { denoTransport } from "@m2m/authenticator/transport/deno";
 *
 * await using transport = denoTransport({
 *   verify: "/etc/ssl/private-ca.pem",
 *   clientCertificate: { cert: "/etc/ssl/my-client.pem", key: "/etc/ssl/my-client.key" },
 * });
 * console.log(typeof transport.fetch); // function: pass it as `fetch`. The files are read at the first request.
 * ```
 *
 * @param options The proxy, the authorities, the certificate.
 * @returns The transport, not opened yet.
 * @throws {TypeError} If an option is invalid, or the runtime isn't Deno.
 */
export function denoTransport(options: TransportOptions = {}): Transport {
  requireRuntime(["Deno"], "denoTransport");
  return createTransport(options, options.verify === false ? openUnverified : openDeno);
}

/** Not imported: bundlers for the web would look for the modules. */
declare const process: { getBuiltinModule?: unknown };

/** Opens a transport that doesn't verify the certificates of `https:` servers, and sends other requests as usual. */
async function openUnverified(options: TransportOptions): Promise<OpenTransport> {
  if (process.getBuiltinModule === undefined) {
    throw new AuthenticationError(
      "invalid_config",
      "Cannot use verify: false on this old a Deno. Set verify to the server's CA, update Deno, or run it with " +
        "--unsafely-ignore-certificate-errors=<host>.",
    );
  }
  const { cert, key } = await readPems(options, (path) => Deno.readTextFile(path));
  const unverified = createUnverifiedFetch({ proxy: parseProxyUrl(options.httpProxyUrl), cert, key });
  const { fetch, close } = await openDeno(options);
  return {
    fetch: (input, init) => (readUrl(input).startsWith("https:") ? unverified : fetch)(input, init),
    ...close && { close },
  };
}
