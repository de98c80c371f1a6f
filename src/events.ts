/**
 * Events of an authenticator.
 *
 * @module
 */

import type { AuthenticationErrorCode } from "./errors.ts";

/**
 * Why a token is requested: there was none yet, the live one expires soon, it has expired, the API rejected it, or the
 * caller forced a refresh.
 */
export type RefreshReason = "first" | "proactive" | "expired" | "rejected" | "forced";

/**
 * A token request is sent. An attempt may send several (another secret, nonce or clock), or none: a token store had the
 * token, the config store failed, or the server has refused the same request a moment ago.
 */
export interface TokenRequestedEvent {
  /** The kind of event. */
  type: "token_requested";
  /** Why it is requested. */
  reason: RefreshReason;
  /** The number of the attempt in a row of attempts for one token, from 1. */
  attempt: number;
  /** Whether no caller waited for it when it started: a background refresh. */
  background: boolean;
}

/** The server issued a token. One of a token store is `token_store_hit`. */
export interface TokenIssuedEvent extends Omit<TokenRequestedEvent, "type"> {
  /** The kind of event. */
  type: "token_issued";
  /** How long it took, in milliseconds. */
  duration: number;
  /** How long the token lives from now on, in milliseconds. */
  remainingLifetime: number;
}

/** An attempt to get a token failed. */
export interface TokenRequestFailedEvent extends Omit<TokenRequestedEvent, "type"> {
  /** The kind of event. */
  type: "token_request_failed";
  /** How long it took, in milliseconds. */
  duration: number;
  /** The error's code; `undefined` for what isn't an `AuthenticationError`, such as an abort. */
  code: AuthenticationErrorCode | undefined;
  /** HTTP status of the answer, where one came. */
  status: number | undefined;
  /**
   * How long the next request waits while there is a live token, in milliseconds; without one, `retry.totalTimeout` at most.
   * `undefined` if trying again is of no use.
   */
  retryDelay: number | undefined;
}

/**
 * A client assertion or DPoP proof was refused, and the server's `Date` differs from this machine's clock: it is signed
 * again by the server's clock.
 */
export interface ClockCorrectedEvent {
  /** The kind of event. */
  type: "clock_corrected";
  /** How far the server's clock is ahead of this machine's, in milliseconds; negative: behind. To about a second. */
  offset: number;
}

/** A live token was used. */
export interface TokenReusedEvent {
  /** The kind of event. */
  type: "token_reused";
  /** How long it lives from now on, in milliseconds. */
  remainingLifetime: number;
}

/** What became of a caller's wait for a token: a `token`, an `error`, or the caller's signal `aborted` it. */
export type WaitOutcome = "token" | "error" | "aborted";

/** A caller has waited for a token. */
export interface TokenAwaitedEvent {
  /** The kind of event. */
  type: "token_awaited";
  /** Why there was none to use at once. */
  reason: RefreshReason;
  /** How long the caller waited, in milliseconds. */
  duration: number;
  /** How the wait ended. */
  outcome: WaitOutcome;
}

/**
 * Why a call was sent without the token: it had a header of the caller's in the token's place, was for another origin, or a
 * redirect led it there.
 */
export type OmissionReason = "caller_header" | "other_origin" | "redirect";

/** A call of `fetch` was sent without the token. */
export interface TokenOmittedEvent {
  /** The kind of event. */
  type: "token_omitted";
  /** Why. */
  reason: OmissionReason;
}

/** The API rejected a token. */
export interface TokenRejectedEvent {
  /** The kind of event. */
  type: "token_rejected";
  /** How long the token would have lived from now on, in milliseconds. */
  remainingLifetime: number;
  /** Whether another token is requested: then calls whose body can be sent again are replayed. */
  willRefresh: boolean;
}

/** A rejected call of `fetch` was replayed with another token. */
export interface RequestReplayedEvent {
  /** The kind of event. */
  type: "request_replayed";
  /** HTTP status of the answer. */
  status: number;
}

