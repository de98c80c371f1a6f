/**
 * The clocks of servers that refuse what is signed by this machine's.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock.ts";
import { compareClock, explainClock, mayConcernClock, type Refusal, type RefusalResponse } from "./clock_difference.ts";

/** A difference that is followed, in milliseconds, if it is certain: `Date` is rounded down to whole seconds. */
const least = 1_000;
/** A difference that isn't followed, in milliseconds: a day. */
const absurd = 86_400_000;
/** A limit, so that redirects can't fill the memory. */
const mostOrigins = 1_000;

/** What is known of one server. Offsets: how far its clock is ahead, in milliseconds. */
interface ServerState {
  /** By which a signature was accepted last; or 0. */
  proven: number;
  /** By its `Date`, in use until a signature is accepted, or is refused in another request. */
  tried?: number | undefined;
  /** The key whose signature was accepted last. */
  key?: string | undefined;
}

/** Knows the servers' clocks, by their origins. */
export class ServerClocks {
  readonly #clock: Pick<Clock, "wall">;
  readonly #states = new Map<string, ServerState>();

  constructor(clock: Pick<Clock, "wall"> = systemClock) {
    this.#clock = clock;
  }

  /** Gets the clock that one request to this server is signed by. */
  at({ origin }: Pick<URL, "origin">): ServerClock {
    const state = this.#states.get(origin) ?? { proven: 0 };
    // Maps keep the order of insertion: the first is the one used longest ago.
    this.#states.delete(origin);
    this.#states.set(origin, state);
    if (this.#states.size > mostOrigins) this.#states.delete(this.#states.keys().next().value!);
    return new ServerClock(this.#clock, state);
  }
}

/** The clock that one request is signed by: this machine's, or the server's as far as it is known. */
export class ServerClock implements Pick<Clock, "wall"> {
  readonly #clock: Pick<Clock, "wall">;
  readonly #state: ServerState;
  readonly #offset: number;

  constructor(clock: Pick<Clock, "wall">, state: ServerState) {
    this.#clock = clock;
    this.#state = state;
    this.#offset = state.tried ?? state.proven;
  }

  wall(): number {
    return this.#clock.wall() + this.#offset;
  }

  /** Notes that the server has accepted the signature, by this key. */
  accept(key: string | undefined): void {
    Object.assign(this.#state, { proven: this.#offset, tried: undefined, key });
  }

  /**
   * Has the refused request signed again, once, if its signature was from another time, or may have been used up: a
   * runtime sends a request twice where the connection breaks. Says how much the clocks differ, if that may be why.
   */
  explain(refusal: Refusal, response: RefusalResponse, key: string | undefined): string | undefined {
    if (!mayConcernClock(refusal)) return undefined;
    // Where the server's clock is known, it isn't why.
    const known = { wall: () => this.#clock.wall() + this.#state.proven };
    const explanation = explainClock(known, refusal, response) && explainClock(this.#clock, refusal, response);
    if (!this.follow(response)) this.#replace(refusal, response, key);
    return explanation;
  }

  /** Has the request signed again if this clock is off. Both offsets get their turn while neither has been accepted. */
  follow(response: RefusalResponse): boolean {
    const state = this.#state;
    const { repeat = () => false } = response;
    // Another request has learned more meanwhile.
    if (this.#offset !== (state.tried ?? state.proven)) return repeat(state);
    if (state.tried !== undefined) {
      const isRepeated = repeat(state);
      if (isRepeated) state.tried = undefined;
      return isRepeated;
    }
    const { ahead, behind, offset } = compareClock(this, response);
    const next = Math.round(this.#offset + offset);
    // A cache's answer has the time of long ago (RFC 9111 §5.1).
    const isTrusted = Math.abs(next) <= absurd && !(Number(response.headers.get("age")) > 0);
    if (isTrusted && !(Math.max(ahead - 1_000, behind) > least)) return false;
    // Without its time, only this machine's is left.
    if (!isTrusted && this.#offset === 0) return false;
    const isRepeated = repeat(state, isTrusted ? { type: "clock_corrected", offset: next } : undefined);
    if (isRepeated) state.tried = isTrusted ? next : 0;
    return isRepeated;
  }

  /** Has the request signed again if the server has accepted this key before. */
  #replace({ error = "" }: Refusal, { repeat }: RefusalResponse, key: string | undefined): void {
    const state = this.#state;
    if (key === undefined || key !== state.key || !/^invalid_(client|grant|dpop)/.test(error)) return;
    // Once: the server may have forgotten the key.
    if (repeat?.(state)) state.key = undefined;
  }
}
