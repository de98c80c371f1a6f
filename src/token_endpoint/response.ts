/**
 * Parses a token endpoint's answer (RFC 6749 §5).
 *
 * @module
 */

import { Credentials } from "../credentials.ts";
import { AuthenticationError, type AuthenticationErrorCode } from "../errors.ts";
import { freezeJson, parseJsonObject } from "../http/json.ts";
import { readRetryAfter } from "../http/retry_after.ts";
import type { ExplainRefusal, RefusalResponse } from "../jwt/clock_difference.ts";
import { adviseOn, describeOddities, type RejectedClient } from "./advice.ts";
import { readLifetime } from "./lifetime.ts";

/** A token endpoint's answer, read. */
export interface TokenResponse {
  status: number;
  headers: Headers;
  text: string;
}

/** The context of an answer. */
export interface TokenResponseContext extends RejectedClient {
  /** The token endpoint, as messages show it. */
  url: string;
  /** When the request was sent, in milliseconds since the epoch: lifetimes count from then. */
  requestedAt: number;
  /** The time now, in milliseconds since the epoch. */
  now: number;
  /** Redacts the request's secrets, and more, in a text of the server's. */
  sanitize: (text: string, ...more: string[]) => string;
  /** What has signed the request, and says more about a refusal. */
  signers?: readonly ({ readonly explainRefusal?: ExplainRefusal | undefined } | undefined)[] | undefined;
  /** Has the request signed and sent again. */
  repeat?: RefusalResponse["repeat"];
  /** The token types that are accepted. */
  tokenTypes: readonly string[];
  /** The type of the credentials, whatever the answer says. */
  tokenType?: string | undefined;
}

/** An OAuth error code as servers write them. RFC 6749's grammar also takes "Not Found", which says nothing. */
export const errorCode = /^[a-z][a-z0-9_.:-]{0,63}$/;

/** Transient OAuth error codes (RFC 6749 §4.1.2.1, RFC 8628 §3.5, RFC 9449 §8). */
const transientCode = /^(server_error|temporarily_unavailable|slow_down|authorization_pending|use_dpop_nonce)$/;

/** Permanent ones that are registered (RFC 6749 §5.2, RFC 8707 §2, RFC 8628 §3.5). */
const permanentCode =
  /^(invalid_(request|client|grant|scope|target)|unauthorized_client|unsupported_grant_type|access_denied|expired_token)$/;

/** Parses a token response. Throws an `AuthenticationError` that says why there are no credentials. */
export function parseTokenResponse(response: TokenResponse, context: TokenResponseContext): Credentials {
  const { status, text } = response;
  const { url, requestedAt, now, tokenTypes } = context;
  const answer = parseJsonObject(text);
  const { access_token: accessToken, refresh_token: refreshToken, token_type: type, scope, expires_in: _, ...others } =
    answer ?? {};
  const { error, error_description: description, message, detail, title } = others;
  // A token may come along with an error, and be quoted in it.
  const tokens = [accessToken, refreshToken].filter((token) => typeof token === "string" && token !== "") as string[];
  const sanitize = (text: string) => context.sanitize(text, ...tokens);
  // Some servers write a sentence elsewhere. What has no blank, or a long word, may hold a token.
  const isFailure = !(status >= 200 && status < 300);
  const sentences = [error, Object(error).message, ...isFailure ? [message, detail, title] : []];
  const explanation = typeof description === "string" && description ||
    sentences.find((text) => typeof text === "string" && /\S /.test(text) && !/\S{30}/.test(text));
  const fail = (code: AuthenticationErrorCode, state: string, retryable = false, oauthError?: string): never => {
    const refusal = { code, retryable, error: oauthError };
    const more = explain(context, refusal, {
      headers: response.headers,
      elapsed: now - requestedAt,
      repeat: context.repeat,
    });
    throw new AuthenticationError(code, `Cannot get a token from ${url}: ${state}${more ? ` ${more}` : ""}`, {
      status,
      retryable,
      error: oauthError,
      error_description: typeof explanation === "string" && sanitize(explanation) || undefined,
      retryAfter: readRetryAfter(response, now),
    });
  };

  // A registered code may happen to be a part of a secret; any other is shown only if it quotes none.
  const named = typeof error === "string" &&
      (transientCode.test(error) || permanentCode.test(error) || errorCode.test(error) && sanitize(error) === error)
    ? error
    : undefined;
  if (named !== undefined || isFailure) {
    const retryable = isTransient(status) || transientCode.test(named ?? "");
    // A 401 is about the client, whatever its body says.
    const oauthError = named ?? (status === 401 ? "invalid_client" : undefined);
    const code = retryable || !oauthError ? "token_endpoint_error" : "token_request_rejected";
    const about = { code, status, error: oauthError };
    const odd = mayConcernClient(about) ? describeOddities(context) : "";
    const todo = retryable && !oauthError
      ? "Try again later."
      : adviseOn(isClientRejected(about) ? "invalid_client" : oauthError ?? "", context);
    const said = named ?? "without an OAuth error code";
    const state = [`the server answered ${said} (${status}).`, odd, todo].filter(Boolean).join(" ");
    return fail(code, state, retryable, oauthError);
  }
  if (error || typeof accessToken !== "string" || !accessToken) {
    const state = answer ? "holds no access_token (RFC 6749 §5.1)." : `is no JSON object. ${adviseOn("", context)}`;
    return fail("invalid_response", `the answer ${state}`);
  }
  // Missing at some servers; and in any letter case (RFC 6749 §5.1).
  const given = type ?? "Bearer";
  const tokenType = context.tokenType ??
    tokenTypes.find((each) => typeof given === "string" && each.toLowerCase() === given.toLowerCase());
  if (tokenType === undefined) {
    return fail(
      "unsupported_token_type",
      `the token_type is not ${tokenTypes.join(" or ")} (RFC 6749 §7.1). If the API accepts it, set tokenType.`,
    );
  }
  const lifetime = readLifetime(answer!, accessToken, requestedAt);
  try {
    return new Credentials({
      accessToken,
      tokenType,
      expiresAt: lifetime === undefined ? undefined : requestedAt + lifetime,
      scope: typeof scope === "string" ? scope : undefined,
      refreshToken: typeof refreshToken === "string" && refreshToken || undefined,
      response: freezeJson(others),
    });
  } catch (error) {
    // It quotes nothing.
    return fail("invalid_response", (error as TypeError).message);
  }
}

/** Says more about a refusal, where the request's signer can: a function of the caller's, maybe. */
function explain({ signers }: TokenResponseContext, ...refusal: Parameters<ExplainRefusal>): string | undefined {
  try {
    return signers?.map((signer) => signer?.explainRefusal?.(...refusal)).find(Boolean);
  } catch {
    return undefined;
  }
}

/** Whether a status is transient. A 501 isn't: something isn't implemented. */
export function isTransient(status: number): boolean {
  return status >= 500 && status !== 501 || status === 429 || status === 425 || status === 408;
}

/** Whether the server rejected the client itself, whatever it asked for. A 401 says so by its status alone. */
export function isClientRejected(error: unknown): boolean {
  const { code, error: oauthError, status } = Object(error);
  return code === "token_request_rejected" && (status === 401 || /^invalid_client/.test(oauthError));
}

/** Whether another secret, or key, might be accepted: servers have many ways to say that this one isn't. */
export function mayConcernClient(error: unknown): boolean {
  const { code, error: oauthError, status } = Object(error);
  return isClientRejected(error) ||
    (code === "token_request_rejected"
      ? oauthError === "invalid_request"
      : code === "token_endpoint_error" && !oauthError && (status === 400 || status === 403));
}
