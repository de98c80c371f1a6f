/**
 * When to ask for a token: pure functions of what is known, without I/O or waiting.
 *
 * @module
 */

import { type Clock, getAge } from "../clock.ts";
import { AuthenticationError } from "../errors.ts";
import { type EndpointHealth, getPause, isEndpointError, isTransient, type RetryPolicy } from "./health.ts";
import { isSameToken, type TimedToken } from "./issued_token.ts";
import type { Place } from "./place.ts";
import { hasSuccessor, isLive, liveToken, newState, type RefreshState } from "./state.ts";

/** The least time between two background attempts. */
const backgroundFloor = 1_000;
/** The first pause of background refreshes after a permanent failure; it doubles, up to the longest. */
const firstBackgroundPause = 5_000;
const longestBackgroundPause = 300_000;
/** How long a rejected call's refresh isn't repeated after a permanent failure. */
const rejectionPause = 5_000;
/** How long a vault or config store that failed is spared. */
const sparePause = 1_000;
/** What a refresh for a rejected call costs, and one that didn't help besides; how much may be spent; the leak. */
const refreshCost = 1;
const wasteCost = 4;
const mostSpent = 10;
const leakInterval = 3_000;
/** The first pause of a route on which new tokens don't help; it doubles, up to the longest. */
const firstHopelessPause = 30_000;
const longestHopelessPause = 900_000;
const mostHopeless = 100;
/** For how long after its issue a token may be unknown to an API that replicates, and how long is waited for that. */
const replicationLag = 60_000;
const successorPause = 5_000;

/** What a caller gets: a token, an error at once, or a wait for the next token. */
export type Decision =
  | { readonly type: "use"; readonly token: TimedToken; readonly refresh: boolean }
  | { readonly type: "fail"; readonly error: unknown; readonly retryAfter: number }
  | { readonly type: "wait"; readonly attempts: number };

/** Decides what a caller gets. `isForced`: a new token, whatever is left of the live one. */
export function decide(
  state: RefreshState,
  health: EndpointHealth,
  { clock, retry, isForced = false }: { clock: Clock; retry: RetryPolicy; isForced?: boolean },
): Decision {
  const now = clock.monotonic();
  const token = isForced ? undefined : liveToken(state, clock);
  if (token) {
    return { type: "use", token, refresh: getRefreshDelay(state, health, token, clock) <= 0 };
  }
  if (health.isExhausted && now < health.notBefore) {
    return { type: "fail", error: health.lastError, retryAfter: getPause(health, clock) };
  }
  if (now < state.spareUntil) return { type: "fail", error: state.lastError, retryAfter: state.spareUntil - now };
  return { type: "wait", attempts: health.isExhausted ? 1 : retry.maxAttempts };
}

/** In how many milliseconds a live token is to be refreshed in the background; never, while a newer one isn't known yet. */
export function getRefreshDelay(state: RefreshState, health: EndpointHealth, token: TimedToken, clock: Clock): number {
  const notBefore = Math.max(
    state.startedAt + backgroundFloor,
    state.backgroundNotBefore,
    health.backgroundNotBefore,
    health.notBefore,
  );
  const untilDue = hasSuccessor(state, token) ? Infinity : token.refreshAge - getAge(token.start, clock);
  return Math.max(untilDue, notBefore - clock.monotonic());
}

/** In how many milliseconds, as far as is known, a token is to be asked for. */
export function getNextDelay(state: RefreshState, health: EndpointHealth, clock: Clock): number {
  const live = liveToken(state, clock);
  return live ? getRefreshDelay(state, health, live, clock) : getPause(health, clock);
}

/** A call with a token. */
export interface TokenUse extends Place {
  readonly token: TimedToken;
}

/** A call that the API rejected. */
export interface Rejection extends TokenUse {
  /** The replays of this call so far. */
  readonly replays: number;
}

/** Decides what becomes of a rejected call: another token, a refresh, or (`undefined`) the API's own answer. */
export function decideRejection(
  state: RefreshState,
  health: EndpointHealth,
  rejection: Rejection,
  clock: Clock,
): TimedToken | "refresh" | undefined {
  const { token, replays } = rejection;
  const now = clock.monotonic();
  const { predecessor, current, successor, isRejected, issuedAt } = state;
  const live = liveToken(state, clock);
  // It was rejected before, and its predecessor as well: most likely by this call, which was replayed.
  const isTried = replays > 0 && live !== token && live === (isRejected ? current : successor);
  if (live && !isTried && !isSameToken(live, token.credentials)) return live;
  if (live && !isTried && live !== token || isIgnored(state, rejection, now)) return undefined;
  // One that isn't known yet gives way again; a new one does if this may be replication lag.
  const fallback = token === successor ? current : now - issuedAt < replicationLag ? predecessor : undefined;
  const other = token === current && replays === 0 ? successor ?? fallback : fallback;
  if (other && other !== token && isLive(other, clock)) return other;
  // The token was requested for such a rejection, and no other was fallen back to: another one won't help either.
  if (replays > 0 && !successor && token.forRejection) return undefined;
  return now < refreshableAt(state, health, hasWorked(state, rejection)) ? undefined : "refresh";
}

/** When a rejected token may be refreshed. `hasWorked`: where it was rejected it was accepted before. */
export function refreshableAt(state: RefreshState, health: EndpointHealth, hasWorked = false): number {
  const { rejectionNotBefore, spent, wasted, spentAt } = state;
  const excess = spent + (hasWorked ? 0 : wasted) - mostSpent;
  return Math.max(rejectionNotBefore, health.notBefore, excess > 0 ? spentAt + excess * leakInterval : -Infinity);
}

