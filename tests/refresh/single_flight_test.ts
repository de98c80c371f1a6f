/** Work that runs once for all callers: where they can share its promise, and on workerd. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import { type Flight, newFlight } from "../../src/refresh/single_flight.ts";
import { WorkerdFlight } from "../../src/refresh/workerd_flight.ts";
import { asOnWorkerd } from "./isolate.ts";
import { hang } from "./scene.ts";

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const seven = () => Promise.resolve(7);

Deno.test("newFlight: is a WorkerdFlight on workerd alone", () => {
  assertEquals(newFlight() instanceof WorkerdFlight, false);
  using _ = asOnWorkerd();
  assertEquals(newFlight() instanceof WorkerdFlight, true);
});

const kinds: Record<string, () => Flight<number>> = { newFlight, WorkerdFlight: () => new WorkerdFlight() };

for (const [kind, make] of Object.entries(kinds)) {
  Deno.test(`${kind}: runs work once for all callers meanwhile, and again for later ones`, async () => {
    const flight = make();
    let runs = 0;
    const work = () => pause(30).then(() => ++runs);
    const joined = Promise.all(Array.from({ length: 50 }, () => flight.join(work)));
    assertEquals(flight.active, true);
    assertEquals(await joined, Array(50).fill(1));
    assertEquals([flight.active, await flight.join(work)], [false, 2]);
  });

  Deno.test(`${kind}: gives a failure to all callers, and tries again for the next`, async () => {
    const flight = make();
    const failure = new Error("no");
    const work = () => pause(15).then(() => Promise.reject(failure));
    const settled = await Promise.allSettled([1, 2, 3].map(() => flight.join(work)));
    assertEquals(settled.map((one) => one.status === "rejected" && one.reason), [failure, failure, failure]);
    assertEquals(await flight.join(seven), 7);
  });

  Deno.test(`${kind}: ends work for all callers, and later ones start their own`, async () => {
    const flight = make();
    const reason = new Error("closed");
    await flight.end(reason);
    const joined = [1, 2].map(() => assertRejects(() => flight.join((signal) => hang({ signal }))));
    await pause(1);
    const ended = flight.end(reason);
    assertEquals(flight.active, false);
    const next = flight.join(seven);
    for (const one of joined) assertStrictEquals(await one, reason);
    await ended;
    assertEquals(await next, 7);
  });

  Deno.test(`${kind}: doesn't end the next work by the outcome of work that was ended`, async () => {
    const flight = make();
    const deaf = flight.join(() => pause(30).then(() => 1)).catch(() => 0);
    const ended = flight.end(new Error("closed"));
    const next = flight.join(() => pause(60).then(() => 2));
    await Promise.all([deaf, ended]);
    assertEquals(flight.active, true);
    assertEquals([await flight.join(seven), await next], [2, 2]);
  });
}

Deno.test("newFlight: survives a failure that no caller waits for", async () => {
  const flight = newFlight<never>();
  void flight.join(() => Promise.reject(new Error("unheard")));
  await pause(1);
  await assertRejects(() => flight.join(() => Promise.reject(new Error("heard"))), Error, "heard");
});

/** One request to an isolate of workerd. */
interface Visitor {
  /** Its request has ended: none of its timers fires any more. */
  gone: boolean;
  settled: boolean;
}

/** An isolate where each visitor joins a flight, and the leader's request may end before its work does. */
class Visits implements Disposable {
  readonly time = new FakeTime(1_800_000_000_000);
  readonly flight = new WorkerdFlight<string>();
  readonly visitors: Visitor[] = [];
  readonly works: { leader: Visitor; beat: ReturnType<typeof setInterval> | undefined; finish: () => void }[] = [];
  /** How long followers have waited between their looks. */
  readonly looks: number[] = [];
  #lastInterval: ReturnType<typeof setInterval> | undefined;

