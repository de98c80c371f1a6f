/**
 * Codes for what is wrong with a proxy or a certificate.
 *
 * Each runtime has its own words for it: Deno those of rustls and hyper, Bun and Node the codes of OpenSSL and of Node.
 * None of them says which option would help, and without a code all of it would seem to be transient.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { isDenied } from "../http/network_errors.ts";
import type { TransportOptions } from "./transport.ts";

type Failure = readonly [
  pattern: RegExp,
  code: "proxy_failed" | "tls_failed" | "network_error",
  says: string,
  retryable: boolean,
];

const proxyLogin = "the proxy wants credentials. Write them in httpProxyUrl";
const proxyRefusal = "the proxy refused the tunnel";

/** The status of a proxy is in the message, except on Deno. */
const ofProxy: readonly Failure[] = [
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

const ofTls: readonly Failure[] = [
  [
    /certificate|CERT|UNABLE_TO_|ALTNAME|alert: |_ALERT_|EPROTO|InvalidContentType|WRONG_VERSION/i,
    "tls_failed",
    "the TLS handshake failed. Check its certificate, verify and clientCertificate",
    false,
  ],
  [
    /ECONNRESET|other side closed|close_notify|handshake eof|disconnected before secure|socket hang up/,
    "network_error",
    "it broke the connection off. It may want a clientCertificate, or another one",
    true,
  ],
];

/** Gives failures of a `fetch` a code. */
export function withCodes(fetch: Fetch, { httpProxyUrl }: TransportOptions): Fetch {
  const proxy = httpProxyUrl ? new URL(httpProxyUrl) : undefined;
  return async (input, init) => {
    const url = new URL(readUrl(input));
    const fail = (code: AuthenticationError["code"], says: string, retryable = false) =>
      new AuthenticationError(
        code,
        `Cannot reach ${url.origin}${proxy ? ` by way of ${proxy.origin}` : ""}: ${says}.`,
        {
          retryable,
        },
      );
    let response: Response;
    try {
      response = await fetch(input, init);
    } catch (error) {
      const signal = init?.signal ?? Object(input).signal;
      if (signal?.aborted || error instanceof AuthenticationError) throw error;
      if (isDenied(error)) {
        throw fail(
          "permission_denied",
          `not permitted. Run with --allow-net=${url.host}${proxy ? `,${proxy.host}` : ""}`,
        );
      }
      const words = readWords(error);
      const failures = [...proxy ? ofProxy : [], ...url.protocol === "https:" ? ofTls : []];
      for (const [pattern, code, says, retryable] of failures) {
        const match = pattern.exec(words);
        if (match) throw fail(code, match[1] ? `${says} (${match[1]})` : says, retryable);
      }
      throw error;
    }
    // RFC 9110 §15.5.8: only a proxy says so. Behind a tunnel there is none left to say it.
    if (response.status !== 407 || !proxy || url.protocol !== "http:") return response;
    void response.body?.cancel().catch(() => {});
    throw fail("proxy_failed", proxyLogin);
  };
}

/** The URL of what is given to `fetch`. */
export function readUrl(input: Parameters<Fetch>[0]): string {
  return String(typeof input === "object" && "url" in input ? input.url : input);
}

/** The codes and messages of an error and of its causes; not the URL in them, which may hold any words. */
function readWords(error: unknown): string {
  let words = "";
  for (let each = Object(error), depth = 0; each && depth < 5; each = each.cause, depth++) {
    words += `${each.code} ${each.message} `;
  }
  return words.replace(/https?:\/\/\S+/g, "");
}
