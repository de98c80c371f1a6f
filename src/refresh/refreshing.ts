/**
 * Keeps a token fresh: refreshed before it expires, by one request at a time. What to do the policy decides; this does it.
 *
 * Everything is driven by use: the only timers are those of an attempt under way, of callers who wait for it, and of
 * listeners.
 *
 * @module
 */

import { getAge, readMoment, systemClock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { AuthenticationError } from "../errors.ts";
import { type AuthenticatorEvent, callQuietly, type RefreshReason } from "../events.ts";
import type { TokenSource, TokenSourceRequest } from "../token_source.ts";
import { Attempts } from "./attempts.ts";
import { errorForCaller, isRemembered, newLimit } from "./caller_error.ts";
import { waitAs, waitAsOwner } from "./caller_wait.ts";
import { newTimeout, withDeadline } from "./deadlines.ts";
import { explainToken, type Failure } from "./explain.ts";
import { isTransient, newHealth, newRetryPolicy, reduceHealth } from "./health.ts";
import { getRemainingLifetime, isSameToken, issueToken, type TimedToken } from "./issued_token.ts";
import { readPlace } from "./place.ts";
import { decide, decideRejection, getNextDelay, reduce, refreshableAt, type StateEvent } from "./policy.ts";
import { isRequestBound } from "./request_bound.ts";
import { hasSuccessor, isLive, liveToken, newState, type RefreshState } from "./state.ts";
import { TokenListeners } from "./token_listeners.ts";
import type { RefreshingOptions, RejectedCall, SharedRefreshingOptions, Tokens } from "./tokens.ts";

/** How long a caller waits where it could do without: for a probe, or for a refresh on workerd. In milliseconds. */
const patience = 1_000;
/** How long a look at both clocks is trusted, as long as the wall clock isn't set back, in milliseconds. */
const lookTrust = 1_000;

/**
 * Keeps the token of a source fresh: refreshes it before it expires, by one request at a time, backing off.
 *
 * @example A source of one's own
 * ```ts
 * import { Credentials, refreshing } from "@m2m/authenticator";
 *
 * const tokens = refreshing(() => {
 *   const credentials = new Credentials({ accessToken: "from-a-vault", expiresAt: Date.now() + 60_000 });
 *   return Promise.resolve({ credentials });
 * });
 * console.log((await tokens.get()).headerKey); // authorization
 * ```
 *
 * @param source Requests a token once.
 * @param options When it is called, and which header carries the tokens.
 * @returns The tokens, as `authenticatedFetch` takes them.
 */
export function refreshing(source: TokenSource, options: RefreshingOptions = {}): Tokens {
  const { timeout = 10_000, clock = systemClock, onEvent, waitUntil } = options;
  const { shared = { health: newHealth } } = options as SharedRefreshingOptions;
  const retry = newRetryPolicy(options.retry);
  const context = { clock, retry };
  const attempts = new Attempts(obtain, { shared, ...context });
  let state: RefreshState = newState;
  // Between these two moments of the wall clock `token` needs no closer look.
  let token: TimedToken | undefined;
  let lookedAt = 0;
  let lookAgainAt = 0;
  let failure: Failure | undefined;
  let listeners: TokenListeners | undefined;
  let closed: { readonly reason: unknown; readonly done: Promise<void> } | undefined;

  const send = (event: AuthenticatorEvent) => void (onEvent && callQuietly(onEvent, event));
  const waiting = { clock, shared, send };
  const note = (event: StateEvent) => {
    state = reduce(state, event, clock);
    tokens.isWary = state.hopeless.size > 0;
    lookAgainAt = 0;
  };

  function fresh(): TimedToken | undefined {
    const now = clock.wall();
    if (!(now >= lookedAt && now < lookAgainAt) && !look(now)) return undefined;
    if (onEvent) send({ type: "token_reused", remainingLifetime: getRemainingLifetime(token!, clock) });
    return token;
  }

  /** Looks at both clocks and the state; starts a background refresh where one is due. */
  function look(now: number): boolean {
    if (closed) return false;
    const decision = decide(state, shared.health, context);
    if (decision.type !== "use") return false;
    token = decision.token;
    if (decision.refresh && !attempts.flight.active) return refreshInBackground();
    const untilDue = token.refreshAge - getAge(token.start, clock);
    lookedAt = now;
    lookAgainAt = now + (untilDue > 0 && !hasSuccessor(state, token) ? Math.min(untilDue, lookTrust) : 0);
    return true;
  }

  /** Starts a refresh that no caller waits for. False where nothing would keep it running. */
  function refreshInBackground(): boolean {
    if (waitUntil === undefined && isRequestBound()) return false;
    const work = attempts.join("proactive", 1).catch(() => {});
    // Called outside of a request, say, it fails: then the refresh may be cut short, and is the next caller's.
    if (waitUntil) callQuietly(waitUntil, work);
    return true;
  }

  async function obtain(made: TokenSourceRequest): Promise<TimedToken> {
    const { reason, attempt, background, signal } = made;
    const start = readMoment(clock);
    const forRejection = reason === "rejected";
    const request = { reason, attempt, background };
    // Not longer than the last caller waits.
    const left = attempt === 1 ? retry.totalTimeout : Math.max(attempts.limits.end - clock.monotonic(), 1);
    const onRequest = (event: AuthenticatorEvent = { type: "token_requested", ...request }) => send(event);
    note({ type: "started" });
    try {
      const limits = { timeout: Math.min(timeout, left), signal };
      const issued = await withDeadline(limits, (signal) => source({ ...made, signal, onRequest }));
      signal.throwIfAborted();
      // On workerd the signal comes a beat late.
      if (closed) throw closed.reason;
      const next = issueToken({ forRejection, ...issued }, start, state.successor ?? state.current, options);
      note({ type: "issued", token: next, forRejection });
      shared.health = reduceHealth(shared.health, { mayRepeat: true }, context);
      failure = undefined;
      const duration = getAge(start, clock);
      const times = { duration, remainingLifetime: next.lifetime - duration };
      if (!issued.isStored) send({ type: "token_issued", ...request, ...times });
      listeners?.push(next.credentials);
      return next;
    } catch (error) {
      if (!signal.aborted && !closed) {
        failure = { error, at: readMoment(clock) };
        const outcome = { error, mayRepeat: attempts.mayRepeat(attempt) };
        if (!isRemembered(error)) shared.health = reduceHealth(shared.health, outcome, context);
        note({ type: "failed", error, background, forRejection });
      }
      const { code, status } = (error instanceof AuthenticationError ? error : {}) as Partial<AuthenticationError>;
      const retryDelay = isTransient(error) ? shared.health.backgroundNotBefore - clock.monotonic() : undefined;
      send({ type: "token_request_failed", ...request, duration: getAge(start, clock), code, status, retryDelay });
      throw error;
    }
  }

  /** The next token, for a caller who has none or wants another. */
  async function next(
    reason: RefreshReason,
    signal: AbortSignal | null | undefined,
    isForced = false,
  ): Promise<TimedToken> {
    checkOpen(signal);
    const decision = decide(state, shared.health, { ...context, isForced });
    if (decision.type === "use") return decision.token;
    if (decision.type === "fail") throw errorForCaller(decision.error, decision.retryAfter);
    const timeout = shared.health.isExhausted && (attempts.flight.active || shared.probe)
      ? Math.min(patience, retry.totalTimeout)
      : retry.totalTimeout;
    const error = () => shared.health.lastError ?? newTimeout(timeout);
    const deadline = { timeout, error, signal };
    return await waitAsOwner(reason, attempts.join(reason, decision.attempts, "needy"), deadline, waiting);
  }

  function checkOpen(signal: AbortSignal | null | undefined): void {
    signal?.throwIfAborted();
    if (closed) throw closed.reason;
  }

  async function get(signal?: AbortSignal | null): Promise<TimedToken> {
    checkOpen(signal);
    const known = fresh();
    if (known) return known;
    if (!liveToken(state, clock)) return await next(state.current ? "expired" : "first", signal);
    // Nothing else would keep the refresh running: this caller does, for a second at most.
    note({ type: "carried" });
    const deadline = { timeout: patience, signal };
    return await waitAs("proactive", attempts.join("proactive", 1), deadline, waiting).catch(() => {
      checkOpen(signal);
      // The live token may have expired meanwhile, or been dropped.
      return fresh() ?? next("expired", signal);
    });
  }

  /** Takes note of a rejection, and gives what to do about it. */
  function reject(rejected: TimedToken, { url = "", replays = 0 }: RejectedCall) {
    const use = { token: rejected, ...readPlace(url) };
    const decision = decideRejection(state, shared.health, { ...use, replays }, clock);
    // First: where new tokens don't help, a rejection says nothing of the token.
    if (decision === undefined && replays > 0 && rejected === state.current) note({ type: "wasted", ...use });
    note({ type: "rejected", ...use });
    const remainingLifetime = getRemainingLifetime(rejected, clock);
    send({ type: "token_rejected", remainingLifetime, willRefresh: decision !== undefined });
    return decision;
  }

  async function replace(rejected: TimedToken, call: RejectedCall = {}): Promise<TimedToken | undefined> {
    const { signal, url = "" } = call;
    const decision = closed ? undefined : reject(rejected, call);
    if (decision !== "refresh") return decision;
    try {
      const next = await waitAs("rejected", attempts.join("rejected", 1, "rejected"), { timeout, signal }, waiting);
      if (!isSameToken(next, rejected.credentials)) return next;
      note({ type: "wasted", token: next, ...readPlace(url) });
    } catch {
      signal?.throwIfAborted();
    }
    return undefined;
  }

  async function refreshRejected(rejected: Credentials, signal?: AbortSignal | null): Promise<TimedToken> {
    checkOpen(signal);
    // While an API doesn't know the last token yet, the one in use is another.
    const token = [state.current, state.successor].find((each) => each && isSameToken(each, rejected));
    const decision = token && reject(token, {});
    if (typeof decision === "object") return decision;
    if (!token || !liveToken(state, clock)) return await get(signal);
    if (!decision) throw newLimit(refreshableAt(state, shared.health) - clock.monotonic());
    return await waitAsOwner("rejected", attempts.join("rejected", 1, "rejected"), { timeout, signal }, waiting);
  }

  function forget(): TimedToken | undefined {
    const { successor = liveToken(state, clock) } = state;
    note({ type: "forgotten" });
    return successor && isLive(successor, clock) ? successor : undefined;
  }

  const tokens: Tokens = {
    get last() {
      return state.successor ?? state.current;
    },
    fresh,
    get,
    refresh: (signal) => next("forced", signal, true),
    refreshRejected,
    replace,
    isWary: false,
    accepted: (token: TimedToken, url) => note({ type: "accepted", token, ...readPlace(url) }),
    replayed: (status) => send({ type: "request_replayed", status }),
    listen(listener) {
      // No event tells of these looks.
      const keepFresh = async () => look(clock.wall()) || await get();
      listeners ??= new TokenListeners({ keepFresh, untilDue: () => getNextDelay(state, shared.health, clock) });
      return closed ? () => {} : listeners.add(listener);
    },
    explain: () => explainToken(state, shared.health, { clock, isRefreshing: attempts.flight.active, failure }),
    forget,
    close(reason) {
      listeners?.clear();
      lookAgainAt = 0;
      return (closed ??= { reason, done: attempts.flight.end(reason) }).done;
    },
  };
  return tokens;
}
