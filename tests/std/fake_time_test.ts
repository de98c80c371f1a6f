import { assertEquals, assertThrows } from "@std/assert";
import { FakeTime, TimeError } from "@std/testing/time";

/** Makes a callback that writes its name and the time into the log. */
type Log = (name?: string) => () => void;

/** What is done to `FakeTime`, JSR's or its stand-in, which starts at 1,000, and what is logged. */
const behaviours: [what: string, act: (time: FakeTime, log: Log) => void, logged: string[]][] = [
  ["a timer is due at its time, not before", (time, log) => {
    setTimeout(log("timer"), 10);
    time.tick(9);
    log("tick")();
    time.tick(1);
  }, ["tick 1009", "timer 1010"]],
  ["timers are called by their time, then as they were set", (time, log) => {
    for (const [name, delay] of [["b", 5], ["c", 5], ["a", 4]] as const) setTimeout(log(name), delay);
    time.tick(5);
  }, ["a 1004", "b 1005", "c 1005"]],
  ["a delay is rounded down, at least none, and may be longer than a real timer's", (time, log) => {
    for (const delay of [1.9, -5, 0.5, 2 ** 31, Infinity]) setTimeout(log(`${delay}`), delay);
    log("set")();
    time.tick(0);
    time.tick(1);
    time.tick(1e12);
  }, ["set 1000", "-5 1000", "0.5 1000", "1.9 1001", "2147483648 2147484648"]],
  ["a timer set by another is called in the same tick", (time, log) => {
    setTimeout(() => setTimeout(log(), 0), 5);
    time.tick(5);
  }, ["1005"]],
  ["an interval returns, until it is cleared, and takes a millisecond at least", (time, log) => {
    const id = setInterval(log("ten"), 10);
    setTimeout(() => clearInterval(id), 25);
    time.tick(30);
    setInterval(log("none"), 0);
    time.tick(2);
  }, ["ten 1010", "ten 1020", "none 1031", "none 1032"]],
  ["an interval's turn comes before what its callback sets for the same time", (time, log) => {
    setInterval(() => {
      log("interval")();
      setTimeout(log("timeout"), 5);
    }, 5);
    time.tick(10);
  }, ["interval 1005", "interval 1010", "timeout 1010"]],
  ["either function clears a timer, also in the same tick; clearing what isn't one does nothing", (time, log) => {
    clearTimeout(setInterval(log("interval"), 1));
    clearInterval(setTimeout(log("timeout"), 1));
    clearTimeout(99);
    clearTimeout(undefined);
    setTimeout(() => clearTimeout(second), 5);
    const second = setTimeout(log("second"), 5);
    time.tick(5);
  }, []],
  ["a callback gets its arguments", (time, log) => {
    setTimeout((a, b) => log(a + b)(), 1, "a", "b");
    time.tick(1);
  }, ["ab 1001"]],
  ["a callback that throws stops time there; the others keep theirs", (time, log) => {
    setTimeout(() => {
      throw new RangeError("thrown");
    }, 5);
    setTimeout(log("other"), 7);
    assertThrows(() => time.tick(10), RangeError, "thrown");
    log("stopped")();
    time.tick(10);
  }, ["stopped 1005", "other 1007"]],
  ["a time may be set, but not back", (time, log) => {
    setTimeout(log("timer"), 5);
    time.now = 1_010;
    assertThrows(() => time.now = 1_009, RangeError);
    log(`${time.now}`)();
  }, ["timer 1005", "1010 1010"]],
  ["Date tells fake time, and other times", (time, log) => {
    time.tick(500);
    log(
      [new Date().getTime(), Date() === new Date(1_500).toString(), new Date(7).getTime(), Date.UTC(1970, 0)].join(),
    )();
  }, ["1500,true,7,0 1500"]],
  ["AbortSignal.timeout follows fake time", (time, log) => {
    const signal = AbortSignal.timeout(10);
    signal.onabort = () => log(`${signal.reason.name}: ${signal.reason.message}`)();
    time.tick(20);
  }, ["TimeoutError: Signal timed out. 1010"]],
  ["there is one at a time", () => assertThrows(() => new FakeTime(), TimeError), []],
];

for (const [what, act, logged] of behaviours) {
  Deno.test(`FakeTime: ${what}`, () => {
    using time = new FakeTime(1_000);
    const found: string[] = [];
    act(time, (name = "") => () => found.push(`${name} ${Date.now()}`.trim()));
    assertEquals(found, logged);
  });
}

Deno.test("FakeTime: at its end the globals are back; fake timers throw after it", () => {
  const globals = () => [Date, setTimeout, clearTimeout, setInterval, clearInterval, AbortSignal.timeout];
  const before = globals();
  const time = new FakeTime();
  const [, setFakeTimeout] = globals();
  assertEquals(globals().filter((value, index) => value === before[index]), []);
  time.restore();

  assertEquals(globals(), before);
  assertThrows(setFakeTimeout as () => unknown, TimeError);
});
