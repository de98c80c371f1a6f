/**
 * The error of everything but wrong arguments.
 *
 * @module
 */

/**
 * Says why no token was issued. Stable: codes may be added, and none changes its meaning.
 *
 * | code | what happened | `retryable` |
 * |---|---|---|
 * | `config_store_failed` | the config store threw (its error is the `cause`), or what it asks over the network answered with a failure | for 408, 429 and 5xx |
 * | `config_not_found` | the config store has no settings, or nothing is published where it looks; a chain asks the next one | no |
 * | `invalid_config` | the config store answered something unusable, the server doesn't support this client authentication, or a certificate, key or CA of the settings is damaged | no |
 * | `insecure_endpoint` | the token endpoint is `http:` and not on loopback | no |
 * | `client_auth_unavailable` | what gives the secret, key, assertion or token threw (its error is the `cause`) or gave none, or a key can't be used | no, but for a platform that fails for now (`./workload/…`) |
 * | `proof_failed` | a proof of possession couldn't be made: its key can't be had, or doesn't sign | no |
 * | `permission_denied` | the runtime may not reach a server or the proxy, or read a file or variable of the settings (Deno without `--allow-net`, `--allow-read`, `--allow-env`) | no |
 * | `network_error` | the token endpoint, or a server that is asked for settings, could not be reached, or the connection broke | yes |
 * | `tls_failed` | a certificate, the server's or the client's, isn't accepted, or the port speaks no TLS | no |
 * | `proxy_failed` | the proxy can't be reached, wants other credentials, or refuses | unless it refuses permanently |
 * | `timeout` | an answer took longer than `timeout`, or all of it longer than `retry.totalTimeout` | yes |
 * | `redirect_refused` | a redirect, of the token endpoint, of published settings or (in browsers) of the API, that could give a credential away | no |
 * | `response_too_large` | an answer is over 1 MiB | no |
 * | `invalid_response` | the token endpoint's answer is not a token response (RFC 6749 §5.1) | no |
 * | `unsupported_token_type` | the token is not a `Bearer` token, or where `dpop` is set not a `DPoP` token | no |
 * | `refresh_limited` | rejected credentials were reported again within a short time, or can't be refreshed yet; `retryAfter` says when | yes |
 * | `token_request_rejected` | the authorization server refused, with an OAuth error code (RFC 6749 §5.2) in `error`; a 401 that names none counts as `invalid_client` | no |
 * | `token_endpoint_error` | the token endpoint failed (408, 425, 429, 5xx, `temporarily_unavailable` and kin), or answered without an OAuth error code (404, a firewall's 403) | for the former, but not for 501 |
 */
export type AuthenticationErrorCode =
  | "config_store_failed"
  | "config_not_found"
  | "invalid_config"
  | "insecure_endpoint"
  | "client_auth_unavailable"
  | "proof_failed"
  | "permission_denied"
  | "network_error"
  | "tls_failed"
  | "proxy_failed"
  | "timeout"
  | "redirect_refused"
  | "response_too_large"
  | "invalid_response"
  | "unsupported_token_type"
  | "token_request_rejected"
  | "token_endpoint_error"
  | "refresh_limited";

/** Options of an {@linkcode AuthenticationError}. */
export interface AuthenticationErrorOptions {
  /** HTTP status of the server's answer. Default: none, where no answer came. */
  status?: number | undefined;
  /** Whether the same request may succeed later with nothing changed. Default: `false`. */
  retryable?: boolean | undefined;
  /** The server's OAuth error code (RFC 6749 §5.2). */
  error?: string | undefined;
  /** The server's explanation (RFC 6749 §5.2), with secrets redacted. */
  error_description?: string | undefined;
  /** How long the server asked to wait, in milliseconds (`Retry-After`, RFC 9110 §10.2.3). */
  retryAfter?: number | undefined;
  /** The error thrown by the caller's own code, never one that may hold a secret of ours. */
  cause?: unknown;
}

/**
 * Says why no token was issued: `code` why, `retryable` whether to try again later, the message what to do.
 *
 * It holds no secret, token, assertion or response body: the server's `error_description` is cut to 300 printable
 * characters, and secrets of the request are redacted in it.
 *
 * @example Telling a wrong secret from an unavailable server
 * ```ts
 * import { AuthenticationError, getToken } from "@m2m/authenticator";
 *
 * try {
 *   await getToken("https://auth.example.com/oauth/token", {
 *     clientId: "my-client",
 *     clientSecret: "not my secret",
 *   });
 * } catch (error) {
 *   if (!(error instanceof AuthenticationError)) throw error;
 *   console.log(error.code, error.status, error.error, error.retryable);
 *   // token_request_rejected 401 invalid_client false
 * }
 * ```
 */
export class AuthenticationError extends Error {
  /** Always `"AuthenticationError"`. */
  override readonly name = "AuthenticationError";
  /** Why, in a stable word. */
  readonly code: AuthenticationErrorCode;
  /** Whether the same request may succeed later with nothing changed. */
  readonly retryable: boolean;
  /** HTTP status of the server's answer, where one came. */
  declare readonly status?: number;
  /** The server's OAuth error code (RFC 6749 §5.2), where it gave one. */
  declare readonly error?: string;
  /** The server's explanation (RFC 6749 §5.2), where it gave one. */
  declare readonly error_description?: string;
  /** How long to wait before the next try, in milliseconds: as the server asked (RFC 9110 §10.2.3), or the back-off. */
  declare readonly retryAfter?: number;

  /**
   * Makes an error, for config stores and client authentication of your own.
   *
   * @param code Why, in a stable word.
   * @param message What failed, and what to do about it.
   * @param options What else is known.
   */
  constructor(code: AuthenticationErrorCode, message: string, options: AuthenticationErrorOptions = {}) {
    const { cause: _, retryable = false, ...known } = options;
    // It takes the cause, if there is one.
    super(message, options);
    this.code = code;
    this.retryable = retryable;
    for (const [name, value] of Object.entries(known)) {
      // Absent properties stay absent, so that a printed error shows what is known and nothing else.
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: true });
    }
  }
}
