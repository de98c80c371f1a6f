/** Clocks that a measurement moves, in place of the machine's. @module */

const [realDate, realNow] = [Date, performance.now];

/** Sets both clocks of this process, for all libraries alike, until it is disposed of. `now`: milliseconds. */
export function setClocks(now: () => number): Disposable {
  class SetDate extends realDate {
    constructor(...parts: unknown[]) {
      super(...(parts.length > 0 ? parts : [SetDate.now()]) as [number]);
    }

    static override now(): number {
      return 1_800_000_000_000 + Math.floor(now());
    }
  }
  globalThis.Date = SetDate as DateConstructor;
  performance.now = now;
  return {
    [Symbol.dispose]() {
      globalThis.Date = realDate;
      performance.now = realNow;
    },
  };
}
