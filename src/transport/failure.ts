/**
 * Error codes for faults of a proxy or a certificate.
 *
 * Each runtime has its own messages: Deno those of rustls and hyper, Bun and Node the codes of OpenSSL and of Node. None
 * says which option would help, and without a code each would count as transient.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { isDenied, readMessages, tlsFailure } from "../http/network_errors.ts";
import type { TransportOptions } from "./transport.ts";

type Failure = readonly [
  pattern: RegExp,
  code: "proxy_failed" | "tls_failed" | "network_error",
  text: string,
  retryable: boolean,
];

const proxyLogin = "the proxy requires credentials. Set them in httpProxyUrl";
const proxyRefusal = "the proxy refused the tunnel";

/** All but Deno's message tell the proxy's status. */
const proxyFailures: readonly Failure[] = [
  [/tunnel: 407|proxy authentication required/i, "proxy_failed", proxyLogin, false],
  [/tunnel: (408|429|5\d\d)|unsuccessful tunnel/, "proxy_failed", proxyRefusal, true],
  [/tunnel: (\d+)/, "proxy_failed", proxyRefusal, false],
  [
    /tcp connect error|dns error|ECONNREFUSED|ENOTFOUND|E(HOST|NET)UNREACH|CONNECT_TIMEOUT/,
    "proxy_failed",
    "the proxy doesn't answer. Check httpProxyUrl",
    true,
  ],
];

const tlsFailures: readonly Failure[] = [
  [
    tlsFailure,
    "tls_failed",
    "the TLS handshake failed. Check its certificate, verify and clientCertificate",
    false,
  ],
  [
    /ECONNRESET|other side closed|close_notify|handshake eof|disconnected before secure|socket hang up/,
    "network_error",
    "the server closed the connection. It may require a clientCertificate, or another one",
    true,
  ],
];

/** Wraps `fetch`, so that these failures are `AuthenticationError`s with a code. */
export function addErrorCodes(fetch: Fetch, { httpProxyUrl }: TransportOptions): Fetch {
  const proxy = httpProxyUrl ? new URL(httpProxyUrl) : undefined;
  return async (input, init) => {
    const url = new URL(readUrl(input));
    const fail = (code: AuthenticationError["code"], text: string, retryable = false) => {
      const target = proxy ? `${url.origin} by way of ${proxy.origin}` : url.origin;
      return new AuthenticationError(code, `Cannot reach ${target}: ${text}.`, { retryable });
    };
    let response: Response;
    try {
      response = await fetch(input, init);
    } catch (error) {
      const signal = init?.signal ?? Object(input).signal;
      if (signal?.aborted || error instanceof AuthenticationError) throw error;
      if (isDenied(error)) {
        const hosts = proxy ? `${url.host},${proxy.host}` : url.host;
        throw fail("permission_denied", `not permitted. Run with --allow-net=${hosts}`);
      }
      const messages = readMessages(error, url.hostname);
      for (
        const [pattern, code, text, retryable] of [
          ...proxy ? proxyFailures : [],
          ...url.protocol === "https:" ? tlsFailures : [],
        ]
      ) {
        const match = pattern.exec(messages);
        if (match) throw fail(code, match[1] ? `${text} (${match[1]})` : text, retryable);
      }
      throw error;
    }
    // RFC 9110 §15.5.8: only a proxy answers so; through a tunnel it can't.
    if (response.status !== 407 || !proxy || url.protocol !== "http:") return response;
    void response.body?.cancel().catch(() => {});
    throw fail("proxy_failed", proxyLogin);
  };
}

/** Reads the URL that `fetch` is given. */
export function readUrl(input: Parameters<Fetch>[0]): string {
  return String(typeof input === "object" && "url" in input ? input.url : input);
}