/**
 * An input of `fetch` has replaced the path of `endpoint`: with `/v1` there, `/projects` isn't `/v1/projects`. It is sent
 * once. End `endpoint` in a slash, and start inputs without one.
 */
export interface EndpointPathIgnoredEvent {
  /** The kind of event. */
  type: "endpoint_path_ignored";
}

/** The token store had a live token, or another process put one there: no token is requested. */
export interface TokenStoreHitEvent {
  /** The kind of event. */
  type: "token_store_hit";
  /** How long it took to find it, in milliseconds; with the wait for another process, if there was one. */
  duration: number;
  /** How long the token lives from now on, in milliseconds. */
  remainingLifetime: number;
}

/** The token store had no token of use. */
export interface TokenStoreMissEvent {
  /** The kind of event. */
  type: "token_store_miss";
  /** How long the look took, in milliseconds. */
  duration: number;
}

/** A new token was written to the token store. */
export interface TokenSharedEvent {
  /** The kind of event. */
  type: "token_shared";
  /** How long writing took, in milliseconds. */
  duration: number;
  /** How long the token lives from now on, in milliseconds. */
  remainingLifetime: number;
}

/** Another process held the lease of the token store, and was waited for. */
export interface TokenLeaseAwaitedEvent {
  /** The kind of event. */
  type: "token_lease_awaited";
  /** How long the wait was, in milliseconds, however it ended. */
  duration: number;
}

/**
 * Why a token store was of no help. `timeout`: it took too long. `error`: it failed. `backing_off`: it did so a moment ago,
 * and wasn't asked. `lease_held`: another process has held the lease for longer than a lease time, and shared no token.
 */
export type TokenStoreFailure = "timeout" | "error" | "backing_off" | "lease_held";

/** The token store was of no help, and a token was requested or used without it. */
export interface TokenStoreBypassedEvent {
  /** The kind of event. */
  type: "token_store_bypassed";
  /** How long that took to show, in milliseconds. */
  duration: number;
  /** Why. The store's own error isn't shown: clients put commands, and so tokens, in theirs. */
  failure: TokenStoreFailure;
}

/**
 * One thing that happened; `type` tells which. New types and fields may be added. No event holds a secret, a token, a
 * header or a URL.
 */
export type AuthenticatorEvent =
  | TokenRequestedEvent
  | TokenIssuedEvent
  | TokenRequestFailedEvent
  | ClockCorrectedEvent
  | TokenReusedEvent
  | TokenAwaitedEvent
  | TokenOmittedEvent
  | TokenRejectedEvent
  | RequestReplayedEvent
  | EndpointPathIgnoredEvent
  | TokenStoreHitEvent
  | TokenStoreMissEvent
  | TokenSharedEvent
  | TokenLeaseAwaitedEvent
  | TokenStoreBypassedEvent;

/** Tells authenticators that share a listener apart: those derived from one another differ in what they request. */
export interface AuthenticatorDescription {
  /** The API's origin. */
  readonly endpoint: string;
  /** The client's identifier, where the grant has one. */
  readonly clientId?: string;
  /** The option `scopes`. */
  readonly scopes?: readonly string[];
  /** The option `audience`. */
  readonly audience?: string;
  /** The option `resource`. */
  readonly resource?: readonly string[];
}

/**
 * Takes events. What it throws, or rejects with, changes nothing. An authenticator passes its description, each time the
 * same object; `refreshing` and `authenticatedFetch` by themselves pass none.
 */
export type AuthenticatorEventListener = (
  event: AuthenticatorEvent,
  authenticator?: AuthenticatorDescription,
) => unknown;

/** Calls a function of the caller's whose failures, thrown or rejected, change nothing. */
export function callQuietly<T>(callback: (value: T) => unknown, value: T): void {
  try {
    const outcome = callback(value);
    if (outcome instanceof Promise) outcome.catch(() => {});
  } catch {
    // The caller's fault isn't ours.
  }
}
