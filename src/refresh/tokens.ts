/**
 * A token that is kept fresh, as its users see it, and the options for keeping it.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import type { AuthenticatorEventListener } from "../events.ts";
import type { TokenExplanation } from "./explain.ts";
import type { EndpointHealth } from "./health.ts";
import type { IssuedToken } from "./issued_token.ts";
import type { TokenListener } from "./token_listeners.ts";

/** How attempts to get a token are repeated. */
export interface RetryOptions {
  /** The most attempts for callers who have no token, or ask for another. Default: 5; 1 in the background and for a rejection. */
  maxAttempts?: number | undefined;
  /** The longest pause between two attempts, in milliseconds; they grow from 500 ms, with jitter. Default: 3,000. */
  maxDelay?: number | undefined;
  /** The longest time a caller waits for a token, in milliseconds. Default: 30,000. */
  totalTimeout?: number | undefined;
}

/** What derived authenticators share about their token endpoint. */
export interface SharedHealth {
  /** What is known, as plain data that is replaced and never changed. */
  health: EndpointHealth;
  /** The attempt under way that shows how the endpoint is, while that isn't known. */
  probe?: Promise<void> | undefined;
}

/** Options of `refreshing`: how a token is kept fresh, and what carries it. */
export interface RefreshingOptions {
  /** The lifetime of a token without `expiresAt`, in milliseconds. Default: 300,000. */
  defaultLifetime?: number | undefined;
  /** The header that carries the token. Default: what the source says, else `authorization`. */
  headerKey?: string | undefined;
  /** What that header says. Default: the token's type and the token (RFC 6749 §7.1). */
  authorization?: ((credentials: Credentials) => string) | undefined;
  /** How attempts to get a token are repeated. Default: 5 attempts within 30 seconds. */
  retry?: RetryOptions | undefined;
  /** How long one attempt to get a token may take, in milliseconds; what gives the secret, nine tenths. Default: 10,000. */
  timeout?: number | undefined;
  /**
   * For platforms that stop work once a response is sent: keeps a background refresh running. On Cloudflare the
   * `waitUntil` of `cloudflare:workers`, which always means the request at hand; not a request's own `ctx.waitUntil`,
   * which the tokens would outlive. Default: none; where it is needed, one caller waits for the refresh instead.
   */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** Receives events. What it throws changes nothing. Default: none. */
  onEvent?: AuthenticatorEventListener | undefined;
  /** Where the time comes from. Default: the machine's clocks. */
  clock?: Clock | undefined;
}

/** What authenticators derived from one another pass besides. */
export interface SharedRefreshingOptions extends RefreshingOptions {
  /** What is known of the token endpoint. Default: nothing, and shared with no other. */
  readonly shared?: SharedHealth | undefined;
}

/** Describes an API call whose token was rejected. */
export interface RejectedCall {
  /** Where the call was sent. Default: unknown. */
  readonly url?: string | undefined;
  /** How often it has been replayed. Default: 0. */
  readonly replays?: number | undefined;
  /** Ends this caller's wait. */
  readonly signal?: AbortSignal | null | undefined;
}

/** A token that is kept fresh. */
export interface Tokens {
  /** The last token issued, whatever has become of it. */
  readonly last: IssuedToken | undefined;
  /** The live token, at once; `undefined` if there is none, or (on workerd) this caller has to wait for a refresh. */
  fresh(): IssuedToken | undefined;
  /** A token to use: the live one, else the next. */
  get(signal?: AbortSignal | null): Promise<IssuedToken>;
  /** The next token, whatever is left of the live one. */
  refresh(signal?: AbortSignal | null): Promise<IssuedToken>;
  /** The token to use in place of one whose credentials the API rejected. Rejects with why there is none. */
  refreshRejected(rejected: Credentials, signal?: AbortSignal | null): Promise<IssuedToken>;
  /** The token to replay a rejected call with, or `undefined`: then the API's answer is the caller's. */
  replace(rejected: IssuedToken, call?: RejectedCall): Promise<IssuedToken | undefined>;
  /** Whether new tokens were rejected on some routes: then tell by `accepted` where tokens work. */
  isWary: boolean;
  /** Reports that the API accepted a token at this URL. */
  accepted(token: IssuedToken, url: string): void;
  /** Reports that a replay was answered. */
  replayed(status: number): void;
  /** Tells a listener of each token issued from now on, and keeps the token fresh meanwhile. Returns what ends that. */
  listen(listener: TokenListener): () => void;
  /** Explains the state of the token, without secrets. */
  explain(): TokenExplanation;
  /** Drops the token in use; gives it if it hadn't expired. */
  forget(): IssuedToken | undefined;
  /** Ends what is under way for this reason, which later callers get too. Settles when it has ended. */
  close(reason: unknown): Promise<void>;
}
