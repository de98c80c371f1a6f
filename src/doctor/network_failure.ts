/**
 * What is wrong where no answer came, by the error of a `fetch` or a socket on any runtime.
 *
 * @module
 */

import { isDenied, readMessages } from "../http/network_errors.ts";
import type { DiagnosisCode } from "./codes.ts";

/** By the codes and messages of Node and Bun (OpenSSL, BoringSSL, undici) and Deno (rustls, hyper). The first match counts. */
const failures: readonly (readonly [pattern: RegExp, code: DiagnosisCode, state: string])[] = [
  [
    /tunnel: 407|proxy authentication required|\(407\)|proxy requires credentials/i,
    "proxy_login_required",
    "the proxy wants credentials",
  ],
  [/the proxy doesn't answer/, "proxy_unreachable", "the proxy doesn't answer"],
  [/tunnel|proxy_failed/i, "proxy_refused", "the proxy refuses the tunnel"],
  [/invalid_config/, "invalid_option", "a certificate or key of the options can't be used"],
  [
    /CERT_HAS_EXPIRED|certificate expired|certificate has expired|Expired|NOT_YET_VALID|NotValidYet/,
    "tls_expired",
    "its certificate has expired, or isn't valid yet",
  ],
  [
    /ALTNAME|NotValidForName|not valid for name|hostname mismatch/i,
    "tls_name_mismatch",
    "its certificate is for another name",
  ],
  [/CERTIFICATE_?REQUIRED|certificate required/i, "client_certificate_required", "it requires a client certificate"],
  [
    /alert.*(UNKNOWN_?CA|BAD_?CERTIFICATE|CERTIFICATE_?UNKNOWN|unknown ca|bad certificate|DecryptError)/i,
    "client_certificate_rejected",
    "it rejects the client certificate",
  ],
  [
    /WRONG_VERSION|wrong version|InvalidContentType|PACKET_LENGTH_TOO_LONG|packet length too long/i,
    "not_tls",
    "the port doesn't speak TLS",
  ],
  [
    /UnknownIssuer|UNABLE_TO_|SELF_SIGNED|self.signed|CaUsedAsEndEntity|unable to (get|verify)|unknown ?issuer/i,
    "tls_untrusted",
    "its certificate comes from an authority that isn't trusted here",
  ],
  [/alert|handshake|EPROTO|certificate|tls_failed|ERR_SSL/i, "tls_failed", "the TLS handshake failed"],
  [/ENOTFOUND|EAI_|dns error|failed to lookup/i, "name_not_resolved", "its name has no address"],
  [
    /ECONNREFUSED|ConnectionRefused|Connection refused|os error 111|Unable to connect/i,
    "connection_refused",
    "nothing listens at its address and port",
  ],
  [
    /timeout|timed out|no answer within|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|unreachable/i,
    "connection_timeout",
    "it doesn't answer in time",
  ],
  [
    /ECONNRESET|closed|socket hang up|IncompleteMessage|unexpected end|eof|broken pipe|Malformed/i,
    "connection_closed",
    "it closes the connection",
  ],
];

/** A failure's code, and its state as a predicate of the server. */
export interface NetworkFailure {
  readonly code: DiagnosisCode;
  readonly state: string;
}

/** Names the failure behind an error. */
export function classifyFailure(error: unknown, hostname: string): NetworkFailure {
  if (isDenied(error) || Object(error).code === "permission_denied") {
    return { code: "permission_denied", state: "the runtime may not reach it" };
  }
  const messages = readMessages(error, hostname);
  const [, code, state] = failures.find(([pattern]) => pattern.test(messages)) ?? unexplained;
  return { code, state };
}

const unexplained = [/./, "unexplained", "no answer came"] as const;
