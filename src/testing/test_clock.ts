/**
 * A clock that tests move.
 *
 * @module
 */

import { checkNumber, throwInvalid } from "../arguments.ts";
import { type Clock, systemClock } from "../clock.ts";

/** A clock that runs as the machine's do, and jumps when told to. */
export interface TestClock extends Clock {
  /**
   * Lets time pass at once, by both clocks.
   *
   * @param ms How long, in milliseconds.
   * @throws {RangeError} If it is negative: monotonic clocks don't go back; use `set`.
   */
  advance(ms: number): void;
  /**
   * Sets the wall clock alone, forward or back, as an operator or a time server does. Forward it is also what a machine
   * sees that has slept, whose monotonic clock stood still.
   *
   * @param time The time, or milliseconds since the epoch.
   * @throws {TypeError} If it is no time.
   */
  set(time: Date | number): void;
}

/**
 * Makes a clock that tests move: for the option `clock`, and for {@linkcode testServers}.
 *
 * Between jumps it runs as `Date.now()` and `performance.now()` do, fake timers that a test framework has installed for
 * them included. It moves no timer: pauses between attempts and timeouts are real, or the fake timers' own.
 *
 * @example
 * ```ts
 * import { testClock } from "@m2m/authenticator/testing";
 * import { assert } from "@std/assert";
 *
 * const clock = testClock(new Date("2030-01-01T00:00:00Z"));
 * clock.advance(3_600_000);
 * assert(new Date(clock.wall()).toISOString().startsWith("2030-01-01T01:00:00"));
 * ```
 *
 * @param start The time it begins at, or milliseconds since the epoch. Default: now.
 * @returns The clock.
 * @throws {TypeError} If `start` is no time.
 */
export function testClock(start?: Date | number): TestClock {
  let [wall, monotonic] = [0, 0];
  const clock: TestClock = {
    wall: () => systemClock.wall() + wall,
    monotonic: () => systemClock.monotonic() + monotonic,
    advance(ms) {
      if (typeof ms !== "number") throwInvalid("ms", "a number", ms);
      checkNumber("ms", ms, 0);
      wall += ms;
      monotonic += ms;
    },
    set(time) {
      const ms = Number(time);
      if (!Number.isFinite(ms)) throwInvalid("time", "a Date, or milliseconds since the epoch", time);
      wall = ms - systemClock.wall();
    },
  };
  if (start !== undefined) clock.set(start);
  return clock;
}
