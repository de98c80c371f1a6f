/**
 * Revokes tokens when an authenticator is closed (RFC 7009).
 *
 * @module
 */

import { none } from "../client_auth/none.ts";
import { systemClock } from "../clock.ts";
import { withDeadline } from "../refresh/deadlines.ts";
import { redactAssertion } from "../client_auth/assertion_parameters.ts";
import { checkUrl } from "../arguments.ts";
import { AuthenticationError, type AuthenticationErrorOptions } from "../errors.ts";
import { parseJsonObject } from "../http/json.ts";
import { isExposed } from "../http/loopback.ts";
import { formatUrl, sendTokenRequest } from "./exchange.ts";
import { readRetryAfter } from "../http/retry_after.ts";
import { buildTokenRequest } from "./request.ts";
import { errorCode, isTransient, type TokenResponse } from "./response.ts";
import type { KnownServer, RevocationContext, TokenRevocation } from "./token_revocation.ts";

/** Settings of {@linkcode tokenRevocation}. */
export interface TokenRevocationOptions {
  /**
   * The revocation endpoint (RFC 7009 §2.1): `https:`, or `http:` on loopback. Default: the `revocationEndpoint` of the
   * config store's settings.
   */
  readonly endpoint?: string | URL | undefined;
}

/**
 * Revokes tokens when the authenticator is closed (RFC 7009), so that a leaked one is of no use. The client authenticates
 * as for a token, and `beforeTokenRequest` has the last word on the request. A refresh token is revoked before its access token
 * (RFC 7009 §2.1). Tokens of authenticators derived by `with` are revoked when the first one is closed.
 *
 * What is revoked is the token in use, if it hasn't expired: predecessors and tokens dropped earlier aren't. There is one
 * attempt, within `timeout` for all tokens. `close()` throws the first failure, an {@linkcode AuthenticationError}:
 *
 * - `token_request_rejected`: the server rejects it, with an OAuth error code in `error`. `unsupported_token_type` means
 *   that it can't revoke tokens of this kind, JWTs mostly (RFC 7009 §2.2.1).
 * - `token_endpoint_error`: a status of 408, 429, 5xx, or any other failure without an OAuth error code.
 * - `invalid_config`: no revocation endpoint is known. `insecure_endpoint`: it is `http:`, and not on loopback.
 * - The errors of a token request: `timeout`, `network_error`, `redirect_refused`, `client_auth_unavailable`, …
 *
 * @example
 * ```ts ignore
 * // Not run: the servers of these examples issue JWTs, which they can't revoke.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { tokenRevocation } from "@m2m/authenticator/revocation";
 *
 * await using authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   revocation: tokenRevocation(),
 *   configStore: new StaticClientConfigStore({
 *     tokenEndpoint: "https://auth.example.com/oauth/token",
 *     revocationEndpoint: "https://auth.example.com/oauth/revoke",
 *   }),
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * @param options Where tokens are revoked.
 * @returns A value for `revocation`.
 * @throws {TypeError} If the endpoint isn't an absolute URL.
 */
export function tokenRevocation(options: TokenRevocationOptions = {}): TokenRevocation {
  const endpoint = options.endpoint === undefined ? undefined : checkUrl("endpoint", options.endpoint);
  return {
    async revoke(issued, context) {
      const { timeout = 10_000 } = context;
      const errors: unknown[] = [];
      const waiting = [...issued];
      const revokeAll = async (signal: AbortSignal) => {
        for (let next = waiting.shift(); next !== undefined && !signal.aborted; next = waiting.shift()) {
          // The refresh token first: with it, servers revoke the access tokens issued for it.
          const { refreshToken, accessToken } = next.credentials;
          const tokens = [["refresh_token", refreshToken], ["access_token", accessToken]] as const;
          for (const [hint, token] of tokens) {
            const target = { hint, endpoint, server: next.server, signal };
            // One that can't be revoked is no reason to keep the others.
            if (token) await revoke(context, token, target).catch((error) => errors.push(error));
          }
        }
      };
      const error = () => failure("timeout", `no answer within ${timeout} ms.`, { retryable: true });
      await withDeadline(
        { timeout, error },
        (signal) => Promise.all(Array.from({ length: revocationsAtOnce }, () => revokeAll(signal))),
      ).catch((error) => errors.push(error));
      if (errors.length > 0) throw errors[0];
    },
  };
}

