/**
 * What is known of tokens: plain data that the policy decides by.
 *
 * Moments are milliseconds of the monotonic clock; a token's age counts by both clocks (`getAge`).
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { getRemainingLifetime, type TimedToken } from "./issued_token.ts";

/** A route on which a new token was rejected as well. */
export interface HopelessRoute {
  /** How often, in a row. */
  readonly count: number;
  /** Until when rejections there are ignored. */
  readonly until: number;
  /** The URL that rejected it: a route has many, of which others may work. */
  readonly href: string;
}

/** What is known of one authenticator's tokens. */
export interface RefreshState {
  /** The token in use. */
  readonly current?: TimedToken | undefined;
  /** Whether the API has rejected it. */
  readonly isRejected: boolean;
  /** The one before, if the API hasn't rejected that. */
  readonly predecessor?: TimedToken | undefined;
  /** A newer token that the API doesn't know yet (replication lag): `current` is its predecessor meanwhile. */
  readonly successor?: TimedToken | undefined;
  readonly trySuccessorAt: number;
  /** When the last attempt started, and the last token was issued. */
  readonly startedAt: number;
  readonly issuedAt: number;
  /** Before these moments a background refresh, or one for a rejected call, would repeat a failure. */
  readonly backgroundNotBefore: number;
  readonly rejectionNotBefore: number;
  /** Background refreshes in a row that brought no token. */
  readonly backgroundFailures: number;
  /** Until this moment a vault or a config store that failed is spared: callers get its error. */
  readonly spareUntil: number;
  readonly lastError?: unknown;
  /** How many refreshes for rejected calls there were, and what those cost that didn't help, at that moment: it leaks. */
  readonly spent: number;
  readonly wasted: number;
  readonly spentAt: number;
  /** The last token that was new and rejected all the same. */
  readonly wastedToken?: TimedToken | undefined;
  /** Routes on which a new token was rejected as well. */
  readonly hopeless: ReadonlyMap<string, HopelessRoute>;
  /** The last token that each route has accepted since there are hopeless ones. */
  readonly accepted: ReadonlyMap<string, TimedToken>;
}

export const newState: RefreshState = {
  isRejected: false,
  trySuccessorAt: -Infinity,
  startedAt: -Infinity,
  issuedAt: -Infinity,
  backgroundNotBefore: -Infinity,
  rejectionNotBefore: -Infinity,
  backgroundFailures: 0,
  spareUntil: -Infinity,
  spent: 0,
  wasted: 0,
  spentAt: -Infinity,
  hopeless: new Map(),
  accepted: new Map(),
};

/** The live token of a state, if there is one. */
export function liveToken({ current, successor, trySuccessorAt }: RefreshState, clock: Clock): TimedToken | undefined {
  if (successor && isLive(successor, clock)) {
    if (clock.monotonic() >= trySuccessorAt || !(current && isLive(current, clock))) return successor;
  }
  return current && isLive(current, clock) ? current : undefined;
}

/** Whether there is a newer token, which the API doesn't know yet. */
export function hasSuccessor({ successor }: RefreshState, token: TimedToken): boolean {
  return successor !== undefined && token !== successor;
}

/** Whether a token hasn't expired. */
export function isLive(token: TimedToken, clock: Clock): boolean {
  return getRemainingLifetime(token, clock) > 0;
}