  constructor() {
    const { setInterval, setTimeout } = globalThis;
    const keepInterval = (...args: Parameters<typeof setInterval>) => this.#lastInterval = setInterval(...args);
    globalThis.setInterval = keepInterval as typeof setInterval;
    globalThis.setTimeout = ((callback: () => void, ms: number) => {
      this.looks.push(ms);
      return setTimeout(callback, ms);
    }) as typeof setTimeout;
  }

  [Symbol.dispose](): void {
    for (const { beat } of this.works) clearInterval(beat);
    this.time.restore();
  }

  join(): void {
    const visitor: Visitor = { gone: false, settled: false };
    this.visitors.push(visitor);
    void this.flight.join(() => this.#work(visitor)).then((value) => {
      assertEquals(value, "done");
      visitor.settled = true;
    });
  }

  #work(leader: Visitor): Promise<string> {
    assert(this.working === undefined, "two pieces of work at once");
    const { promise, resolve } = Promise.withResolvers<string>();
    this.works.push({ leader, beat: this.#lastInterval, finish: () => resolve("done") });
    return promise;
  }

  /** The work whose leader goes on. */
  get working() {
    return this.works.find(({ leader: { gone, settled } }) => !gone && !settled);
  }

  /** Ends the leader's request: neither its timers nor its promises go on. */
  leave(): void {
    const { working } = this;
    if (working === undefined) return;
    working.leader.gone = true;
    clearInterval(working.beat);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 5) {
      this.time.tick(5);
      await this.settle();
    }
  }

  async settle(): Promise<void> {
    for (let count = 0; count < 20; count++) await Promise.resolve();
  }
}

Deno.test("WorkerdFlight: a follower looks less and less often, and no later than 160 ms after the outcome", async () => {
  using visits = new Visits();
  visits.join();
  visits.join();
  await visits.pass(1_000);
  assertEquals(visits.looks.slice(0, 8), [5, 10, 20, 40, 80, 160, 160, 160]);
  visits.works[0]?.finish();
  await visits.settle();
  assertEquals(visits.visitors.map(({ settled }) => settled), [true, false]);
  await visits.pass(160);
  assertEquals(visits.visitors[1]?.settled, true);
});

Deno.test("WorkerdFlight: one of 20 followers takes over where the leader's request ended", async () => {
  using visits = new Visits();
  for (let count = 0; count < 21; count++) visits.join();
  visits.leave();
  await visits.pass(1_000);
  visits.working?.finish();
  await visits.pass(200);
  assertEquals([visits.works.length, visits.visitors.filter(({ settled }) => settled).length], [2, 20]);
  assertEquals(visits.flight.active, false);
});

const command = fc.oneof(
  { weight: 3, arbitrary: fc.constant("join" as const) },
  { weight: 2, arbitrary: fc.constant("leave" as const) },
  { weight: 2, arbitrary: fc.constantFrom(5, 10, 50, 160, 260) },
);

Deno.test("WorkerdFlight: each request that ends costs one more piece of work at most, and none that stays hangs", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 3, maxLength: 25 }),
      fc.constantFrom(0, 5, 60, 300),
      async (commands, duration) => {
        using visits = new Visits();
        for (const command of commands) {
          if (typeof command === "number") await visits.pass(command);
          else visits[command]();
          await visits.settle();
        }
        const isWaiting = () => visits.visitors.some(({ gone, settled }) => !gone && !settled);
        for (let count = 0; count < 1_000 && isWaiting(); count++) {
          const { working } = visits;
          await visits.pass(working ? duration : 5);
          working?.finish();
          await visits.settle();
        }
        assertEquals(isWaiting(), false, "all that stay are served");
        const gone = visits.visitors.filter(({ gone }) => gone).length;
        assert(visits.works.length <= 1 + gone, `${visits.works.length} pieces of work, and ${gone} leaders left`);
      },
    ),
    { numRuns: 1_000 },
  );
});
