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
    const failures = await Promise.all([1, 2, 3].map(() => assertRejects(() => flight.join(work))));
    assertEquals([new Set(failures), await flight.join(seven)], [new Set([failure]), 7]);
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
  readonly flight = new WorkerdFlight<string>();
  readonly visitors: Visitor[] = [];
  readonly works: { leader: Visitor; beat: ReturnType<typeof setInterval> | undefined; finish: () => void }[] = [];
  /** How long followers have waited between their looks. */
  readonly looks: number[] = [];
  readonly #time = new FakeTime(1_800_000_000_000);
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
    this.#time.restore();
  }

  join(): void {
    const visitor: Visitor = { gone: false, settled: false };
    this.visitors.push(visitor);
    void this.flight.join(() => this.#work(visitor)).then(() => visitor.settled = true);
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

  /** Whether a request that hasn't ended waits. */
  get isWaiting(): boolean {
    return this.visitors.some(({ gone, settled }) => !gone && !settled);
  }

  /** Ends the leader's request: neither its timers nor its promises go on. */
  leave(): void {
    const { working } = this;
    if (working === undefined) return;
    working.leader.gone = true;
    clearInterval(working.beat);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed <= ms; passed += 5) {
      for (let count = 0; count < 20; count++) await Promise.resolve();
      if (passed < ms) this.#time.tick(5);
    }
  }
}

Deno.test("WorkerdFlight: a follower looks less and less often, and no later than 160 ms after the outcome", async () => {
  using visits = new Visits();
  visits.join();
  visits.join();
  await visits.pass(1_000);
  assertEquals(visits.looks.slice(0, 8), [5, 10, 20, 40, 80, 160, 160, 160]);
  visits.works[0]?.finish();
  await visits.pass(0);
  assertEquals(visits.visitors.map(({ settled }) => settled), [true, false]);
  await visits.pass(160);
  assertEquals([visits.isWaiting, visits.flight.active], [false, false]);
});

const command = fc.oneof(
  { weight: 3, arbitrary: fc.constant("join" as const) },
  { weight: 2, arbitrary: fc.constant("leave" as const) },
  { weight: 2, arbitrary: fc.constantFrom(5, 10, 50, 160, 260) },
);
const commands = fc.array(command, { minLength: 3, maxLength: 25 });

Deno.test("WorkerdFlight: each request that ends costs one more piece of work at most, and none that stays hangs", async () => {
  const property = fc.asyncProperty(commands, fc.constantFrom(0, 5, 60, 300), async (commands, duration) => {
    using visits = new Visits();
    for (const command of commands) {
      if (typeof command === "string") visits[command]();
      await visits.pass(typeof command === "string" ? 0 : command);
    }
    for (let count = 0; count < 1_000 && visits.isWaiting; count++) {
      await visits.pass(visits.working ? duration : 5);
      visits.working?.finish();
      await visits.pass(0);
    }
    assertEquals(visits.isWaiting, false, "all that stay are served");
    const gone = visits.visitors.filter(({ gone }) => gone).length;
    assert(visits.works.length <= 1 + gone, `${visits.works.length} pieces of work, and ${gone} leaders left`);
  });
  await fc.assert(property, { numRuns: 1_000 });
});
