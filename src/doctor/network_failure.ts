/**
 * What is wrong where no answer came, by the error of a `fetch` or a socket on any runtime.
 *
 * @module
 */

import { isDenied, readMessages, rootMessage } from "../http/network_errors.ts";
import type { DiagnosisCode } from "./codes.ts";

/** A failure's code, and its state: a predicate of the server. */
export interface NetworkFailure {
  readonly code: DiagnosisCode;
  readonly state: string;
}

/**
 * By the codes and messages of Node and Bun (OpenSSL, BoringSSL, undici) and Deno (rustls, hyper). The first match counts:
 * alerts, which are the server's, before what the runtime says of the server's certificate.
 */
// deno-fmt-ignore
const failures: readonly (readonly [pattern: RegExp, code: DiagnosisCode, state: string])[] = [
  [/NotCapable|permission_denied/, "permission_denied", "the runtime may not reach it"],
  [/tunnel: 407|proxy authentication required|\(407\)|proxy requires credentials/i, "proxy_login_required", "the proxy wants credentials"],
  [/the proxy doesn't answer/, "proxy_unreachable", "the proxy doesn't answer"],
  [/tunnel|proxy_failed/i, "proxy_refused", "the proxy refuses the tunnel"],
  [/invalid_config/, "invalid_option", "a certificate or key of the options can't be used"],
  [/CERTIFICATE_?REQUIRED|certificate required/i, "client_certificate_required", "it asks for a client certificate"],
  [/alert.*(UNKNOWN_?CA|BAD_?CERTIFICATE|CERTIFICATE_?(UNKNOWN|EXPIRED|REVOKED)|UNSUPPORTED_?CERTIFICATE|DECRYPT_?ERROR|unknown ca|bad certificate|certificate (unknown|expired|revoked))/i, "client_certificate_rejected", "it rejects the client certificate"],
  [/UNRECOGNI[SZ]ED_?NAME|unrecognized name/i, "tls_name_mismatch", "it has no certificate for this name"],
  [/PROTOCOL_?VERSION|UNSUPPORTED_?PROTOCOL|protocol version|unsupported protocol/i, "tls_failed", "it speaks no version of TLS that this runtime accepts (1.2 or 1.3)"],
  [/alert.*HANDSHAKE_?FAILURE|HANDSHAKE_?FAILURE.*alert|handshake failure/i, "client_certificate_required", "it ends the handshake, as servers do without a client certificate that they accept"],
  [/CERT_HAS_EXPIRED|certificate (has )?expired|Expired|NOT_YET_VALID|NotValidYet/, "tls_expired", "its certificate has expired, or isn't valid yet"],
  [/ALTNAME|NotValidForName|not valid for name|hostname mismatch/i, "tls_name_mismatch", "its certificate is for another name"],
  [/WRONG_VERSION|wrong version|InvalidContentType|PACKET_LENGTH_TOO_LONG|packet length too long/i, "not_tls", "it doesn't speak TLS at this port"],
  [/UnknownIssuer|UNABLE_TO_|SELF_SIGNED|self.signed|CaUsedAsEndEntity|unable to (get|verify)|unknown ?issuer/i, "tls_untrusted", "its certificate comes from an authority that isn't trusted here"],
  [/alert|handshake|EPROTO|certificate|tls_failed|ERR_SSL/i, "tls_failed", "the TLS handshake fails"],
  [/ENOTFOUND|EAI_|dns error|failed to lookup/i, "name_not_resolved", "its name has no address"],
  [/HPE_|pars(e|ing) error|unexpected message|invalid HTTP|not match the HTTP|Malformed|InvalidHTTPResponse|BadStatus/i, "not_http", "what answers there doesn't speak HTTP"],
  [/ECONNREFUSED|ConnectionRefused|Connection refused|os error 111|Unable to connect/i, "connection_refused", "nothing listens at its address and port"],
  [/timeout|timed out|no answer within|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|unreachable/i, "connection_timeout", "it doesn't answer in time"],
  [/ECONNRESET|reset by peer|closed|socket hang up|IncompleteMessage|unexpected end|eof|broken pipe/i, "connection_closed", "it closes the connection"],
];

/** Names the failure behind an error. */
export function classifyFailure(error: unknown, hostname: string): NetworkFailure {
  const messages = `${isDenied(error) ? "NotCapable " : ""}${readMessages(error, hostname)}`;
  const found = failures.find(([pattern]) => pattern.test(messages));
  if (found) return { code: found[1], state: found[2] };
  // Without URLs, whose queries may hold secrets.
  const message = rootMessage(error).replace(/https?:\/\/\S+/g, "…").replace(/[^ -~…]+/g, " ").slice(0, 150);
  return { code: "unexplained", state: `no answer comes (${message})` };
}
