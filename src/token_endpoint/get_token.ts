/**
 * Requests one token, without cache or retry.
 *
 * @module
 */

import type { BasicEncoding } from "../client_auth/basic_authorization.ts";
import type { ClientAuth, ClientSecret, TokenRequest } from "../client_auth/client_auth.ts";
import { type Clock, systemClock } from "../clock.ts";
import { checkClient, checkDuration, checkTokenType, checkUrl, throwInvalid } from "../arguments.ts";
import type { Credentials } from "../credentials.ts";
import type { ProofOfPossession } from "../dpop/proof_of_possession.ts";
import { type Fetch, globalFetch } from "../http/fetch.ts";
import { withDeadline } from "../refresh/deadlines.ts";
import { formParameters, type TokenRequestOptions } from "./parameters.ts";
import { GrantType } from "./grant_type.ts";
import { chooseClientAuth } from "./choose_client_auth.ts";
import { requestToken } from "./request_token.ts";

/** Settings of {@linkcode getToken}. */
export interface GetTokenOptions extends TokenRequestOptions {
  /** The client's identifier. */
  clientId: string;
  /**
   * The client's secret, or a function that looks it up. The client credentials grant needs it, or `clientAuth`
   * (RFC 6749 §4.4); for other grants the default is none, and no client authentication.
   */
  clientSecret?: ClientSecret | undefined;
  /** How the secret is written in the `Authorization` header. Default: `"form"` (RFC 6749 §2.3.1). */
  basicEncoding?: BasicEncoding | undefined;
  /** The client authentication method, in place of `clientSecret`. */
  clientAuth?: ClientAuth | undefined;
  /** The grant. Default: `GrantType.CLIENT_CREDS`. */
  grantType?: GrantType | (string & Record<never, never>) | undefined;
  /** For the device grant: the device code (RFC 8628 §3.4). */
  deviceCode?: string | undefined;
  /** For the refresh token grant: the refresh token (RFC 6749 §6). */
  refreshToken?: string | undefined;
  /** The authorization server's issuer identifier, for client authentication that needs it. */
  issuer?: string | undefined;
  /**
   * Has the last word on the request, after client authentication: headers, or parameters that are secret (name those to
   * `request.redact`). The content type `application/json` sends the parameters as JSON. Default: the request goes out as
   * it is.
   */
  beforeTokenRequest?: ((request: TokenRequest) => void | Promise<void>) | undefined;
  /** Binds the token to a key (RFC 9449): made by `dpop` of `./dpop`. Default: a bearer token. */
  dpop?: ProofOfPossession | undefined;
  /** The type of the credentials, whatever `token_type` the server answers. Default: the server's. */
  tokenType?: string | undefined;
  /** The function that sends the request. Default: the global `fetch`. */
  fetch?: Fetch | undefined;
  /** How long the exchange may take, in milliseconds. Default: 10,000. */
  timeout?: number | undefined;
  /** Aborts the request, with its own reason. */
  signal?: AbortSignal | undefined;
  /** Lets a token endpoint be `http:` elsewhere than on loopback. Default: `false`. */
  allowInsecureRequests?: boolean | undefined;
  /** Where the time comes from. Default: the machine's clocks. */
  clock?: Clock | undefined;
}

/**
 * Requests a token once, without cache or retry (flytekit's `get_token`).
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
 * @param tokenEndpoint The authorization server's token endpoint (RFC 6749 §3.2). Its query is no place for a secret:
 * tracing shows URLs (Deno's with `OTEL_DENO`, for one).
 * @param options The client, the grant and its parameters.
 * @returns The credentials that the server issued.
 * @throws {TypeError} If an argument is missing, or can't be what it should be.
 * @throws {RangeError} If `timeout` is out of range.
 * @throws {AuthenticationError} If the server issues no token; `code` says why.
 * @throws The signal's reason, if `signal` aborts the request.
 */
export async function getToken(tokenEndpoint: string | URL, options: GetTokenOptions): Promise<Credentials> {
  const { clientId, grantType = GrantType.CLIENT_CREDS, timeout = 10_000, signal } = options;
  const { deviceCode, refreshToken, fetch = globalFetch, clock = systemClock } = options;
  if (grantType === GrantType.CLIENT_CREDS) checkClient(options);
  if (typeof clientId !== "string" || clientId === "") throwInvalid("clientId", "a string that is not empty", clientId);
  checkDuration("timeout", timeout);
  checkTokenType(options);
  const request = {
    ...options,
    tokenEndpoint: checkUrl("tokenEndpoint", tokenEndpoint),
    clientAuth: chooseClientAuth(options),
    grantType,
    form: formParameters(options),
    prepare(request: TokenRequest) {
      for (const [name, secret] of [["device_code", deviceCode], ["refresh_token", refreshToken]] as const) {
        if (!secret) continue;
        request.redact(secret);
        request.body.set(name, secret);
      }
    },
    fetch,
    clock,
  };
  return await withDeadline({ timeout, signal }, (signal) => requestToken({ ...request, signal }));
}
