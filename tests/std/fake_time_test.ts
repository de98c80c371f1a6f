import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { FakeTime, TimeError } from "@std/testing/time";

/** Behaviour of `FakeTime`, JSR's and its stand-in's. Time starts at 1,000. */
const behaviours: [what: string, see: (time: FakeTime) => unknown, seen: unknown][] = [
  ["timers are numbered from one", () => [setTimeout(() => {}), setInterval(() => {})], [1, 2]],
  ["a timer is due at its time, not before", (time) => callTimers(time, [10], [9, 1]), [1_010]],
  ["timers are called by their time, then as they were set", (time) => {
    const called: string[] = [];
    for (const [name, ms] of [["b", 5], ["c", 5], ["a", 4]] as const) setTimeout(() => called.push(name), ms);
    time.tick(5);
    return called;
  }, ["a", "b", "c"]],
  ["a delay is rounded down, and at least none", (time) => callTimers(time, [1.9, -5, 0.5], [0, 1]), [
    1_000,
    1_000,
    1_001,
  ]],
  ["a delay may be longer than a real timer's", (time) => callTimers(time, [2 ** 31], [2 ** 31 - 1, 1]), [
    2 ** 31 + 1_000,
  ]],
  ["an infinite delay never ends", (time) => callTimers(time, [Infinity], [1e12]), []],
  ["without a tick nothing is called", (time) => callTimers(time, [0], []), []],
  ["a timer set by another is called in the same tick", (time) => {
    const called: number[] = [];
    setTimeout(() => setTimeout(() => called.push(Date.now()), 0), 5);
    time.tick(5);
    return called;
  }, [1_005]],
  ["an interval returns, until it is cleared", (time) => {
    const called: number[] = [];
    const id = setInterval(() => {
      if (called.push(Date.now()) === 3) clearInterval(id);
    }, 10);
    time.tick(100);
    return called;
  }, [1_010, 1_020, 1_030]],
  ["an interval takes a millisecond at least", (time) => {
    let count = 0;
    setInterval(() => count++, 0);
    time.tick(3);
    return count;
  }, 3],
  ["an interval's turn comes before what its callback sets for the same time", (time) => {
    const called: string[] = [];
    setInterval(() => {
      called.push("interval");
      setTimeout(() => called.push("timeout"), 5);
    }, 5);
    time.tick(10);
    return called;
  }, ["interval", "interval", "timeout"]],
  ["either function clears a timer; clearing what isn't one does nothing", (time) => {
    let count = 0;
    clearTimeout(setInterval(() => count++, 1));
    clearInterval(setTimeout(() => count++, 1));
    clearTimeout(99);
    clearTimeout(undefined);
    time.tick(5);
    return count;
  }, 0],
  ["a timer that another clears in the same tick isn't called", (time) => {
    const called: string[] = [];
    setTimeout(() => clearTimeout(second), 5);
    const second = setTimeout(() => called.push("second"), 5);
    time.tick(5);
    return called;
  }, []],
  ["a callback gets its arguments, and no this", (time) => {
    let got: unknown;
    const call = function (this: unknown, ...args: unknown[]) {
      got = [this, ...args];
    };
    setTimeout(call, 1, "a", "b");
    time.tick(1);
    return got;
  }, [null, "a", "b"]],
  ["a callback that throws stops time there; the others keep theirs", (time) => {
    const called: number[] = [];
    setTimeout(() => {
      throw new RangeError("thrown");
    }, 5);
    setTimeout(() => called.push(Date.now()), 7);
    assertThrows(() => time.tick(10), RangeError, "thrown");
    const stopped = time.now;
    time.tick(10);
    return [stopped, called, time.now];
  }, [1_005, [1_007], 1_015]],
  ["a callback is a function", () => {
    assertThrows(() => setTimeout("code" as unknown as () => void, 1), TimeError);
    assertThrows(() => setInterval(undefined as unknown as () => void, 1), TimeError);
  }, undefined],
  ["time doesn't go back", (time) => {
    assertThrows(() => time.tick(-1), RangeError);
    assertThrows(() => time.now = 999, RangeError);
    return time.now;
  }, 1_000],
  ["setting the time is a tick", (time) => {
    let called: number | undefined;
    setTimeout(() => called = Date.now(), 5);
    time.now = 1_010;
    return [called, time.now];
  }, [1_005, 1_010]],
  ["Date tells fake time, in all its forms", (time) => {
    time.tick(500);
    return [Date.now(), new Date().getTime(), Date() === new Date(1_500).toString(), new Date(7).getTime()];
  }, [1_500, 1_500, true, 7]],
  ["Date is Date still", () => [new Date() instanceof Date, Date.UTC(1970, 0), Date.parse("1970-01-01"), Date.name], [
    true,
    0,
    0,
    "Date",
  ]],
  ["AbortSignal.timeout follows fake time", (time) => {
    const signal = AbortSignal.timeout(10);
    time.tick(9);
    assertFalse(signal.aborted);
    time.tick(1);
    assert(signal.reason instanceof DOMException);
    return [signal.reason.name, signal.reason.message];
  }, ["TimeoutError", "Signal timed out."]],
  ["there is one at a time", () => {
    assertThrows(() => new FakeTime(), TimeError);
  }, undefined],
];

