/**
 * Caches what a config store found out over the network.
 *
 * @module
 */

import { waitFor, withDeadline } from "../refresh/deadlines.ts";
import { type Clock, getAge, type Moment, readMoment, systemClock } from "../clock.ts";
import { AuthenticationError } from "../errors.ts";
import { type Flight, newFlight } from "../refresh/single_flight.ts";
import { type Fetch, globalFetch } from "../http/fetch.ts";
import { isRequestBound } from "../refresh/request_bound.ts";
import { checkDuration, checkFunction, checkNumber } from "../arguments.ts";
import type { ClientConfigRequest } from "../config_store/client_config_store.ts";

/** Configures how a config store sends its requests, and how long it caches the result. */
export interface LookupOptions {
  /**
   * How long a result is fresh, in milliseconds. An older one is still used while it is refreshed in the background.
   *
   * @default {3_600_000} (an hour)
   */
  readonly maxAge?: number | undefined;
  /**
   * Time limit for all requests of one lookup together, in milliseconds.
   *
   * @default {10_000}
   */
  readonly timeout?: number | undefined;
  /**
   * Whether the server, and the endpoints it names, may be `http:` elsewhere than on loopback.
   *
   * @default {false}
   */
  readonly allowInsecureRequests?: boolean | undefined;
  /**
   * Sends the requests.
   *
   * @default {the authenticator's `fetch`, else the global one}
   */
  readonly fetch?: Fetch | undefined;
  /**
   * Keeps a background refresh alive on platforms that stop work once a response is sent. On Cloudflare, the `waitUntil`
   * of `cloudflare:workers`. Where it is needed and missing, one caller waits for the refresh, for at most a second.
   *
   * @default {none}
   */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /**
   * Tells the time.
   *
   * @default {the machine's clocks}
   */
  readonly clock?: Clock | undefined;
}

/** The parameters of a search. */
export interface Search {
  readonly fetch: Fetch;
  /** For all requests together, in milliseconds. The search enforces it. */
  readonly timeout: number;
  /** Aborted when the caller that started the search leaves. */
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

const defaultMaxAge = 3_600_000;
const defaultTimeout = 10_000;
/** How long a failed refresh isn't tried again, nor a result looked up again though it is fresh, in milliseconds. */
const failurePause = 10_000;
/** The longest pause by a server's `Retry-After`, in milliseconds. */
const maxFailurePause = 3_600_000;
/** How long a caller waits for a refresh that can't go on in the background, in milliseconds. */
const maxRefreshWait = 1_000;

/** Rejects a search whose caller left; the other callers start another one. */
const callerLeft = Symbol("the caller left");

/**
 * Searches on demand, once for all concurrent callers, and caches the result for `maxAge`. A stale result stays in use
 * while it is refreshed, and for as long as that fails. Failures aren't cached: without a result, the next caller
 * searches again. Each `fetch` has a state of its own, as a result over an unverified connection mustn't serve others.
 */
export class CachedLookup<T> {
  readonly #options: LookupOptions;
  readonly #find: (search: Search) => Promise<T>;
  readonly #states = new WeakMap<Fetch, State<T>>();

  /** Checks the options; sends nothing. */
  constructor(options: LookupOptions, find: (search: Search) => Promise<T>) {
    const { maxAge = defaultMaxAge, timeout = defaultTimeout, fetch, waitUntil } = options;
    checkNumber("maxAge", maxAge, 0);
    checkDuration("timeout", timeout);
    checkFunction("fetch", fetch);
    checkFunction("waitUntil", waitUntil);
    this.#options = { ...options };
    this.#find = find;
  }

  /** Returns the cached result, or searches for one. */
  async get(request: ClientConfigRequest): Promise<T> {
    const { clock = systemClock, maxAge = defaultMaxAge } = this.#options;
    request.signal?.throwIfAborted();
    const state = this.#getState(request);
    if (state.cached === undefined) return await this.#searchFirst(state, request);
    const { value, since } = state.cached;
    const { failure } = state;
    const isPausing = failure !== undefined && getAge(failure.since, clock) < failure.pause;
    const freshFor = request.endpointFailed ? Math.min(failurePause, maxAge) : maxAge;
    if (getAge(since, clock) < freshFor || isPausing) return value;
    await this.#refresh(state, request);
    return state.cached.value;
  }

  #getState(request: ClientConfigRequest): State<T> {
    const fetch = this.#options.fetch ?? request.fetch ?? globalFetch;
    let state = this.#states.get(fetch);
    if (state === undefined) {
      state = { fetch, flight: newFlight(), cached: undefined, failure: undefined, searches: 0, lastSettled: 0 };
      this.#states.set(fetch, state);
    }
    return state;
  }

  async #searchFirst(state: State<T>, { signal }: ClientConfigRequest): Promise<T> {
    for (;;) {
      try {
        const flight = state.flight.join(() => this.#search(state, signal));
        return await waitFor(flight, { signal });
      } catch (error) {
        signal?.throwIfAborted();
        if (error !== callerLeft) throw error;
      }
    }
  }

  /**
   * Refreshes in the background. The caller waits, not for long, where the platform would stop that, or where the endpoint
   * of the stale result failed.
   */
  async #refresh(state: State<T>, { signal, endpointFailed }: ClientConfigRequest): Promise<void> {
    const { waitUntil } = this.#options;
    // Another request refreshes already. On other platforms all share one promise, and joining costs nothing.
    if (isRequestBound() && state.flight.active) return;
    const { cached } = state;
    const work = state.flight.join(() => this.#search(state, signal)).catch(() => {});
    if (waitUntil !== undefined && !endpointFailed) {
      try {
        waitUntil(work);
      } catch {
        // Called outside of a request, say: the work may be stopped, and the next caller refreshes.
      }
    } else if (isRequestBound() || endpointFailed) {
      const limits = { timeout: maxRefreshWait, error: () => callerLeft, signal };
      try {
        await withDeadline(limits, () => work);
      } catch {
        // Otherwise each later caller would wait as long, one after the other.
        if (state.cached === cached) this.#pause(state);
        signal?.throwIfAborted();
      }
    }
  }

  async #search(state: State<T>, signal: AbortSignal | undefined): Promise<T> {
    const { clock = systemClock, timeout = defaultTimeout } = this.#options;
    const since = readMoment(clock);
    const number = ++state.searches;
    // A search that was presumed dead and taken over may settle late: later results count.
    const isNews = () => number > state.lastSettled;
    try {
      const value = await this.#find({ fetch: state.fetch, timeout, signal, clock });
      if (isNews()) Object.assign(state, { cached: { value, since }, failure: undefined, lastSettled: number });
      return value;
    } catch (error) {
      if (signal?.aborted) throw callerLeft;
      if (isNews()) {
        state.lastSettled = number;
        this.#pause(state, error instanceof AuthenticationError ? error.retryAfter : undefined);
      }
      throw error;
    }
  }

  /** Stops refreshing for a while; the stale result stays in use. */
  #pause(state: State<T>, retryAfter = 0): void {
    const { clock = systemClock } = this.#options;
    const pause = Math.min(Math.max(failurePause, retryAfter), maxFailurePause);
    state.failure = { since: readMoment(clock), pause };
  }
}

/** The state for one `fetch`. */
interface State<T> {
  readonly fetch: Fetch;
  readonly flight: Flight<T>;
  cached: { readonly value: T; readonly since: Moment } | undefined;
  failure: { readonly since: Moment; readonly pause: number } | undefined;
  /** How many searches were started. */
  searches: number;
  /** The number of the latest search that settled. */
  lastSettled: number;
}