/** How many tokens are revoked at once. */
const revocationsAtOnce = 10;

/** What kind of token is revoked, and where. */
interface Target {
  readonly hint: "access_token" | "refresh_token";
  readonly endpoint: URL | undefined;
  readonly server: KnownServer | undefined;
  readonly signal: AbortSignal;
}

async function revoke(context: RevocationContext, token: string, target: Target): Promise<void> {
  const { clock = systemClock } = context;
  const endpoint = target.endpoint ?? checkEndpoint(target.server?.revocationEndpoint);
  if (isExposed(endpoint) && !context.allowInsecureRequests) {
    throw failure(
      "insecure_endpoint",
      `it would go to ${formatUrl(endpoint)} unencrypted. Use "https:", or set allowInsecureRequests.`,
    );
  }
  const { response, sanitize } = await send(context, token, { ...target, endpoint });
  throwIfRefused(response, { endpoint, sanitize, now: clock.wall() });
}

/** Sends the request. The message of a failure on the way says that it was a revocation. */
async function send(
  { clientId = "", clientAuth = none(), beforeTokenRequest, fetch }: RevocationContext,
  token: string,
  { hint, endpoint, server, signal }: Target & { endpoint: URL },
): Promise<{ response: TokenResponse; sanitize: (text: string) => string }> {
  try {
    // It stays a request to the token endpoint as far as assertions go, whose audience that may be.
    const request = await buildTokenRequest({
      tokenEndpoint: new URL(server?.tokenEndpoint ?? endpoint),
      issuer: server?.issuer,
      clientId,
      clientAuth: server?.clientAuth ?? clientAuth,
      grantType: "",
      form: {},
      prepare(request) {
        redactAssertion(request, token);
        request.body.set("token", token);
        request.body.set("token_type_hint", hint);
        // Runtimes quote the URL in their messages, and a query may hold secrets.
        request.redact(endpoint.search);
      },
      beforeTokenRequest,
      signal,
    });
    return {
      response: await sendTokenRequest({ ...request, tokenEndpoint: endpoint }, fetch),
      sanitize: request.sanitize,
    };
  } catch (error) {
    throw error instanceof AuthenticationError && error !== signal.reason ? named(error) : error;
  }
}

const what = "Cannot revoke the token";

/** Where a request of whatever kind fails, the message says which one it was. */
function named(error: AuthenticationError): AuthenticationError {
  const { code, message, cause } = error;
  return new AuthenticationError(code, `${what}. ${message}`, { ...error, ..."cause" in error && { cause } });
}

/** Throws unless the answer is a 2xx, which counts whether the server knew the token or not (RFC 7009 §2.2). */
function throwIfRefused(
  { status, headers, text }: TokenResponse,
  { endpoint, sanitize, now }: { endpoint: URL; sanitize: (text: string) => string; now: number },
): void {
  if (status >= 200 && status < 300) return;
  const { error, error_description: description } = parseJsonObject(text) ?? {};
  // What might be a quotation is none.
  const word = typeof error === "string" && errorCode.test(error) && sanitize(error) === error ? error : undefined;
  const retryable = word === undefined || isTransient(status);
  const advice = word === "unsupported_token_type"
    ? "It can't revoke tokens of this kind: leave revocation out."
    : retryable
    ? "The token expires by itself."
    : "Check the client's settings at the server.";
  throw failure(
    retryable ? "token_endpoint_error" : "token_request_rejected",
    `${formatUrl(endpoint)} answered ${word ?? "without an OAuth error code"} (${status}). ${advice}`,
    {
      status,
      retryable,
      error: word,
      error_description: typeof description === "string" ? sanitize(description) || undefined : undefined,
      retryAfter: readRetryAfter({ status, headers }, now),
    },
  );
}

function checkEndpoint(value: unknown): URL {
  if (value === undefined || value === "") {
    throw failure(
      "invalid_config",
      "no revocation endpoint is known. Pass endpoint to tokenRevocation, or name a revocationEndpoint in the settings.",
    );
  }
  try {
    return checkUrl("revocationEndpoint", value);
  } catch (error) {
    throw failure("invalid_config", (error as TypeError).message);
  }
}

function failure(
  code: AuthenticationError["code"],
  state: string,
  options?: AuthenticationErrorOptions,
): AuthenticationError {
  return new AuthenticationError(code, `${what}: ${state}`, options);
}
