/**
 * Says why a token request got no answer of use: the network, the server, or the request itself couldn't be made.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { rootMessage } from "../http/network_errors.ts";
import { readRetryAfter } from "../http/retry_after.ts";
import type { DiagnosisCode } from "./codes.ts";
import type { Examination, Finding, TokenAttempt } from "./examination.ts";
import { describeFailure } from "./failure_advice.ts";
import { classifyFailure } from "./network_failure.ts";
import { readAdvice } from "./own_advice.ts";
import { findTokenEndpoint } from "./targets.ts";
import { classifyAttempt, describeRefusal } from "./token_refusal.ts";

const name = "token request";

/** What keeps a request from being sent, by the library's codes. Their messages end in what to do. */
const codes: Readonly<Record<string, DiagnosisCode>> = {
  insecure_endpoint: "http_endpoint",
  redirect_refused: "token_endpoint_redirects",
  proof_failed: "key_unusable",
  config_store_failed: "settings_unavailable",
  config_not_found: "settings_unavailable",
  response_too_large: "response_invalid",
};

/** Explains an error that isn't the token endpoint's. `method` is that of client authentication. */
export async function explainUnanswered(
  attempt: TokenAttempt,
  examination: Examination,
  method: string,
): Promise<Finding> {
  const { error } = attempt;
  const seen = examination.redact(error?.message ?? "No answer.");
  if (!(error instanceof AuthenticationError)) {
    const change = "Check the options: the authenticator's constructor refuses them.";
    return { name, status: "failed", code: "invalid_option", seen, change };
  }
  const own = error.code === "client_auth_unavailable"
    ? /jwt/.test(method) ? "key_unusable" : "secret_unreadable"
    : /Cannot authenticate by/.test(seen)
    ? "auth_method_unsupported"
    : codes[error.code];
  if (own) {
    const { cause } = error;
    // Secret and key were read before: what is called next is the caller's as well.
    const change = cause === undefined
      ? readAdvice(error.message)
      : `See to it that ${examination.nameOption("clientAuth")}, dpop and beforeTokenRequest do what they should.`;
    return {
      name,
      status: "failed",
      code: own,
      seen: seen.replace("see the cause", examination.redact(rootMessage(cause))),
      change,
    };
  }
  const url = findTokenEndpoint(examination)!;
  const found = classifyFailure(error, url.hostname);
  // An answer that broke off has as many messages as there are runtimes.
  const isBroken = found.code === "unexplained" && error.code === "network_error";
  const failure = isBroken ? { ...found, code: "connection_closed" as const } : found;
  const finding = await describeFailure(name, { role: "token endpoint", url }, failure, examination, seen);
  const { timeout } = examination.options;
  return error.code === "timeout" && timeout !== undefined
    ? { ...finding, change: `Raise ${examination.nameOption("timeout")} (${timeout} ms). Else: ${finding.change}` }
    : finding;
}

/** Explains a 429 or 5xx. */
export function explainUnavailable(attempt: TokenAttempt, examination: Examination): Finding {
  const last = attempt.exchanges.at(-1);
  const wait = last && readRetryAfter(last, last.receivedAt);
  const seconds = wait === undefined ? undefined : Math.ceil(wait / 1_000);
  const isLimited = classifyAttempt(attempt, examination) === "limited";
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
