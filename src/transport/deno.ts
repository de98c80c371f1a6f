/**
 * A transport for Deno: an HTTP proxy, other certificate authorities, a client certificate.
 *
 * The constructor options `httpProxyUrl`, `verify` and `clientCertificate` do the same by themselves, but for
 * `verify: false`. This is for that, and for programs that build their own `fetch`, or share one transport among
 * authenticators and other code.
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
 * It needs `--allow-net` for the proxy's host besides the servers', and `--allow-read` for the files that are named.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { openDeno } from "./deno_clients.ts";
import { readUrl } from "./failure.ts";
import { lazyTransport, type Opened } from "./lazy.ts";
import { onlyOn } from "./only_on.ts";
import { readPems } from "./pem.ts";
import { parseProxyUrl } from "./proxy_url.ts";
import type { ClientCertificate, Transport, TransportOptions } from "./transport.ts";
import { unverifiedFetch } from "./unverified_fetch.ts";

export type { ClientCertificate, Fetch, Transport, TransportOptions };

/**
 * Makes a transport by `Deno.createHttpClient`.
 *
 * `verify: false`, for which Deno has no switch but the one for the whole process, goes by Deno's `node:tls`: over
 * HTTP/1.1 and with a connection for each request.
 *
 * With a `clientCertificate` each origin has connections of its own, for it is shown to each then. Those of the 16
 * origins that were called last are kept between requests.
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
 * @returns A `fetch`, and what it takes to be rid of it.
 * @throws {TypeError} On another runtime, which would pass the settings over.
 */
export function denoTransport(options: TransportOptions = {}): Transport {
  onlyOn(["Deno"], "denoTransport");
  return lazyTransport(options, options.verify === false ? openUnverified : openDeno);
}

/** Bundlers for the web would look for what is imported. */
declare const process: { getBuiltinModule?: unknown };

/** Sends `https:` requests without a look at the server's certificate, and all others as usual. */
async function openUnverified(options: TransportOptions): Promise<Opened> {
  if (process.getBuiltinModule === undefined) {
    throw new AuthenticationError(
      "invalid_config",
      "Cannot use verify: false on this old a Deno. Set verify to the server's CA, update Deno, or run it with " +
        "--unsafely-ignore-certificate-errors=<host>.",
    );
  }
  const { cert, key } = await readPems(options, (path) => Deno.readTextFile(path));
  const proxy = options.httpProxyUrl ? parseProxyUrl(options.httpProxyUrl) : undefined;
  const unverified = unverifiedFetch({ proxy, cert, key });
  const { fetch, close } = await openDeno(options);
  return {
    fetch: (input, init) => (readUrl(input).startsWith("https:") ? unverified : fetch)(input, init),
    ...close && { close },
  };
}
