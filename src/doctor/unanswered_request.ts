/**
 * Says why a token request got no answer of use: the network, the server, or the request itself couldn't be made.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { readRetryAfter } from "../http/retry_after.ts";
import type { DiagnosisCode } from "./codes.ts";
import type { Examination, Finding, TokenAttempt } from "./examination.ts";
import { describeRefusal } from "./token_refusal.ts";

const name = "token request";

/** The code for each of the library's. */
const codes: Readonly<Record<string, DiagnosisCode>> = {
  network_error: "connection_closed",
  timeout: "connection_timeout",
  tls_failed: "tls_failed",
  proxy_failed: "proxy_unreachable",
  permission_denied: "permission_denied",
  redirect_refused: "token_endpoint_redirects",
  insecure_endpoint: "http_endpoint",
  client_auth_unavailable: "secret_unreadable",
  proof_failed: "key_unusable",
  config_store_failed: "settings_unavailable",
  config_not_found: "settings_unavailable",
  invalid_config: "invalid_option",
  response_too_large: "response_invalid",
};

/** Explains an error that isn't the token endpoint's. `method` is that of client authentication. */
export function explainUnanswered(attempt: TokenAttempt, examination: Examination, method: string): Finding {
  const { error } = attempt;
  const said = examination.redact(error?.message ?? "No answer.");
  if (!(error instanceof AuthenticationError)) {
    const change = "Check the options: the authenticator's constructor refuses them.";
    return { name, status: "failed", code: "invalid_option", seen: said, change };
  }
  let code = codes[error.code] ?? "token_request_refused";
  if (/certificate.?required|handshake.?failure|bad.?certificate|unknown.?ca/i.test(said) && code === "tls_failed") {
    code = examination.options.clientCertificate ? "client_certificate_rejected" : "client_certificate_required";
  }
  if (code === "proxy_unreachable" && /407|credentials|login/i.test(said)) code = "proxy_login_required";
  if (code === "secret_unreadable" && /jwt/.test(method)) code = "key_unusable";
  if (code === "invalid_option" && /Cannot authenticate by/.test(said)) code = "auth_method_unsupported";
  const changes: Partial<Record<DiagnosisCode, string>> = {
    connection_timeout: `Raise ${
      examination.nameOption("timeout")
    }, or find out why the server is slow for this client: it answers requests without credentials.`,
    connection_closed:
      "Try again; if it repeats, look for a firewall or gateway that ends connections with credentials.",
    client_certificate_required: `Set ${examination.nameOption("clientCertificate")}: { cert, key }.`,
    client_certificate_rejected: `Check that the server knows the certificate in ${
      examination.nameOption("clientCertificate")
    }, and trusts its authority.`,
    permission_denied: "Give the program the permission that the message names.",
  };
  // The library's own messages end in what to do.
  return { name, status: "failed", code, seen: said, change: changes[code] };
}

/** Explains a 429 or 5xx. */
export function explainUnavailable(attempt: TokenAttempt, examination: Examination): Finding {
  const last = attempt.exchanges.at(-1);
  const wait = last && readRetryAfter(last, last.receivedAt);
  const seconds = wait === undefined ? undefined : Math.ceil(wait / 1_000);
  const isLimited = last?.status === 429 || !(last && last.status >= 500);
  const asks = seconds === undefined ? "" : ` It asks to wait ${seconds} s.`;
  const seen = `The server ${isLimited ? "limits requests" : "fails"}: ${
    describeRefusal(attempt, examination)
  }.${asks}`;
  const later = seconds === undefined ? "Try again later" : `Try again in ${seconds} s`;
  return {
    name,
    status: "failed",
    code: isLimited ? "rate_limited" : "token_endpoint_failed",
    seen,
    change: isLimited
      ? `${later}. Share one authenticator (or ${examination.nameOption("tokenStore")}) rather than one for each call.`
      : `${later}; if it goes on, it is for the server's operator: its log says more.`,
  };
}
