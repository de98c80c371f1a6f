/** The part of `FakeTime` of `@std/testing/time` that the tests use; `fake_time_test.ts` tests both. @module */

const real = { Date, setTimeout, clearTimeout, setInterval, clearInterval };
const realAbortTimeout = AbortSignal.timeout;

interface Timer {
  id: number;
  due: number;
  /** The pause between two calls of an interval. */
  interval: number | undefined;
  call: () => void;
}

/** Time while it is faked, and the timers due later as they were set; an interval is set again before each call. */
let faked: { now: number; lastId: number; timers: Timer[] } | undefined;

/** Time isn't faked, or is faked already. */
export class TimeError extends Error {
  override name = "TimeError";
}

/** Time that moves by ticks alone, for `Date`, timers and `AbortSignal.timeout`, but not for `performance.now()`. */
export class FakeTime {
  constructor(start?: number | string | Date | null) {
    if (faked) throw new TimeError("Cannot fake time: it is faked already");
    const now = Math.floor(start == null ? real.Date.now() : new real.Date(start).getTime());
    if (Number.isNaN(now)) throw new TypeError(`Cannot fake time: ${start} is no time to start at`);
    faked = { now, lastId: 0, timers: [] };
    Object.assign(globalThis, fake);
    AbortSignal.timeout = fakeAbortTimeout;
  }

  get now(): number {
    return fakedTime().now;
  }

  /** Calls each timer that is due by then, at its time. Time stops at one that throws. */
  set now(to: number) {
    const time = fakedTime();
    if (to < time.now) throw new RangeError(`Cannot set time back from ${time.now} to ${to}`);
    const findFirst = () => time.timers.reduce<Timer | undefined>((a, b) => a && a.due <= b.due ? a : b, undefined);
    for (let timer = findFirst(); timer && timer.due <= to; timer = findFirst()) {
      time.now = timer.due;
      clearTimer(timer.id);
      if (timer.interval) time.timers.push({ ...timer, due: time.now + timer.interval });
      timer.call();
    }
    time.now = to;
  }

  tick(ms = 0): void {
    this.now += ms;
  }

  restore(): void {
    fakedTime();
    faked = undefined;
    Object.assign(globalThis, real);
    AbortSignal.timeout = realAbortTimeout;
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}

function fakedTime() {
  if (!faked) throw new TimeError("Cannot use fake time or a fake timer: time isn't faked");
  return faked;
}

function timerFunction(repeats: boolean) {
  return (callback: unknown, delay = 0, ...args: unknown[]): number => {
    if (typeof callback !== "function") throw new TimeError("Cannot set a timer: its callback is no function");
    const time = fakedTime();
    const pause = Math.max(repeats ? 1 : 0, Math.floor(delay));
    const call = () => callback.apply(null, args);
    time.timers.push({ id: ++time.lastId, due: time.now + pause, interval: repeats ? pause : undefined, call });
    return time.lastId;
  };
}

function clearTimer(id?: unknown): void {
  const time = fakedTime();
  time.timers = time.timers.filter((timer) => timer.id !== id);
}

const currentTime = () => faked?.now ?? real.Date.now();

const fake = {
  Date: new Proxy(Date, {
    construct: (target, args) => Reflect.construct(target, args.length > 0 ? args : [currentTime()]),
    apply: (target) => new target(currentTime()).toString(),
    get: (target, property) => property === "now" ? currentTime : Reflect.get(target, property),
  }),
  setTimeout: timerFunction(false),
  clearTimeout: clearTimer,
  setInterval: timerFunction(true),
  clearInterval: clearTimer,
};

function fakeAbortTimeout(ms: number): AbortSignal {
  const controller = new AbortController();
  fake.setTimeout(() => controller.abort(new DOMException("Signal timed out.", "TimeoutError")), ms);
  return controller.signal;
}
