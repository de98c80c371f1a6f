/**
 * What a config store found out over the network, kept until it is too old.
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

/** How a config store asks over the network, and how long what it found out is kept. */
export interface LookupOptions {
  /**
   * How old what is known may be, in milliseconds; what is older is used once more while it is fetched anew.
   * Default: 3,600,000, an hour.
   */
  readonly maxAge?: number | undefined;
  /** How long all that is asked for it may take together, in milliseconds. Default: 10,000. */
  readonly timeout?: number | undefined;
  /** Lets who is asked, and the endpoints that are named, be `http:` elsewhere than on loopback. Default: `false`. */
  readonly allowInsecureRequests?: boolean | undefined;
  /** What sends the requests. Default: the way out of whoever asks, else the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /**
   * For platforms that stop work once a response is sent: keeps them at fetching behind it. On Cloudflare, the
   * `waitUntil` of `cloudflare:workers`. Default: none; where it is needed, one caller waits instead, for a second at
   * most.
   */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** Where the time comes from. Default: the machine's clocks. */
  readonly clock?: Clock | undefined;
}

/** By what a search goes. */
export interface Search {
  readonly fetch: Fetch;
  /** For all of it, in milliseconds. The search itself sees to it. */
  readonly timeout: number;
  /** Ends when whoever it is done for has left. */
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

const defaultMaxAge = 3_600_000;
const defaultTimeout = 10_000;
/** How long what couldn't be found anew isn't searched for again, in milliseconds: for there is something older. */
const pause = 10_000;
/** The longest that a server's `Retry-After` makes that pause, in milliseconds. */
const longestPause = 3_600_000;
/** How long a caller waits who has something older, where nobody else would see to it, in milliseconds. */
const patience = 1_000;

/** The caller in whose name the search was done has left: an error for nobody but those who go on without. */
const leaderLeft = Symbol("the leader left");

/**
 * Searches when something is needed, once for all who ask meanwhile, and keeps what was found for `maxAge`. What is older
 * stays in use while it is searched for anew, and for as long as that fails. A failure is not kept: who asks next, and
 * has nothing older, makes it search again. Each way out has a state of its own: what came over one, perhaps unverified,
 * is not for another.
 */
export class CachedLookup<T> {
  readonly #options: LookupOptions;
  readonly #find: (search: Search) => Promise<T>;
  readonly #finds = new WeakMap<Fetch, Found<T>>();

  /** Checks the options; searches for nothing. */
  constructor(options: LookupOptions, find: (search: Search) => Promise<T>) {
    const { maxAge = defaultMaxAge, timeout = defaultTimeout, fetch, waitUntil } = options;
    checkNumber("maxAge", maxAge, 0);
    checkDuration("timeout", timeout);
    checkFunction("fetch", fetch);
    checkFunction("waitUntil", waitUntil);
    this.#options = { ...options };
    this.#find = find;
  }

  /** What is known, or else what the search finds. */
  async get(request: ClientConfigRequest): Promise<T> {
    const { clock = systemClock, maxAge = defaultMaxAge } = this.#options;
    request.signal?.throwIfAborted();
    const found = this.#found(request);
    if (found.known === undefined) return await this.#first(found, request);
    const { value, since } = found.known;
    const { failure } = found;
    const isPausing = failure !== undefined && getAge(failure.since, clock) < failure.pause;
    if (getAge(since, clock) < maxAge || isPausing) return value;
    await this.#refresh(found, request);
    return found.known.value;
  }

  #found(request: ClientConfigRequest): Found<T> {
    const fetch = this.#options.fetch ?? request.fetch ?? globalFetch;
    let found = this.#finds.get(fetch);
    if (found === undefined) {
      found = { fetch, flight: newFlight(), known: undefined, failure: undefined, searches: 0, lastSettled: 0 };
      this.#finds.set(fetch, found);
    }
    return found;
  }

  async #first(found: Found<T>, { signal }: ClientConfigRequest): Promise<T> {
    for (;;) {
      try {
        const flight = found.flight.join(() => this.#search(found, signal));
        return await waitFor(flight, { signal });
      } catch (error) {
        signal?.throwIfAborted();
        if (error !== leaderLeft) throw error;
      }
    }
  }

  /** Searches behind whoever asks, or, where that would be cut short, before them. */
  async #refresh(found: Found<T>, { signal }: ClientConfigRequest): Promise<void> {
    const { waitUntil } = this.#options;
    // Somebody else sees to it. Elsewhere there is one promise for all, and to share it costs nothing.
    if (isRequestBound() && found.flight.active) return;
    const { known } = found;
    const work = found.flight.join(() => this.#search(found, signal)).catch(() => {});
    if (waitUntil !== undefined) {
      try {
        waitUntil(work);
      } catch {
        // Called outside of a request, say: then it may be cut short, and is the next caller's.
      }
    } else if (isRequestBound()) {
      const limits = { timeout: patience, error: () => leaderLeft, signal };
      try {
        await withDeadline(limits, () => work);
      } catch {
        // Or else those who come next would wait as long, one after the other, for what is no faster then.
        if (found.known === known) this.#pause(found);
        signal?.throwIfAborted();
      }
    }
  }

  async #search(found: Found<T>, signal: AbortSignal | undefined): Promise<T> {
    const { clock = systemClock, timeout = defaultTimeout } = this.#options;
    const since = readMoment(clock);
    const number = ++found.searches;
    // One that was taken for dead, and taken over, may wake late: what a later one found out is newer.
    const isNews = () => number > found.lastSettled;
    try {
      const value = await this.#find({ fetch: found.fetch, timeout, signal, clock });
      if (isNews()) Object.assign(found, { known: { value, since }, failure: undefined, lastSettled: number });
      return value;
    } catch (error) {
      if (signal?.aborted) throw leaderLeft;
      if (isNews()) {
        found.lastSettled = number;
        this.#pause(found, error instanceof AuthenticationError ? error.retryAfter : undefined);
      }
      throw error;
    }
  }

  /** Has those who have something older leave it at that for a while. */
  #pause(found: Found<T>, retryAfter = 0): void {
    const { clock = systemClock } = this.#options;
    found.failure = { since: readMoment(clock), pause: Math.min(Math.max(pause, retryAfter), longestPause) };
  }
}

/** What was found by one way out. */
interface Found<T> {
  readonly fetch: Fetch;
  readonly flight: Flight<T>;
  known: { readonly value: T; readonly since: Moment } | undefined;
  failure: { readonly since: Moment; readonly pause: number } | undefined;
  /** How many searches were begun. */
  searches: number;
  /** The one begun last of those that came to an end. */
  lastSettled: number;
}