for (const [what, see, seen] of behaviours) {
  Deno.test(`FakeTime: ${what}`, () => {
    using time = new FakeTime(1_000);
    assertEquals(see(time), seen);
  });
}

/** Sets timers of these delays, and ticks; returns the times at which they were called. */
function callTimers(time: FakeTime, delays: number[], ticks: number[]): number[] {
  const called: number[] = [];
  for (const delay of delays) setTimeout(() => called.push(Date.now()), delay);
  for (const ms of ticks) time.tick(ms);
  return called;
}

Deno.test("FakeTime: starts at a number, a Date or a text", () => {
  for (const [start, now] of [[1_000.9, 1_000], [new Date(5), 5], ["1970-01-01T00:00:01Z", 1_000]] as const) {
    using time = new FakeTime(start);
    assertEquals([time.now, Date.now()], [now, now]);
  }
});

Deno.test("FakeTime: starts now by default, and refuses an invalid time", () => {
  const before = Date.now();
  {
    using time = new FakeTime();
    assertEquals([time.now >= before, time.now - before < 10_000], [true, true]);
  }
  assertThrows(() => new FakeTime("no time"), TypeError);
  assertThrows(() => new FakeTime(NaN), TypeError);
  assertEquals(Date.now() >= before, true);
});

Deno.test("FakeTime: tickAsync lets microtasks run before time moves, and none in between", async () => {
  using time = new FakeTime(1_000);
  const called: string[] = [];
  Promise.resolve().then(() => called.push(`microtask at ${Date.now()}`));
  setTimeout(() => {
    called.push(`timer at ${Date.now()}`);
    Promise.resolve().then(() => setTimeout(() => called.push(`late at ${Date.now()}`), 1));
  }, 5);
  await time.tickAsync(10);
  assertEquals([called, time.now], [["microtask at 1000", "timer at 1005"], 1_010]);
  await time.tickAsync(1);
  assertEquals(called.slice(2), ["late at 1011"]);
});

Deno.test("FakeTime: restore brings back the globals; fake timers throw after it", () => {
  const globals = () => [Date, setTimeout, clearTimeout, setInterval, clearInterval, AbortSignal.timeout];
  const before = globals();
  const time = new FakeTime(1_000);
  const fake = globals();
  const timer = setTimeout(() => {}, 1);
  const stale = { setTimeout, clearTimeout };
  time.restore();

  assertEquals(globals(), before);
  assertEquals(fake.filter((value, index) => value === before[index]), []);
  assertEquals(time.now, 1_000);
  assertThrows(() => time.restore(), TimeError);
  assertThrows(() => stale.setTimeout(() => {}, 1), TimeError);
  assertThrows(() => stale.clearTimeout(timer), TimeError);
});
