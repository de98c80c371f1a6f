/**
 * Events of an authenticator.
 *
 * @module
 */

import type { AuthenticationErrorCode } from "./errors.ts";

/**
 * Why a token is asked for: none was there yet, the live one is near its end, it is at its end, the API refused it, or
 * the caller wanted another.
 */
export type RenewalReason = "first" | "early" | "expired" | "refused" | "forced";

/** A token request starts. */
export interface RequestedEvent {
  /** Tells this kind of event from the others. */
  type: "requested";
  /** Why. */
  reason: RenewalReason;
  /** Which request it is in a row of requests for one token, from 1. */
  attempt: number;
  /** Whether no caller waited for it when it started. */
  behind: boolean;
}

/** A token request brought a token. */
export interface ObtainedEvent extends Omit<RequestedEvent, "type"> {
  /** Tells this kind of event from the others. */
  type: "obtained";
  /** How long it took, in milliseconds. */
  duration: number;
  /** How long the token lives from now on, in milliseconds. */
  remaining: number;
}

/** A token request brought no token. */
export interface FailedEvent extends Omit<RequestedEvent, "type"> {
  /** Tells this kind of event from the others. */
  type: "failed";
  /** How long it took, in milliseconds. */
  duration: number;
  /** The error's code; `undefined` for what isn't an `AuthenticationError`, such as an abort. */
  code: AuthenticationErrorCode | undefined;
  /** HTTP status of the answer, where one came. */
  status: number | undefined;
  /**
   * How long the next request waits while there is a live token, in milliseconds; without one, `retry.deadline` at most.
   * `undefined` if trying again is of no use.
   */
  delay: number | undefined;
}

/** A live token was used. */
export interface ReusedEvent {
  /** Tells this kind of event from the others. */
  type: "reused";
  /** How long it lives from now on, in milliseconds. */
  remaining: number;
}

/** The API answered 401 to a token of ours. */
export interface RefusedEvent {
  /** Tells this kind of event from the others. */
  type: "refused";
  /** How long the token would have lived, in milliseconds. */
  remaining: number;
  /** Whether another token may help. */
  renews: boolean;
}

/** A refused call was sent again with a new token. */
export interface ReplayedEvent {
  /** Tells this kind of event from the others. */
  type: "replayed";
  /** HTTP status of the answer. */
  status: number;
}

/**
 * One thing that happened; `type` tells which. New types and fields may be added. No event holds a secret, a token, a
 * header or a URL.
 */
export type AuthenticatorEvent =
  | RequestedEvent
  | ObtainedEvent
  | FailedEvent
  | ReusedEvent
  | RefusedEvent
  | ReplayedEvent;

/** Takes events. What it throws, or rejects with, changes nothing. */
export type AuthenticatorEventListener = (event: AuthenticatorEvent) => unknown;

/** Calls a function of the caller's whose failures, thrown or rejected, change nothing. */
export function callQuietly<T>(callback: (value: T) => unknown, value: T): void {
  try {
    const outcome = callback(value);
    if (outcome instanceof Promise) outcome.catch(() => {});
  } catch {
    // The caller's fault isn't ours.
  }
}
