/**
 * Time that passes as fast as the work in it is done: the clocks, timers and random numbers of this process, which has no
 * other work. The same seed gives the same course.
 *
 * @module
 */

import { setImmediate } from "node:timers";
import { setClocks } from "./clocks.ts";

/** Time of one process. Moments are whole milliseconds since its start. */
export interface VirtualTime {
  now(): number;
  /** Calls a function at a moment that is to come. */
  at(moment: number, run: () => void): void;
  /** Resolves some milliseconds later. */
  pass(ms: number): Promise<void>;
  /** Lets time pass until just before a moment. */
  runUntil(end: number): Promise<void>;
}

/** A timer that is set. */
interface Timer {
  /** Absent: cleared. */
  run?: (() => void) | undefined;
}

/** Replaces the machine's time, for the rest of the process. */
export function startVirtualTime(seed: number): VirtualTime {
  const timers = new Map<number, Timer[]>();
  let now = 0;

  const set = (moment: number, timer: Timer): Timer => {
    const at = Math.max(now + 1, Math.ceil(moment));
    const others = timers.get(at);
    if (others) others.push(timer);
    else timers.set(at, [timer]);
    return timer;
  };
  const repeat = (run: () => void, ms: number): Timer => {
    const again = () => {
      set(now + ms, timer);
      run();
    };
    const timer: Timer = { run: again };
    return set(now + ms, timer);
  };
  const clear = (timer?: Timer) => {
    if (timer) timer.run = undefined;
  };
  Object.assign(globalThis, {
    setTimeout: (run: () => void, ms = 0) => set(now + ms, { run }),
    setInterval: repeat,
    clearTimeout: clear,
    clearInterval: clear,
  });
  Math.random = randomNumbers(seed);
  setClocks(() => now);
  const settle = orderDigests();
  return {
    now: () => now,
    at: (moment, run) => void set(moment, { run }),
    pass: (ms) => new Promise((resolve) => set(now + ms, { run: resolve })),
    async runUntil(end) {
      while (now + 1 < end) {
        const due = timers.get(++now);
        if (!due) continue;
        timers.delete(now);
        for (const timer of due) timer.run?.();
        await settle();
      }
    },
  };
}

/**
 * Makes digests arrive when nothing else is left to do at this moment, in the order in which they were asked for: other
 * threads compute them, in any order. Gives what waits until nothing is left at all.
 */
function orderDigests(): () => Promise<void> {
  const { subtle } = crypto;
  const digest = subtle.digest.bind(subtle);
  const asked: { readonly computed: Promise<ArrayBuffer>; readonly arrive: (result: ArrayBuffer) => void }[] = [];
  subtle.digest = (...args) =>
    new Promise((arrive, reject) => {
      const computed = digest(...args);
      computed.catch(reject);
      asked.push({ computed, arrive });
    });
  // All that promises have to do is done before the event loop's next turn.
  const turn = () => new Promise<void>((resolve) => void setImmediate(resolve));
  return async () => {
    await turn();
    while (asked.length > 0) {
      const batch = asked.splice(0);
      const results = await Promise.all(batch.map(({ computed }) => computed));
      batch.forEach(({ arrive }, index) => arrive(results[index]!));
      await turn();
    }
  };
}

/** Numbers from 0 to 1 that look random (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
