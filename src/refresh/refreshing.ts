/**
 * Keeps a token fresh: refreshed before it expires, by one request at a time. What to do the policy decides; this does it.
 *
 * Everything is driven by use: the only timers are those of an attempt under way and of callers who wait for it.
 *
 * @module
 */

import { ageOf, momentOf, systemClock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { AuthenticationError } from "../errors.ts";
import { type AuthenticatorEvent, emit, type RenewalReason } from "../events.ts";
import type { TokenSource } from "../token_source.ts";
import { type AttemptLimits, attemptRepeatedly } from "./attempts.ts";
import { errorForCaller, newDeadline, newLimit, newTimeout, waitAsCaller } from "./caller_error.ts";
import { waitFor, withDeadline } from "./deadlines.ts";
import { isSameToken, type IssuedToken, issueToken, remainingLifetime } from "./issued_token.ts";
import {
  decide,
  decideRejection,
  isTransient,
  reduce,
  reduceHealth,
  refreshableAt,
  type StateEvent,
} from "./policy.ts";
import { isRequestBound } from "./request_bound.ts";
import { type Flight, newFlight } from "./single_flight.ts";
import { liveToken, newHealth, newRetryPolicy, newState, type RefreshState } from "./state.ts";
import type { RefreshingOptions, RejectedCall, Tokens } from "./tokens.ts";

/** How long a caller waits where it could do without: for a probe, or for a refresh on workerd. In milliseconds. */
const patience = 1_000;
/** How long a look at both clocks is trusted, as long as the wall clock isn't set back, in milliseconds. */
const lookTrust = 1_000;

/**
 * Keeps what a token source gives fresh: asked before the token expires, once at a time, backing off.
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
 * @param source Gives a token by one attempt.
 * @param options How often it is asked, and what the tokens are carried by.
 * @returns The tokens, as `authenticatedFetch` takes them.
 */
export function refreshing(source: TokenSource, options: RefreshingOptions = {}): Tokens {
  const { defaultLifetime = 300_000, timeout = 10_000, authorization, clock = systemClock } = options;
  const { headerKey, onEvent, waitUntil, shared = { health: newHealth } } = options;
  const retry = newRetryPolicy(options.retry);
  const flight: Flight<IssuedToken> = newFlight();
  let state: RefreshState = newState;
  // Between these two moments of the wall clock `token` needs no closer look.
  let token: IssuedToken | undefined;
  let lookedAt = 0;
  let lookAgainAt = 0;
  // Of the flight under way: how many attempts it makes and until when, and for which callers.
  const limits: AttemptLimits = { attempts: 0, end: 0, hasWaiters: false, isNeeded: false };
  let closed: { readonly reason: unknown; readonly done: Promise<void> } | undefined;

  const send = (event: AuthenticatorEvent) => emit(onEvent, event);
  function note(event: StateEvent): void {
    state = reduce(state, event, clock);
    lookAgainAt = 0;
  }

  function fresh(): IssuedToken | undefined {
    const now = clock.wall();
    if (!(now >= lookedAt && now < lookAgainAt) && !look(now)) return undefined;
    if (onEvent) send({ type: "reused", remaining: remainingLifetime(token!, clock) });
    return token;
  }

  /** Looks at both clocks and the state; starts a background refresh where one is due. */
  function look(now: number): boolean {
    if (closed) return false;
    const decision = decide(state, shared.health, { clock, retry });
    if (decision.type !== "use") return false;
    token = decision.token;
    if (decision.refresh && !flight.active) return refreshInBackground();
    const untilDue = token.refreshAge - ageOf(token.start, clock);
    lookedAt = now;
    lookAgainAt = now + (untilDue > 0 && !state.successor ? Math.min(untilDue, lookTrust) : 0);
    return true;
  }

  /** Starts a refresh that no caller waits for. False where nothing would keep it running. */
  function refreshInBackground(): boolean {
    if (waitUntil === undefined && isRequestBound()) return false;
    const work = fly("early", 1).catch(() => {});
    try {
      waitUntil?.(work);
    } catch {
      // Called outside of a request, say: then the refresh may be cut short, and is the next caller's.
    }
    return true;
  }

  /** Joins the flight under way, or starts one. `waits`: for whom. */
  function fly(
    reason: RenewalReason,
    attempts: number,
    waits: "no" | "rejected" | "needy" = "no",
  ): Promise<IssuedToken> {
    if (!flight.active) {
      limits.attempts = 0;
      limits.end = -Infinity;
      limits.isNeeded = limits.hasWaiters = false;
    }
    limits.attempts = Math.max(limits.attempts, attempts);
    limits.end = Math.max(limits.end, clock.monotonic() + retry.deadline);
    limits.isNeeded ||= waits === "needy";
    limits.hasWaiters ||= waits !== "no";
    return flight.join((signal) =>
      attemptRepeatedly((attempt) => obtain(reason, attempt, signal), { limits, shared, clock, signal })
    );
  }

  async function obtain(reason: RenewalReason, attempt: number, signal: AbortSignal): Promise<IssuedToken> {
    const start = momentOf(clock);
    const background = !limits.hasWaiters;
    const forRejection = reason === "refused";
    const request = { reason, attempt, behind: background };
    // Not longer than the last caller waits.
    const left = attempt === 1 ? retry.deadline : Math.max(limits.end - clock.monotonic(), 1);
    note({ type: "started", background });
    send({ type: "requested", ...request });
    try {
      const issued = await withDeadline(
        newDeadline(Math.min(timeout, left), signal),
        (signal) => source({ signal, reason, attempt, background, forget: () => void (signal.aborted || forget()) }),
      );
      signal.throwIfAborted();
      // On workerd the signal comes a beat late.
      if (closed) throw closed.reason;
      const { current: previous } = state;
      const next = issueToken(issued, { start, headerKey, defaultLifetime, authorization, previous });
      note({ type: "issued", token: next, forRejection });
      shared.health = reduceHealth(shared.health, { mayRepeat: true }, { clock, retry });
      const duration = ageOf(start, clock);
      send({ type: "obtained", ...request, duration, remaining: next.lifetime - duration });
      return next;
    } catch (error) {
      if (!signal.aborted && !closed) {
        const mayRepeat = !limits.isNeeded || attempt < limits.attempts;
        shared.health = reduceHealth(shared.health, { error, mayRepeat }, { clock, retry });
        note({ type: "failed", error, background, forRejection });
      }
      const { code, status } = (error instanceof AuthenticationError ? error : {}) as Partial<AuthenticationError>;
      const delay = isTransient(error) ? shared.health.backgroundNotBefore - clock.monotonic() : undefined;
      send({ type: "failed", ...request, duration: ageOf(start, clock), code, status, delay });
      throw error;
    }
  }

  /** The next token, for a caller who has none or wants another. */
  async function next(
    reason: RenewalReason,
    signal: AbortSignal | null | undefined,
    isForced = false,
  ): Promise<IssuedToken> {
    const decision = decide(state, shared.health, { clock, retry, isForced });
    if (decision.type === "use") return decision.token;
    if (decision.type === "fail") throw errorForCaller(decision.error, decision.retryAfter);
    const wait = shared.health.isExhausted && flight.active ? Math.min(patience, retry.deadline) : retry.deadline;
    const error = () => shared.health.lastError ?? newTimeout(wait);
    return await waitAsCaller(fly(reason, decision.attempts, "needy"), { timeout: wait, error, signal }, {
      shared,
      clock,
    });
  }

  function checkOpen(signal: AbortSignal | null | undefined): void {
    signal?.throwIfAborted();
    if (closed) throw closed.reason;
  }

  async function get(signal?: AbortSignal | null): Promise<IssuedToken> {
    checkOpen(signal);
    const known = fresh();
    if (known) return known;
    const live = liveToken(state, clock);
    if (!live) return await next(state.current ? "expired" : "first", signal);
    // Nothing else would keep the refresh running: this caller does, for a second at most.
    note({ type: "carried" });
    return await waitFor(fly("early", 1), newDeadline(patience, signal)).catch((error) => {
      signal?.throwIfAborted();
      if (closed) throw error;
      send({ type: "reused", remaining: remainingLifetime(live, clock) });
      return live;
    });
  }

  /** Takes note of a rejection, and gives what to do about it. */
  function reject(rejected: IssuedToken, { route = "", replays = 0 }: RejectedCall) {
    const decision = decideRejection(state, shared.health, { token: rejected, route, replays }, clock);
    if (decision === undefined && replays > 0 && rejected === state.current) note({ type: "wasted", route });
    note({ type: "rejected", token: rejected });
    const remaining = remainingLifetime(rejected, clock);
    send({ type: "refused", remaining, renews: decision !== undefined });
    return decision;
  }

  async function replace(rejected: IssuedToken, call: RejectedCall = {}): Promise<IssuedToken | undefined> {
    const { signal, route = "" } = call;
    if (closed) return undefined;
    const decision = reject(rejected, call);
    if (decision !== "refresh") return decision;
    try {
      const next = await waitFor(fly("refused", 1, "rejected"), newDeadline(timeout, signal));
      if (!isSameToken(next, rejected.credentials)) return next;
      note({ type: "wasted", route });
    } catch {
      signal?.throwIfAborted();
    }
    return undefined;
  }

  async function refreshRejected(rejected: Credentials, signal?: AbortSignal | null): Promise<IssuedToken> {
    checkOpen(signal);
    // While an API doesn't know the last token yet, the one in use is another.
    const token = [state.current, state.successor].find((each) => each?.credentials === rejected);
    if (!token) return await get(signal);
    const decision = reject(token, {});
    if (typeof decision === "object") return decision;
    const live = liveToken(state, clock);
    if (!live) return await next("expired", signal);
    if (decision) {
      return await waitAsCaller(fly("refused", 1, "rejected"), newDeadline(timeout, signal), { shared, clock });
    }
    throw newLimit(refreshableAt(state, shared.health, "") - clock.monotonic());
  }

  function forget() {
    const live = liveToken(state, clock);
    note({ type: "forgotten" });
    return live;
  }

  return {
    get last() {
      return state.successor ?? state.current;
    },
    fresh,
    get,
    async refresh(signal) {
      checkOpen(signal);
      return await next("forced", signal, true);
    },
    refreshRejected,
    replace,
    replayed(status, hasHelped, route = "") {
      send({ type: "replayed", status });
      if (hasHelped) note({ type: "helped", route });
    },
    forget,
    close(reason) {
      closed ??= { reason, done: flight.end(reason) };
      lookAgainAt = 0;
      return closed.done;
    },
  };
}
