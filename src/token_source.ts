/**
 * The one interface that everything here implements or wraps.
 *
 * @module
 */

import type { Credentials } from "./credentials.ts";
import type { ClockCorrectedEvent, RefreshReason } from "./events.ts";
import type { Fetch } from "./http/fetch.ts";

/** Where a token was issued. */
export interface IssuingServer {
  /** Absolute URL of the token endpoint. */
  readonly tokenEndpoint: string | URL;
  /** The issuer identifier. Default: unknown. */
  readonly issuer?: string | undefined;
  /** Absolute URL at which tokens are revoked (RFC 7009). Default: unknown. */
  readonly revocationEndpoint?: string | URL | undefined;
}

/** Credentials as the authorization server issued them, and the header the settings of that moment name for them. */
export interface IssuedCredentials {
  /** The token and what is known of it. */
  readonly credentials: Credentials;
  /** Name of the header that carries the token. Default: `authorization`. */
  readonly headerKey?: string | undefined;
  /** Where they were issued, for revocation. Default: unknown. */
  readonly server?: IssuingServer | undefined;
  /**
   * Whether the token was requested because the API rejected the one before: then its rejection shows that new tokens don't
   * help. Any other may have been revoked together with the one before. Default: what the attempt's reason says.
   */
  readonly forRejection?: boolean | undefined;
  /** Whether a token store had the token, and none was requested: then it isn't `token_issued`. Default: `false`. */
  readonly isStored?: boolean | undefined;
}

/** An attempt to get a token, as a {@linkcode TokenSource} makes it. */
export interface TokenSourceRequest {
  /** Ends the attempt: its time is up, or the authenticator is closed. */
  readonly signal: AbortSignal;
  /** Why a token is asked for. */
  readonly reason: RefreshReason;
  /** The number of the attempt in a row of attempts for one token, from 1. */
  readonly attempt: number;
  /** Whether no caller waits for the outcome. */
  readonly background: boolean;
  /**
   * Reports that a token request is sent now: the event `token_requested`. A source that never calls it emits none. Given
   * another event, it reports that one.
   */
  readonly onRequest?: ((event?: ClockCorrectedEvent) => void) | undefined;
}

/** Gives a token by one attempt, or rejects. Grants are token sources; what wraps one is a token source again. */
export type TokenSource = (request: TokenSourceRequest) => Promise<IssuedCredentials>;

/** What a token source gets from its authenticator. */
export interface TokenSourceContext {
  /** Sends requests: the caller's `fetch`, or one by `httpProxyUrl`, `verify` and `clientCertificate`. */
  readonly fetch: Fetch;
}

/**
 * Makes the token source of an authenticator, when its first token is needed.
 *
 * @example A token source of one's own
 * ```ts
 * import { Authenticator, type AuthenticatorOptions, Credentials } from "@m2m/authenticator";
 *
 * const vault = { read: () => Promise.resolve("a-token") };
 *
 * class VaultAuthenticator extends Authenticator {
 *   constructor(options: AuthenticatorOptions) {
 *     super(options, () => async () => {
 *       const accessToken = await vault.read();
 *       return { credentials: new Credentials({ accessToken, expiresAt: Date.now() + 60_000 }) };
 *     });
 *   }
 * }
 *
 * const authenticator = new VaultAuthenticator({ endpoint: "https://api.example.com" });
 * const headers = await authenticator.authorize(new Headers());
 * console.log(headers.get("authorization")); // Bearer a-token
 * ```
 */
export type MakeTokenSource = (context: TokenSourceContext) => TokenSource;
