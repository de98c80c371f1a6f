/**
 * Keeps a token fresh: refreshed before it expires, by one request at a time. What to do the policy decides; this does it.
 *
 * Everything is driven by use: the only timers are those of an attempt under way and of callers who wait for it.
 *
 * @module
 */

import { ageOf, type Clock, momentOf, systemClock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { AuthenticationError } from "../errors.ts";
import { type AuthenticatorEvent, type AuthenticatorEventListener, emit, type RenewalReason } from "../events.ts";
import type { TokenSource } from "../token_source.ts";
import { sleep, untilAborted, waitFor, withDeadline } from "./deadlines.ts";
import { isSameToken, type IssuedToken, issueToken, remainingLifetime } from "./issued_token.ts";
import {
  decide,
  decideRejection,
  type EndpointHealth,
  isTransient,
  liveToken,
  newHealth,
  newState,
  getPause,
  reduce,
  reduceHealth,
  refreshableAt,
  type RefreshState,
  type RetryPolicy,
  type StateEvent,
} from "./policy.ts";
import { isRequestBound } from "./request_bound.ts";
import { type Flight, newFlight } from "./single_flight.ts";

/** How attempts to get a token are repeated. */
export interface RetryOptions {
  /** The most attempts for callers who have no token. Default: 5; it is 1 while a token lives. */
  attempts?: number | undefined;
  /** The longest pause between two attempts, in milliseconds; they grow from 500 ms, with jitter. Default: 3,000. */
  maxBackoff?: number | undefined;
  /** The longest time a caller waits for a token, in milliseconds. Default: 30,000. */
  deadline?: number | undefined;
}

/** What derived authenticators share about their token endpoint. */
export interface SharedHealth {
  health: EndpointHealth;
  /** The attempt under way that shows how the endpoint is, while that isn't known. */
  probe?: Promise<void> | undefined;
}

/** Options of {@linkcode refreshing}. */
export interface RefreshingOptions {
  /** The lifetime of a token whose server doesn't say, in milliseconds. Default: 300,000. */
  defaultLifetime?: number | undefined;
  /** The header that carries the token, in lower case. Default: what the source says, else `authorization`. */
  headerKey?: string | undefined;
  /** What that header says. Default: the token's type and the token (RFC 6749 §7.1). */
  authorization?: ((credentials: Credentials) => string) | undefined;
  /** How attempts are repeated. Default: see {@linkcode RetryOptions}. */
  retry?: RetryOptions | undefined;
  /** How long one attempt may take, in milliseconds. Default: 10,000. */
  timeout?: number | undefined;
  /** Keeps a platform at work that goes on after a response. Default: none. */
  waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** Receives events. Default: none. */
  onEvent?: AuthenticatorEventListener | undefined;
  /** Where the time comes from. Default: the machine's clocks. */
  clock?: Clock | undefined;
  /** What is known of the token endpoint. Default: nothing, and shared with no other. */
  shared?: SharedHealth | undefined;
}

/** Whose wait it is. */
export interface RejectedCall {
  /** Where the call was sent: its URL without the query. Default: unknown. */
  readonly route?: string | undefined;
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
  /** The token to use in place of a rejected one. Rejects with why there is none. */
  refreshRejected(rejected: IssuedToken, signal?: AbortSignal | null): Promise<IssuedToken>;
  /** The token to replay a rejected call with, or `undefined`: then the API's answer is the caller's. */
  replace(rejected: IssuedToken, call?: RejectedCall): Promise<IssuedToken | undefined>;
  /** Reports that a replay was answered, and whether the other token helped. */
  replayed(status: number, hasHelped: boolean, route?: string): void;
  /** Drops the token in use; gives its credentials if they hadn't expired. */
  forget(): Credentials | undefined;
  /** Ends what is under way for this reason, which later callers get too. Settles when it has ended. */
  close(reason: unknown): Promise<void>;
}

const defaultRetry: RetryPolicy = { attempts: 5, maxBackoff: 3_000, deadline: 30_000 };
/** How long a caller waits where it could do without: for a probe, or for a refresh on workerd. In milliseconds. */
const patience = 1_000;
/** How long a look at both clocks is trusted, as long as the wall clock isn't set back, in milliseconds. */
const lookTrust = 1_000;
/** The pause before a page in place of a token response is asked for again, in milliseconds. */
const pagePause = 250;

const bearer = ({ tokenType, accessToken }: Credentials) => `${tokenType} ${accessToken}`;

/** Keeps what a source gives fresh: asked early, once at a time, backing off. */
export function refreshing(source: TokenSource, options: RefreshingOptions = {}): Tokens {
  const { defaultLifetime = 300_000, authorization = bearer, clock = systemClock } = options;
  const { headerKey, onEvent, waitUntil, shared = { health: newHealth } } = options;
  const retry: RetryPolicy = { ...defaultRetry, ...options.retry as Partial<RetryPolicy> };
  // An attempt that outlasts its callers is of no use, and the next ones would join it.
  const timeout = Math.min(options.timeout ?? 10_000, retry.deadline);
  const flight: Flight<IssuedToken> = newFlight();
  let state: RefreshState = newState;
  // Between these two moments of the wall clock `token` needs no closer look.
  let token: IssuedToken | undefined;
  let lookedAt = 0;
  let lookAgainAt = 0;
  // Of the flight under way: how many attempts it makes and until when, and for which callers.
  let limit = 0;
  let end = 0;
  let isNeeded = false;
  let hasWaiters = false;
  let closed: { readonly reason: unknown; readonly done: Promise<void> } | undefined;

  const send = (event: AuthenticatorEvent) => emit(onEvent, event);
  const tooLate = (ms: number) => () =>
    new AuthenticationError("timeout", `Cannot get a token: no answer within ${ms} ms.`, { retryable: true });

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
      limit = 0;
      end = -Infinity;
      isNeeded = hasWaiters = false;
    }
    limit = Math.max(limit, attempts);
    end = Math.max(end, clock.monotonic() + retry.deadline);
    isNeeded ||= waits === "needy";
    hasWaiters ||= waits !== "no";
    return flight.join((signal) => run(reason, signal));
  }

  /** One flight: as many attempts as it takes, within the limits. */
  async function run(reason: RenewalReason, signal: AbortSignal): Promise<IssuedToken> {
    let mayBePage = true;
    for (let attempt = 1;; attempt++) {
      const endProbe = await untilReady(signal);
      try {
        return await obtain(reason, attempt, signal).finally(endProbe);
      } catch (error) {
        signal.throwIfAborted();
        const isPage = mayBePage && error instanceof AuthenticationError && error.code === "invalid_response";
        if (attempt >= limit || !(isPage || isTransient(error))) throw error;
        if (isPage) {
          mayBePage = false;
          await sleep(pagePause, signal);
        }
      }
    }
  }

  /**
   * Waits for as long as the endpoint's health asks for, or throws its last error if no caller waits that long. While the
   * health isn't known, one attempt probes it and the others wait. Gives what ends the probe.
   */
  async function untilReady(signal: AbortSignal): Promise<() => void> {
    for (;;) {
      const { notBefore, isExhausted, isProven, lastError } = shared.health;
      const delay = notBefore - clock.monotonic();
      if (delay > 0) {
        if (isExhausted || notBefore > end) throw lastError;
        await sleep(delay, signal);
      } else if (shared.probe && !isProven) {
        await untilAborted(signal, shared.probe);
      } else {
        let end: (() => void) | undefined;
        // On workerd, other requests can't wait for a promise of this one.
        if (!isProven && !isRequestBound()) shared.probe = new Promise((resolve) => end = resolve);
        return () => {
          if (end) shared.probe = undefined;
          end?.();
        };
      }
    }
  }

  async function obtain(reason: RenewalReason, attempt: number, signal: AbortSignal): Promise<IssuedToken> {
    const start = momentOf(clock);
    const background = !hasWaiters;
    const forRejection = reason === "refused";
    const request = { reason, attempt, behind: background };
    const limits = { timeout, error: tooLate(timeout), signal };
    note({ type: "started", background });
    send({ type: "requested", ...request });
    try {
      const issued = await withDeadline(
        limits,
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
        const mayRepeat = !isNeeded || attempt < limit;
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
    const { health } = shared;
    const decision = decide(state, health, { clock, retry, isForced });
    if (decision.type === "use") return decision.token;
    if (decision.type === "fail") throw errorForCaller(decision.error, decision.retryAfter);
    const wait = health.isExhausted && flight.active ? Math.min(patience, retry.deadline) : retry.deadline;
    const error = () => shared.health.lastError ?? tooLate(wait)();
    return await waitAs(fly(reason, decision.attempts, "needy"), { timeout: wait, error, signal });
  }

  /** Waits with an error object for this caller alone, whose stack shows the caller. */
  async function waitAs<T>(promise: Promise<T>, deadline: Parameters<typeof waitFor>[1]): Promise<T> {
    try {
      return await waitFor(promise, deadline);
    } catch (error) {
      deadline.signal?.throwIfAborted();
      const pause = getPause(shared.health, clock);
      throw errorForCaller(error, isTransient(error) && pause > 0 ? pause : undefined);
    }
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
    const limits = { timeout: patience, error: tooLate(patience), signal };
    return await waitFor(fly("early", 1), limits).catch((error) => {
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
      const next = await waitFor(fly("refused", 1, "rejected"), { timeout, error: tooLate(timeout), signal });
      if (!isSameToken(next, rejected.credentials)) return next;
      note({ type: "wasted", route });
    } catch {
      signal?.throwIfAborted();
    }
    return undefined;
  }

  async function refreshRejected(rejected: IssuedToken, signal?: AbortSignal | null): Promise<IssuedToken> {
    checkOpen(signal);
    const decision = reject(rejected, {});
    if (typeof decision === "object") return decision;
    const live = liveToken(state, clock);
    if (!live) return await next("expired", signal);
    if (decision) return await waitAs(fly("refused", 1, "rejected"), { timeout, error: tooLate(timeout), signal });
    const retryAfter = Math.max(0, refreshableAt(state, shared.health, "") - clock.monotonic());
    throw new AuthenticationError(
      "refresh_limited",
      `Cannot refresh the rejected token: it was refreshed a moment ago, or can't be now. Try again in ${
        Math.ceil(retryAfter)
      } ms.`,
      { retryable: true, retryAfter },
    );
  }

  function forget(): Credentials | undefined {
    const live = liveToken(state, clock);
    note({ type: "forgotten" });
    return live?.credentials;
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

/** An error object of the caller's own. `retryAfter` in milliseconds. */
function errorForCaller(error: unknown, retryAfter?: number): unknown {
  if (!(error instanceof AuthenticationError)) return error;
  const { code, message, cause, status, retryable, error: oauthError, error_description } = error;
  const known = { status, retryable, error: oauthError, error_description, retryAfter: retryAfter ?? error.retryAfter };
  return new AuthenticationError(code, message, cause === undefined ? known : { ...known, cause });
}
