/**
 * Gives tokens back, so that nobody can use them any more (RFC 7009).
 *
 * @module
 */

import { withDeadline } from "../refresh/deadlines.ts";
import { concealAssertion } from "../client_auth/assertion_parameters.ts";
import { checkUrl } from "../arguments.ts";
import { AuthenticationError, type AuthenticationErrorOptions } from "../errors.ts";
import { parseJsonObject } from "../http/json.ts";
import { isExposed } from "../http/loopback.ts";
import { formatUrl, sendTokenRequest } from "./exchange.ts";
import { parseRetryAfter } from "../http/retry_after.ts";
import { buildTokenRequest } from "./request.ts";
import { errorCode, isTransient, type TokenResponse } from "./response.ts";
import type { RevocationContext, TokenRevocation } from "./token_revocation.ts";

/** Settings of {@linkcode tokenRevocation}. */
export interface TokenRevocationOptions {
  /**
   * The revocation endpoint (RFC 7009 §2.1): `https:`, or `http:` on loopback. Default: the `revocationEndpoint` of the
   * config store's settings.
   */
  readonly endpoint?: string | URL | undefined;
}

/**
 * Gives the token back when the authenticator is closed (RFC 7009): a program that is done leaves nothing behind that
 * could be stolen. The client proves itself as it does for a token, and `customize` has the last word on the request. A
 * refresh token that came with the token goes back before it (RFC 7009 §2.1). The tokens of authenticators made by
 * `with` go back as well, when the first one is closed. There is no second attempt: the token expires by itself.
 *
 * What goes back is the token in use, if it is still alive. Its predecessors, which may live on for a while, and tokens
 * dropped earlier (for other settings, say) don't.
 *
 * `close()` then throws an {@linkcode AuthenticationError} if the server didn't take a token back:
 *
 * - `token_request_refused`: it says no, with an OAuth error code in `error`. `unsupported_token_type` means that it
 *   can't revoke tokens of this kind, JWTs mostly (RFC 7009 §2.2.1).
 * - `token_endpoint_failed`: a status of 408, 429, 5xx, or any other failure without an OAuth error code.
 * - `invalid_config`: nobody says where the endpoint is. `insecure_token_endpoint`: it is `http:`, and not on loopback.
 * - What else a token request can come to: `timeout`, `network_error`, `redirect_refused`, `client_auth_failed`, …
 *
 * @example
 * ```ts ignore
 * // Not run: the servers of these examples give JWTs, which they can't take back.
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
 * @param options Where tokens are given back.
 * @returns A value for `revocation`.
 * @throws {TypeError} If the endpoint isn't an absolute URL.
 */
export function tokenRevocation(options: TokenRevocationOptions = {}): TokenRevocation {
  const endpoint = options.endpoint === undefined ? undefined : checkUrl("endpoint", options.endpoint);
  return {
    async revoke(context) {
      const { accessToken, refreshToken } = context.credentials;
      // The refresh token first: with it, servers end what they gave for it.
      const tokens = [["refresh_token", refreshToken], ["access_token", accessToken]] as const;
      const errors: unknown[] = [];
      for (const [hint, token] of tokens) {
        // One that isn't taken back is no reason to keep the other.
        if (token) await revoke(context, { hint, token, endpoint }).catch((error) => errors.push(error));
      }
      if (errors.length > 0) throw errors[0];
    },
  };
}

/** What is given back, and where if not where the settings say. */
interface Given {
  readonly hint: "access_token" | "refresh_token";
  readonly token: string;
  readonly endpoint: URL | undefined;
}

async function revoke(context: RevocationContext, given: Given): Promise<void> {
  const { timeout, config, clock } = context;
  const endpoint = given.endpoint ?? checkEndpoint(config.revocationEndpoint);
  if (isExposed(endpoint) && !context.allowInsecureRequests) {
    throw failure(
      "insecure_token_endpoint",
      `it would go to ${formatUrl(endpoint)} unencrypted. Use "https:", or set allowInsecureRequests.`,
    );
  }
  const limits = {
    timeout,
    error: () => failure("timeout", `no answer within ${timeout} ms.`, { retryable: true }),
    signal: undefined,
  };
  const { response, sanitize } = await withDeadline(limits, (signal) => ask(context, { ...given, endpoint }, signal));
  judge(response, { endpoint, sanitize, now: clock.wall() });
}

/** Sends the request. What fails on the way speaks of the revocation. */
async function ask(
  { config, clientId, clientAuth, customize, fetch }: RevocationContext,
  { hint, token, endpoint }: Given & { endpoint: URL },
  signal: AbortSignal,
): Promise<{ response: TokenResponse; sanitize: (text: string) => string }> {
  try {
    // It stays a request to the token endpoint as far as assertions go, whose audience that may be.
    const request = await buildTokenRequest({
      tokenEndpoint: new URL(config.tokenEndpoint),
      issuer: config.issuer,
      clientId,
      clientAuth,
      parameters: {},
      prepare(request) {
        concealAssertion(request, token);
        request.body.set("token", token);
        request.body.set("token_type_hint", hint);
        // The runtime's own words may quote the URL, whose query is nobody's business.
        request.conceal(endpoint.search);
      },
      customize,
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
  const { code, message, status, retryable, error: word, error_description, retryAfter } = error;
  const known = { status, retryable, error: word, error_description, retryAfter };
  return new AuthenticationError(
    code,
    `${what}. ${message}`,
    "cause" in error ? { ...known, cause: error.cause } : known,
  );
}

/** A 2xx is done, whether the server knew the token or not (RFC 7009 §2.2). */
function judge(
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
    retryable ? "token_endpoint_failed" : "token_request_refused",
    `${formatUrl(endpoint)} answered ${word ?? "without an OAuth error code"} (${status}). ${advice}`,
    {
      status,
      retryable,
      error: word,
      error_description: typeof description === "string" ? sanitize(description) || undefined : undefined,
      retryAfter: parseRetryAfter(headers.get("retry-after"), now),
    },
  );
}

function checkEndpoint(value: unknown): URL {
  if (value === undefined || value === "") {
    throw failure(
      "invalid_config",
      "nobody says where. Pass endpoint to tokenRevocation, or have the settings name a revocationEndpoint.",
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