/** Whether the token was accepted on this route before: then it was revoked since. */
function hasWorked({ accepted, hopeless }: RefreshState, { token, route, href }: TokenUse): boolean {
  const bad = hopeless.get(route);
  return accepted.get(route) === token && !(bad && bad.href === href);
}

/** Whether a rejection says nothing of the token: new tokens were rejected on this route as well. */
function isIgnored(state: RefreshState, use: TokenUse, now: number): boolean {
  return now < (state.hopeless.get(use.route)?.until ?? -Infinity) && !hasWorked(state, use);
}

/** What happened, to a state. */
export type StateEvent =
  | { readonly type: "started" }
  | { readonly type: "issued"; readonly token: TimedToken; readonly forRejection: boolean }
  | { readonly type: "failed"; readonly error: unknown; readonly background: boolean; readonly forRejection: boolean }
  | { readonly type: "rejected" } & TokenUse
  | { readonly type: "carried" }
  | { readonly type: "wasted" } & TokenUse
  | { readonly type: "accepted" } & TokenUse
  | { readonly type: "forgotten" };

/** The state after an event. */
export function reduce(state: RefreshState, event: StateEvent, clock: Clock): RefreshState {
  const now = clock.monotonic();
  switch (event.type) {
    case "started":
      return { ...state, startedAt: now };
    case "issued": {
      const live = liveToken(state, clock);
      const isReserve = live && !state.isRejected && !isSameToken(live, event.token.credentials);
      const cost = event.forRejection ? refreshCost : 0;
      return {
        ...state,
        ...{ current: event.token, isRejected: false, successor: undefined, issuedAt: now, lastError: undefined },
        predecessor: isReserve ? live : undefined,
        ...{ backgroundFailures: 0, backgroundNotBefore: -Infinity, rejectionNotBefore: -Infinity },
        ...{ spareUntil: -Infinity, ...leak(state, now, cost) },
        hopeless: new Map([...state.hopeless].filter(([, { until }]) => now < until + longestHopelessPause)),
      };
    }
    case "failed":
      return afterFailure(state, event, now);
    case "carried":
      return pauseBackground(state, now);
    case "rejected": {
      const { token } = event;
      if (isIgnored(state, event, now)) return state;
      const { current, predecessor } = state;
      if (token === state.successor) {
        return current && isLive(current, clock)
          ? { ...state, trySuccessorAt: now + successorPause }
          : { ...state, current: token, successor: undefined, isRejected: true };
      }
      // The predecessor that was fallen back to isn't known any more: the newer one is what is left.
      if (token === current && state.successor && isLive(state.successor, clock)) {
        return { ...state, current: state.successor, successor: undefined, isRejected: true };
      }
      if (token !== current) return token === predecessor ? { ...state, predecessor: undefined } : state;
      if (predecessor && isLive(predecessor, clock) && now - state.issuedAt < replicationLag) {
        const swap = { current: predecessor, predecessor: undefined, successor: token };
        return { ...state, ...swap, trySuccessorAt: now + successorPause };
      }
      return { ...state, isRejected: true };
    }
    case "wasted": {
      const { token, route, href } = event;
      // Of many calls that were rejected together, one counts.
      if (isIgnored(state, event, now)) return state;
      const count = (state.hopeless.get(route)?.count ?? 0) + 1;
      const pause = Math.min(firstHopelessPause * 2 ** (count - 1), longestHopelessPause);
      const hopeless = new Map(state.hopeless).set(route, { count, until: now + pause, href });
      if (hopeless.size > mostHopeless) hopeless.delete(hopeless.keys().next().value!);
      // One token is wasted once, on however many routes.
      const cost = token === state.wastedToken ? 0 : wasteCost;
      return { ...state, hopeless, wastedToken: token, ...leak(state, now, 0, cost) };
    }
    case "accepted": {
      const { token, route, href } = event;
      const bad = state.hopeless.get(route);
      if (state.hopeless.size === 0 || !bad && state.accepted.get(route) === token) return state;
      const hopeless = new Map(state.hopeless);
      if (bad?.href === href) hopeless.delete(route);
      if (hopeless.size === 0) return { ...state, hopeless, accepted: newState.accepted };
      const accepted = new Map(state.accepted).set(route, token);
      if (accepted.size > mostHopeless) accepted.delete(accepted.keys().next().value!);
      return { ...state, hopeless, accepted };
    }
    case "forgotten":
      return { ...state, current: undefined, predecessor: undefined, successor: undefined, isRejected: false };
  }
}

function afterFailure(
  state: RefreshState,
  { error, background, forRejection }: Extract<StateEvent, { type: "failed" }>,
  now: number,
): RefreshState {
  if (isTransient(error)) return state;
  const isOwnFault = error instanceof AuthenticationError && !isEndpointError(error);
  return {
    ...pauseBackground(state, now),
    ...forRejection && { rejectionNotBefore: now + rejectionPause },
    // What a background refresh met is served to no caller.
    ...!background && !forRejection && isOwnFault && { spareUntil: now + sparePause, lastError: error },
  };
}

function pauseBackground(state: RefreshState, now: number): RefreshState {
  const pause = Math.min(firstBackgroundPause * 2 ** state.backgroundFailures, longestBackgroundPause);
  return { ...state, backgroundFailures: state.backgroundFailures + 1, backgroundNotBefore: now + pause };
}

/** What is left of the costs after a time, and the new ones. */
function leak({ spent, wasted, spentAt }: RefreshState, now: number, refresh: number, waste = 0) {
  const leaked = (now - spentAt) / leakInterval;
  return {
    spent: Math.max(0, spent - leaked) + refresh,
    wasted: Math.max(0, wasted - Math.max(0, leaked - spent)) + waste,
    spentAt: now,
  };
}
