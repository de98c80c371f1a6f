/**
 * The two clocks a token's age is read from.
 *
 * @module
 */

/** Where the time comes from, in milliseconds. */
export interface Clock {
  /** Since the epoch, as the machine believes. It can be set. */
  wall(): number;
  /** Since some moment, never going back. It may stand still while the machine sleeps. */
  monotonic(): number;
}

/** A moment, by both clocks. */
export interface Moment {
  /** In milliseconds since the epoch. */
  readonly wall: number;
  /** In milliseconds since some moment. */
  readonly monotonic: number;
}

/** The machine's own clocks. */
export const systemClock: Clock = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
};

/** The moment it is. */
export function readMoment(clock: Clock): Moment {
  return { wall: clock.wall(), monotonic: clock.monotonic() };
}

/** How long ago a moment was, at least: neither a clock set back nor one that slept makes a token younger. */
export function getAge(moment: Moment, clock: Clock): number {
  return Math.max(clock.wall() - moment.wall, clock.monotonic() - moment.monotonic);
}
