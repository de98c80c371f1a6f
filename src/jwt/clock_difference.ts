/**
 * What a server's `Date` says of this clock.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { AuthenticationError } from "../errors.ts";
import type { ClockCorrectedEvent } from "../events.ts";

/** Describes the error of a token request that the server refused. */
export interface Refusal extends Pick<AuthenticationError, "code" | "retryable"> {
  /** The server's OAuth error code, if it gave one. */
  readonly error: string | undefined;
}

/** Describes the response that refused a token request. */
export interface RefusalResponse {
  /** Its headers. */
  readonly headers: Headers;
  /** How long it took, in milliseconds. */
  readonly elapsed: number;
  /**
   * Has the request signed and sent again in place of the error, once for each `signer`. Returns whether it will be. The
   * event, if there is one, is emitted.
   */
  readonly repeat?: ((signer: object, event?: ClockCorrectedEvent) => boolean) | undefined;
}

/** Says more about a refusal, in a sentence for the error, or nothing. */
export type ExplainRefusal = (refusal: Refusal, response: RefusalResponse) => string | undefined;

/** A difference that servers may not tolerate, in milliseconds. */
const most = 5_000;

/** By how much a clock and a server's differ, in milliseconds. */
export interface ClockDifference {
  /** How far this one is ahead, at least, but for the second that `Date` is rounded by; negative where it isn't. */
  readonly ahead: number;
  /** How far it is behind, at least. */
  readonly behind: number;
  /** How far the server's is ahead, most likely: off by half of `elapsed` and half a second at most. */
  readonly offset: number;
}

/**
 * Compares a clock with the server's, by its `Date`; `NaN` without one. The response took `elapsed` milliseconds: its
 * `Date`, in whole seconds, lies in between.
 */
export function compareClock(
  clock: Pick<Clock, "wall">,
  { headers, elapsed }: Pick<RefusalResponse, "headers" | "elapsed">,
): ClockDifference {
  const date = Date.parse(headers.get("date") ?? "");
  const now = clock.wall();
  return { ahead: now - elapsed - date, behind: date - now, offset: date - now + (elapsed + 1_000) / 2 };
}

/** Whether the clock may be why a server refuses a signed request. */
export function mayConcernClock({ code, retryable, error }: Refusal): boolean {
  // A server that says this has accepted the signature.
  return !retryable && /^token_/.test(code) && !/scope|target|type|nonce/.test(error ?? "");
}

/** Says how much this clock and the server's differ, after a refusal; nothing if that can't be why. */
export function explainClock(
  clock: Pick<Clock, "wall">,
  refusal: Refusal,
  response: RefusalResponse,
): string | undefined {
  const { ahead, behind } = compareClock(clock, response);
  if (!mayConcernClock(refusal) || !(Math.max(ahead, behind) > most)) return undefined;
  const [by, direction] = ahead > 0 ? [ahead, "ahead of"] : [behind, "behind"];
  const seconds = Math.round(by / 1000).toLocaleString("en");
  return `This machine's clock is ${seconds} seconds ${direction} the server's, by its Date header: synchronize it.`;
}
