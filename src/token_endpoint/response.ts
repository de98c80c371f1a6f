/**
 * Judges a token endpoint's answer (RFC 6749 §5), trusting none of it.
 *
 * @module
 */

import { Credentials, jwtLifetime, parseExpiresIn } from "../credentials.ts";
import { AuthenticationError, type AuthenticationErrorCode } from "../errors.ts";
import { parseJsonObject } from "../http/json.ts";
import { parseRetryAfter } from "../http/retry_after.ts";

/** A token endpoint's answer, read. */
export interface TokenResponse {
  status: number;
  headers: Headers;
  text: string;
}

/** What the answer is judged by. */
export interface TokenResponseContext {
  /** The token endpoint, as shown in messages. */
  tokenEndpoint: string;
  /** When the request was sent, in milliseconds since the epoch: lifetimes count from then. */
  requestedAt: number;
  /** The time now, in milliseconds since the epoch. */
  now: number;
  /** Makes a text of the server's fit to be shown. */
  clean: (text: string) => string;
  /** The types a token may be of. Default: `Bearer`. */
  tokenTypes?: readonly string[] | undefined;
}

/** An OAuth error code as servers write them. RFC 6749's grammar also takes "Not Found", which says nothing. */
export const errorCode = /^[a-z][a-z0-9_.:-]{0,63}$/;

/** OAuth error codes that pass by themselves (RFC 6749 §4.1.2.1, RFC 8628 §3.5, RFC 9449 §8). */
const passing = new Set([
  ...["server_error", "temporarily_unavailable", "slow_down", "authorization_pending", "use_dpop_nonce"],
]);

/** Those that don't (RFC 6749 §5.2, RFC 8707 §2, RFC 8628 §3.5). */
const lasting =
  /^(invalid_(request|client|grant|scope|target)|unauthorized_client|unsupported_grant_type|access_denied|expired_token)$/;

const wrongUrl = "Check that this URL is the token endpoint.";

/** What to do about the errors people meet most. */
const advice = new Map([
  [
    "invalid_client",
    "Check the client's id and its secret, key or certificate, and how the server wants it (clientAuth, basicEncoding).",
  ],
  ["invalid_scope", "Check scopes."],
  ["invalid_target", "Check audience and resource."],
  ["unauthorized_client", "Allow this client the grant at the server."],
]);

/** The credentials in the answer, or an `AuthenticationError` that says why there are none. */
export function judgeTokenResponse(response: TokenResponse, context: TokenResponseContext): Credentials {
  const { status, headers, text } = response;
  const { tokenEndpoint, requestedAt, now, clean, tokenTypes = ["Bearer"] } = context;
  const answer = parseJsonObject(text);
  const ok = status >= 200 && status < 300;
  // A token that comes along with an error, and is quoted in it, is none of anybody's business either.
  const show = (text: string) => {
    for (const token of [answer?.access_token, answer?.refresh_token]) {
      if (typeof token === "string" && token !== "") text = text.replaceAll(token, "[redacted]");
    }
    return clean(text);
  };
  const fail = (
    code: AuthenticationErrorCode,
    state: string,
    known: { retryable?: boolean; error?: string } = {},
  ) => {
    const description = typeof answer?.error_description === "string" ? show(answer.error_description) : "";
    return new AuthenticationError(code, `Cannot get a token from ${tokenEndpoint}: ${state}`, {
      status,
      ...known,
      error_description: description || undefined,
      retryAfter: parseRetryAfter(headers.get("retry-after"), now),
    });
  };

  const error = answer?.error;
  // A registered code may well be the secret of somebody careless, too; any other is shown only if it quotes none.
  const isCode = typeof error === "string" &&
    (lasting.test(error) || passing.has(error) || errorCode.test(error) && show(error) === error);
  if (isCode) {
    const retryable = passing.has(error) || isTrouble(status);
    throw fail(
      retryable ? "token_endpoint_failed" : "token_request_refused",
      `the server answered ${error} (${status}). ${advice.get(error) ?? ""}`.trim(),
      { error, retryable },
    );
  }
  if (!ok) {
    throw fail(
      "token_endpoint_failed",
      `the server answered ${status} without an OAuth error code. ${explainStatus(status)}`,
      { retryable: true },
    );
  }
  if (answer === undefined) {
    throw fail(
      "invalid_response",
      `the answer is ${/^\s*</.test(text) ? "a web page" : "no JSON object"}. ${wrongUrl}`,
    );
  }
  const { access_token: accessToken, scope, refresh_token: refreshToken } = answer;
  if (error || typeof accessToken !== "string" || accessToken === "") {
    throw fail("invalid_response", "the answer holds no access_token (RFC 6749 §5.1).");
  }
  // Missing at some servers; and in any letter case (RFC 6749 §5.1).
  const type = answer.token_type ?? "Bearer";
  const tokenType = tokenTypes.find((each) => typeof type === "string" && each.toLowerCase() === type.toLowerCase());
  if (tokenType === undefined) {
    throw fail("unsupported_token_type", `the token_type is not ${tokenTypes.join(" or ")} (RFC 6749 §7.1).`);
  }
  const lifetime = parseExpiresIn(answer.expires_in) ?? jwtLifetime(accessToken, requestedAt);
  try {
    return new Credentials({
      accessToken,
      tokenType,
      expiresAt: lifetime === undefined ? undefined : requestedAt + lifetime,
      scope: typeof scope === "string" ? scope : undefined,
      refreshToken: typeof refreshToken === "string" && refreshToken ? refreshToken : undefined,
    });
  } catch (error) {
    // It quotes nothing.
    throw fail("invalid_response", (error as TypeError).message);
  }
}

/** Whether a status passes by itself. A 501 doesn't: it says that something isn't implemented, with whatever code. */
export function isTrouble(status: number): boolean {
  return status >= 500 && status !== 501 || status === 429 || status === 408;
}

function explainStatus(status: number): string {
  if (status === 404 || status === 405) return wrongUrl;
  if (status === 407) return "A proxy wants credentials.";
  if (status === 401 || status === 403) {
    return "Check the client's id and its secret, and what stands before the server.";
  }
  return "Try again later.";
}
