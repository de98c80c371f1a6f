/**
 * One token exchange: a request, an answer, and what becomes of it.
 *
 * @module
 */

import { withDeadline } from "../abort.ts";
import type { ClientAuth, ClientSecret } from "../client_auth/client_auth.ts";
import type { BasicEncoding } from "../client_auth/basic_authorization.ts";
import { clientSecretBasic } from "../client_auth/client_secret_basic.ts";
import { none } from "../client_auth/none.ts";
import { checkScopes, checkString, checkUrl } from "../config_store/check.ts";
import type { Credentials } from "../credentials.ts";
import { AuthenticationError } from "../errors.ts";
import { type Fetch, globalFetch } from "../transport/fetch.ts";
import { exchange, shown } from "./exchange.ts";
import { GrantType } from "./grant_type.ts";
import { buildTokenRequest } from "./token_request.ts";
import { judgeTokenResponse } from "./token_response.ts";

/** Settings of {@linkcode getToken}. */
export interface GetTokenOptions {
  /** The client's identifier. */
  clientId: string;
  /** The client's secret, or a function that looks it up. Default: none, and no client authentication. */
  clientSecret?: ClientSecret | undefined;
  /** How the secret is written in the `Authorization` header. Default: `"form"` (RFC 6749 §2.3.1). */
  basicEncoding?: BasicEncoding | undefined;
  /** How the client proves who it is, in place of `clientSecret`. */
  clientAuth?: ClientAuth | undefined;
  /** The grant. Default: `GrantType.CLIENT_CREDS`. */
  grantType?: GrantType | (string & Record<never, never>) | undefined;
  /** Scopes to ask for. Default, and for an empty list: no `scope` is sent. */
  scopes?: readonly string[] | undefined;
  /** The API the token is for. Default: no `audience` is sent. */
  audience?: string | undefined;
  /** For the device grant: the device code (RFC 8628 §3.4). */
  deviceCode?: string | undefined;
  /** For the refresh token grant: the refresh token (RFC 6749 §6). */
  refreshToken?: string | undefined;
  /** The authorization server's issuer identifier, for client authentication that needs it. */
  issuer?: string | undefined;
  /** What sends the request. Default: the global `fetch`. */
  fetch?: Fetch | undefined;
  /** How long the exchange may take, in milliseconds. Default: 10,000. */
  timeout?: number | undefined;
  /** Ends the exchange early, with its own reason. */
  signal?: AbortSignal | undefined;
  /** Lets a token endpoint be `http:` elsewhere than on loopback. Default: `false`. */
  allowInsecureRequests?: boolean | undefined;
}

/** How long a token exchange may take unless told otherwise, in milliseconds. */
export const defaultTimeout = 10_000;

/**
 * Asks a token endpoint for a token, once (flytekit's `get_token`): no cache, no retry.
 *
 * Redirects are refused, for they would hand the secret on; answers over 1 MiB are, too.
 *
 * @example
 * ```ts
 * import { getToken } from "@m2m/authenticator";
 *
 * const credentials = await getToken("https://auth.example.com/oauth/token", {
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   scopes: ["api:read"],
 *   audience: "https://api.example.com",
 * });
 * console.log(credentials.expiresAt);
 * ```
 *
 * @param tokenEndpoint The authorization server's token endpoint (RFC 6749 §3.2).
 * @param options Who asks, and for what.
 * @returns The credentials the server gave.
 * @throws {TypeError} If an argument can't be what it should be.
 * @throws {AuthenticationError} If there is no token to be had; `code` says why.
 * @throws The signal's reason, if `signal` ends the exchange.
 */
export async function getToken(tokenEndpoint: string | URL, options: GetTokenOptions): Promise<Credentials> {
  const url = checkUrl("tokenEndpoint", tokenEndpoint);
  const {
    clientId,
    grantType = GrantType.CLIENT_CREDS,
    timeout = defaultTimeout,
    deviceCode,
    refreshToken,
    issuer,
  } = options;
  const fetch = options.fetch ?? globalFetch;
  const clientAuth = chooseClientAuth(options);
  const scopes = checkScopes(options.scopes);
  const audience = checkString("audience", options.audience);
  if (typeof clientId !== "string" || clientId === "") {
    throw new TypeError("clientId must be a string, not empty.");
  }
  checkTimeout(timeout);
  if (url.protocol === "http:" && !options.allowInsecureRequests && !isLoopback(url.hostname)) {
    throw new AuthenticationError(
      "insecure_token_endpoint",
      `Cannot send a secret to ${shown(url)} unencrypted: use "https:", or set allowInsecureRequests.`,
    );
  }
  const error = () =>
    new AuthenticationError(
      "timeout",
      `Cannot get a token from ${shown(url)}: no answer within ${timeout} ms.`,
      {
        retryable: true,
      },
    );
  return await withDeadline({ timeout, error, signal: options.signal }, async (signal) => {
    const request = await buildTokenRequest({
      tokenEndpoint: url,
      issuer,
      clientId,
      clientAuth,
      grantType,
      scopes,
      audience,
      deviceCode,
      refreshToken,
      signal,
    });
    const requestedAt = Date.now();
    const response = await exchange(request, fetch);
    return judgeTokenResponse(response, {
      tokenEndpoint: shown(url),
      requestedAt,
      now: Date.now(),
      clean: request.clean,
    });
  });
}

/** What stands behind `clientSecret`, `basicEncoding` and `clientAuth`. */
export function chooseClientAuth(
  { clientSecret, clientAuth, basicEncoding }: Pick<
    GetTokenOptions,
    "clientSecret" | "clientAuth" | "basicEncoding"
  >,
): ClientAuth {
  if (clientAuth === undefined) {
    return clientSecret === undefined ? none() : clientSecretBasic(clientSecret, { encoding: basicEncoding });
  }
  if (typeof clientAuth?.authenticate !== "function") {
    throw new TypeError("clientAuth must be made by clientSecretBasic, clientSecretPost or the like.");
  }
  if (clientSecret !== undefined || basicEncoding !== undefined) {
    throw new TypeError(
      "clientAuth stands in place of clientSecret and basicEncoding: pass one or the other.",
    );
  }
  return clientAuth;
}

/** Refuses a time that is none: `setTimeout` would fire at once for one beyond 24.8 days. */
export function checkTimeout(value: unknown): void {
  if (typeof value !== "number" || !(value > 0 && value <= 2 ** 31 - 1)) {
    throw new RangeError("timeout must be a number of milliseconds above 0 and below 2,147,483,648.");
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname) || /(^|\.)localhost$/.test(hostname);
}
