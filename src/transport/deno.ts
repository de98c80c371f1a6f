/**
 * A way out of one's own on Deno: an HTTP proxy, other certificate authorities, a client certificate.
 *
 * The constructor options `httpProxyUrl`, `verify` and `clientCertificate` do the same by themselves. This is for those
 * who build their own `fetch`, or share one way out among authenticators and other code.
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
import { lazyTransport, type Opened } from "./lazy.ts";
import { readPems, usePems } from "./pem.ts";
import { parseProxyUrl } from "./proxy_url.ts";
import { onlyOn } from "./only_on.ts";
import type { ClientCertificate, Transport, TransportOptions } from "./transport.ts";
import type { UnverifiedOptions } from "./unverified_connection.ts";

export type { ClientCertificate, Fetch, Transport, TransportOptions };

/**
 * A way out by `Deno.createHttpClient`.
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
  return lazyTransport(options, openClients);
}

async function openClients(options: TransportOptions): Promise<Opened> {
  const { ca, cert, key } = await readPems(options, (path) => Deno.readTextFile(path));
  const proxy = options.httpProxyUrl ? parseProxyUrl(options.httpProxyUrl) : undefined;
  const unverified = options.verify === false ? await loadUnverified({ proxy, cert, key }) : undefined;
  const open = () =>
    Deno.createHttpClient({
      ...proxy && {
        proxy: { url: proxy.origin, ...proxy.credentials && { basicAuth: proxy.credentials } },
      },
      ...ca && { caCerts: [ca] },
      ...cert && key && { cert, key },
    });
  const clients = new Clients(usePems(open), cert && key ? open : undefined);
  const verified: Fetch = (input, init) => clients.use(urlOf(input), (client) => fetch(input, { ...init, client }));
  return {
    fetch: (input, init) => (unverified !== undefined && isHttps(input) ? unverified : verified)(input, init),
    close: () => clients.close(),
  };
}

/** How many origins keep a client of their own, at rest. */
const mostClients = 16;

/** A client of one origin. */
interface OwnClient {
  readonly client: Deno.HttpClient;
  /** How many requests have no answer yet: a redirect that is followed asks for the client once more. */
  active: number;
}

/**
 * One client for all, or where a certificate is shown, one for each origin: a client of Deno's goes on with a TLS
 * session of another port of the same host, if the server lets it, and shows no certificate then. That is where
 * endpoints for mutual TLS often are (RFC 8705 §5).
 */
class Clients {
  readonly #shared: Deno.HttpClient;
  #open: (() => Deno.HttpClient) | undefined;
  /** By origin, the one that was used last at the end. */
  readonly #own = new Map<string, OwnClient>();

  constructor(shared: Deno.HttpClient, open: (() => Deno.HttpClient) | undefined) {
    this.#shared = shared;
    this.#open = open;
  }

  async use(url: string, request: (client: Deno.HttpClient) => Promise<Response>): Promise<Response> {
    if (this.#open === undefined || !URL.canParse(url)) return await request(this.#shared);
    const { origin } = new URL(url);
    const own = this.#own.get(origin) ?? { client: this.#open(), active: 0 };
    this.#own.delete(origin);
    this.#own.set(origin, own);
    own.active++;
    try {
      return await request(own.client);
    } finally {
      own.active--;
      this.#closeOldest();
    }
  }

  close(): void {
    for (const client of [this.#shared, ...[...this.#own.values()].map(({ client }) => client)]) client.close();
    this.#own.clear();
    // Nobody would close another one.
    this.#open = undefined;
  }

  /** Those that nobody waits for; a body that is being read goes on. */
  #closeOldest(): void {
    for (const [origin, { client, active }] of this.#own) {
      if (this.#own.size <= mostClients) return;
      if (active > 0) continue;
      this.#own.delete(origin);
      client.close();
    }
  }
}

/** Bundlers for the web would look for what is imported. */
declare const process: { getBuiltinModule?: unknown };

async function loadUnverified(options: UnverifiedOptions): Promise<Fetch> {
  if (process.getBuiltinModule !== undefined) {
    return (await import("./unverified_fetch.ts")).unverifiedFetch(options);
  }
  throw new AuthenticationError(
    "invalid_config",
    "Cannot use verify: false on this old a Deno. Set verify to the server's CA, update Deno, or run it with " +
      "--unsafely-ignore-certificate-errors=<host>.",
  );
}

function isHttps(input: Parameters<Fetch>[0]): boolean {
  return urlOf(input).startsWith("https:");
}

function urlOf(input: Parameters<Fetch>[0]): string {
  return String(typeof input === "object" && "url" in input ? input.url : input);
}
