/**
 * What an authenticator tells of itself while it works.
 *
 * @module
 */

import type { AuthenticationErrorCode } from "./errors.ts";

/**
 * Why a token is asked for: none was there yet, the live one is near its end, it is at its end, the API refused it, or
 * the caller wanted another.
 */
export type RenewalReason = "first" | "early" | "expired" | "refused" | "forced";

/**
 * One thing that happened. `type` tells which; new types may be added. Durations are in milliseconds. No event holds a
 * secret, a token, a header or a URL's query.
 *
 * | type | when |
 * |---|---|
 * | `requested` | a token request starts |
 * | `obtained` | it brought a token; `behind` if no caller waited for it |
 * | `failed` | it didn't; `delay` if it may be tried again, and then not before that |
 * | `reused` | a live token was handed out |
 * | `refused` | the API answered 401 to our token; `renews` if another one may help |
 * | `replayed` | the call was sent again with a new token |
 */
export type AuthenticatorEvent =
  | { type: "requested"; reason: RenewalReason; attempt: number }
  | {
    type: "obtained";
    reason: RenewalReason;
    attempt: number;
    behind: boolean;
    duration: number;
    /** How long the token lives from now on. */
    remaining: number;
  }
  | {
    type: "failed";
    reason: RenewalReason;
    attempt: number;
    behind: boolean;
    duration: number;
    code: AuthenticationErrorCode | "aborted" | "unknown";
    status: number | undefined;
    delay: number | undefined;
  }
  | { type: "reused"; remaining: number }
  | { type: "refused"; remaining: number; renews: boolean }
  | { type: "replayed"; status: number };

/** Takes events. What it throws, or rejects with, changes nothing. */
export type EventListener = (event: AuthenticatorEvent) => unknown;

/** Tells a listener, who may do as he likes. */
export function tell(listener: EventListener | undefined, event: AuthenticatorEvent): void {
  if (listener === undefined) return;
  try {
    const outcome = listener(event);
    if (outcome instanceof Promise) outcome.catch(() => {});
  } catch {
    // An observer's fault is not the observed one's.
  }
}
