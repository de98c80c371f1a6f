/** The part of `FakeTime` of `@std/testing/time` that the tests use; `fake_time_test.ts` tests both. @module */

const real = { Date, setTimeout, clearTimeout, setInterval, clearInterval };
const realAbortTimeout = AbortSignal.timeout;

let active: Timeline | undefined;

/** Time isn't faked, or is faked already. */
export class TimeError extends Error {
  override name = "TimeError";
}

/** Time that moves by ticks alone, for `Date`, timers and `AbortSignal.timeout`, but not for `performance.now()`. */
export class FakeTime {
  readonly #timeline: Timeline;

  constructor(start?: number | string | Date | null) {
    if (active) throw new TimeError("Cannot fake time: it is faked already");
    const now = Math.floor(start == null ? real.Date.now() : new real.Date(start).getTime());
    if (Number.isNaN(now)) throw new TypeError(`Cannot fake time: ${start} is no time to start at`);
    active = this.#timeline = new Timeline(now);
    Object.assign(globalThis, fake);
    AbortSignal.timeout = fakeAbortTimeout;
  }

  get now(): number {
    return this.#timeline.now;
  }

  set now(value: number) {
    this.#timeline.advance(value);
  }

  tick(ms = 0): void {
    this.now += ms;
  }

  restore(): void {
    if (!active) throw new TimeError("Cannot restore time: it isn't faked");
    active = undefined;
    Object.assign(globalThis, real);
    AbortSignal.timeout = realAbortTimeout;
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}

interface Timer {
  id: number;
  due: number;
  /** The pause between two calls of an interval. */
  interval: number | undefined;
  call: () => void;
}

/** A time, and the timers due later. */
class Timeline {
  now: number;
  #lastId = 0;
  /** In the order in which they were set; an interval is set again before each call. */
  #timers: Timer[] = [];

  constructor(now: number) {
    this.now = now;
  }

  set(call: () => void, delay: number, repeats: boolean): number {
    const pause = Math.max(repeats ? 1 : 0, Math.floor(delay));
    const id = ++this.#lastId;
    this.#timers.push({ id, due: this.now + pause, interval: repeats ? pause : undefined, call });
    return id;
  }

  clear(id: unknown): void {
    this.#timers = this.#timers.filter((timer) => timer.id !== id);
  }

  /** Calls each timer that is due by then, at its time. Time stops at one that throws. */
  advance(to: number): void {
    if (to < this.now) throw new RangeError(`Cannot set time back from ${this.now} to ${to}`);
    for (let timer = this.#first(); timer && timer.due <= to; timer = this.#first()) {
      this.now = timer.due;
      this.clear(timer.id);
      if (timer.interval) this.#timers.push({ ...timer, due: this.now + timer.interval });
      timer.call();
    }
    this.now = to;
  }

  #first(): Timer | undefined {
    return this.#timers.reduce<Timer | undefined>((a, b) => a && a.due <= b.due ? a : b, undefined);
  }
}

function fakedTime(): Timeline {
  if (!active) throw new TimeError("Cannot use a fake timer: time isn't faked");
  return active;
}

function timerFunction(repeats: boolean) {
  return (callback: unknown, delay = 0, ...args: unknown[]): number => {
    if (typeof callback !== "function") throw new TimeError("Cannot set a timer: its callback is no function");
    return fakedTime().set(() => callback.apply(null, args), delay, repeats);
  };
}

const clearTimer = (id?: unknown) => fakedTime().clear(id);

const currentTime = () => active?.now ?? real.Date.now();

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
