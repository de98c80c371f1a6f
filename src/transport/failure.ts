/**
 * Says what is wrong with a proxy or a certificate, and what to do about it.
 *
 * Each runtime has its own words for it: Deno those of rustls and hyper, Bun and Node the codes of OpenSSL and of
 * Node. None of them says which setting would help, and to those who only see "fetch failed" all of it would seem to
 * pass by itself.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { parseProxyUrl } from "./proxy_url.ts";
import type { TransportOptions } from "./transport.ts";

type Reason = readonly [pattern: RegExp, reason: string];

/** None of these passes by itself. */
const tls: readonly Reason[] = [
  [
    /UnknownIssuer|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY|SELF_SIGNED|CaUsedAsEndEntity/,
    "its certificate is of an authority unknown here. Set verify to that authority's certificate.",
  ],
  [
    /certificate(: E| e)xpired|CERT_HAS_EXPIRED/,
    "its certificate has expired. Have it replaced, or set this clock right.",
  ],
  [/not valid yet|NotValidYet|CERT_NOT_YET_VALID/, "its certificate is not valid yet. Set this clock right."],
  [
    /CaUsedAsEndEntity/,
    "its certificate is an authority's own. Have the authority issue one for the server, or make it with CA:FALSE.",
  ],
  [
    /not valid for name|NotValidForName|ALTNAME_INVALID/,
    "its certificate is for another host. Use a name that the certificate holds.",
  ],
  [/invalid peer certificate|CERT_[A-Z]+_|CERT_REJECTED/, "its certificate can't be verified. Have it replaced."],
  [
    /alert: CertificateRequired|ALERT_CERTIFICATE_REQUIRED/,
    "it wants a client certificate. Set clientCertificate to one it takes.",
  ],
  [
    /alert: (UnknownCA|BadCertificate|(Unsupported)?Certificate|AccessDenied)|ALERT_(UNKNOWN_CA|\w*CERTIFICATE|ACCESS_)/,
    "it doesn't take the client certificate. Set clientCertificate to one it takes.",
  ],
  [
    /alert: \w+|_ALERT_|EPROTO|InvalidContentType|WRONG_VERSION/,
    "the TLS handshake failed. Check that it speaks TLS on this port, and whether it wants a client certificate " +
    "(clientCertificate).",
  ],
];

const unreachable = /tcp connect error|dns error|ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|ENETUNREACH|CONNECT_TIMEOUT/;
const proxyLogin = /tunnel: 407|proxy authentication required/i;
/** The proxy's status is in the message, except on Deno. */
const noTunnel = /tunnel: (\d{3})|unsuccessful tunnel/;
const closed = /ECONNRESET|other side closed|close_notify|handshake eof|disconnected before secure|socket hang up/;

/** `fetch`, with failures that say what to do. */
export function explained(fetch: Fetch, { httpProxyUrl }: TransportOptions): Fetch {
  const proxy = httpProxyUrl ? parseProxyUrl(httpProxyUrl).origin : undefined;
  return async (input, init) => {
    const request = typeof input === "object" && "url" in input ? input : undefined;
    const url = new URL(request ? request.url : String(input));
    let response: Response;
    try {
      response = await fetch(input, init);
    } catch (error) {
      const signal = init?.signal ?? (request ? request.signal : undefined);
      throw signal?.aborted ? error : explain(error, url, proxy);
    }
    // RFC 9110 §15.5.8: only a proxy says so. Behind a tunnel there is none left to say it.
    if (response.status === 407 && proxy !== undefined && url.protocol === "http:") {
      void response.body?.cancel().catch(() => {});
      throw explain(new Error("proxy authentication required"), url, proxy);
    }
    return response;
  };
}

/** An `AuthenticationError` where something can be done about it, else the error itself. */
function explain(error: unknown, url: URL, proxy: string | undefined): unknown {
  if (error instanceof AuthenticationError) return error;
  const words = allWords(error);
  const fail = (
    code: "permission_denied" | "tls_failed" | "proxy_failed" | "network_error",
    why: string,
    retryable = false,
  ) =>
    new AuthenticationError(code, `Cannot reach ${url.origin}${proxy ? ` by way of ${proxy}` : ""}: ${why}`, {
      retryable,
    });
  if (Object(error).name === "NotCapable") {
    // With a proxy it may be its host that isn't allowed.
    return fail(
      "permission_denied",
      `not permitted. Run with --allow-net=${[url.host, proxy && new URL(proxy).host].filter(Boolean).join()}.`,
    );
  }
  if (proxy !== undefined) {
    if (proxyLogin.test(words)) {
      return fail("proxy_failed", "the proxy wants credentials, or others. Write them in httpProxyUrl.");
    }
    const tunnel = noTunnel.exec(words);
    if (tunnel !== null) {
      const status = Number(tunnel[1] ?? NaN);
      const passes = !(status < 500) || status === 408 || status === 429;
      return fail(
        "proxy_failed",
        `the proxy refused the tunnel${status ? ` (${status})` : ""}. Ask who runs it.`,
        passes,
      );
    }
    if (unreachable.test(words)) return fail("proxy_failed", "the proxy doesn't answer. Check httpProxyUrl.", true);
  }
  const reason = tls.find(([pattern]) => pattern.test(words));
  if (url.protocol === "https:" && reason !== undefined) return fail("tls_failed", reason[1]);
  if (url.protocol === "https:" && closed.test(words)) {
    return fail(
      "network_error",
      "it broke the connection off. It may want a client certificate, or another one (clientCertificate).",
      true,
    );
  }
  return error;
}

/** The codes and messages of an error and of what caused it; not the URL in them, which may hold any words. */
function allWords(error: unknown): string {
  const words: string[] = [];
  for (let each = Object(error), depth = 0; depth < 5 && (each.message ?? each.code) !== undefined; depth++) {
    words.push(String(each.code ?? ""), String(each.message ?? ""));
    each = Object(each.cause);
  }
  return words.join(" ").replace(/https?:\/\/\S+/g, "");
}
