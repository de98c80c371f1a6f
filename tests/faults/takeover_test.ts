import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import { type Flight, newFlight } from "../../src/refresh/single_flight.ts";

/** One request to an isolate of a platform where promises belong to requests. */
interface Visitor {
  /** Its request has ended: no timer of its fires any more. */
  gone: boolean;
  settled: boolean;
}

/** The work a visitor does for all. */
interface Work {
  leader: Visitor;
  beat: ReturnType<typeof setInterval> | undefined;
  finish: (value: string) => void;
}

type Command = { type: "join" } | { type: "leave" } | { type: "pass"; time: number };

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: "join" } as const) },
  { weight: 2, arbitrary: fc.constant({ type: "leave" } as const) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("pass" as const), time: fc.constantFrom(5, 10, 50, 160, 260) }),
  },
);

Deno.test("where requests may end in the middle, each end costs one more piece of work at most, and no one hangs", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(command, { minLength: 3, maxLength: 25 }),
      fc.constantFrom(0, 5, 60, 300),
      async (commands, duration) => {
        using platform = new RequestBoundPlatform();
        for (const command of commands) await platform.do(command);
        await platform.finish(duration);
      },
    ),
    { numRuns: 1_000 },
  );
});

class RequestBoundPlatform {
  readonly #time = new FakeTime(1_800_000_000_000);
  readonly #navigator = Object.getOwnPropertyDescriptor(globalThis, "navigator") ?? {};
  readonly #flight: Flight<string>;
  readonly #visitors: Visitor[] = [];
  readonly #works: Work[] = [];
  #lastInterval: ReturnType<typeof setInterval> | undefined;
  #departures = 0;

  constructor() {
    Object.defineProperty(globalThis, "navigator", {
      value: { userAgent: "Cloudflare-Workers" },
      configurable: true,
    });
    this.#flight = newFlight();
    const fake = globalThis.setInterval;
    globalThis.setInterval =
      ((...args: Parameters<typeof setInterval>) => this.#lastInterval = fake(...args)) as typeof setInterval;
  }

  async do(command: Command): Promise<void> {
    if (command.type === "join") this.#join();
    else if (command.type === "leave") this.#leave();
    else await this.#pass(command.time);
    await this.#calm();
  }

  /** Sees the work through: each leader takes so long. */
  async finish(duration: number): Promise<void> {
    for (let count = 0; count < 1_000 && this.#visitors.some(({ gone, settled }) => !gone && !settled); count++) {
      const working = this.#works.at(-1);
      if (working && !working.leader.gone && !working.leader.settled) {
        await this.#pass(duration);
        working.finish("done");
        await this.#calm();
      } else await this.#pass(5);
    }
    assert(this.#visitors.every(({ gone, settled }) => gone || settled), "everyone who stays is served");
    assert(
      this.#works.length <= 1 + this.#departures,
      `${this.#works.length} pieces of work, and ${this.#departures} leaders left`,
    );
  }

  [Symbol.dispose](): void {
    for (const { beat } of this.#works) clearInterval(beat);
    Object.defineProperty(globalThis, "navigator", this.#navigator);
    this.#time.restore();
  }

  #join(): void {
    const visitor: Visitor = { gone: false, settled: false };
    this.#visitors.push(visitor);
    void this.#flight.join(() => this.#work(visitor)).then((value) => {
      assertEquals(value, "done");
      visitor.settled = true;
    });
  }

  #work(leader: Visitor): Promise<string> {
    assert(this.#works.every(({ leader: { gone, settled } }) => gone || settled), "two pieces of work at once");
    const { promise, resolve: finish } = Promise.withResolvers<string>();
    this.#works.push({ leader, beat: this.#lastInterval, finish });
    return promise;
  }

  /** The leader's request ends: neither its timers nor its promises go on. */
  #leave(): void {
    const work = this.#works.at(-1);
    if (work === undefined || work.leader.gone || work.leader.settled) return;
    work.leader.gone = true;
    clearInterval(work.beat);
    this.#departures++;
  }

  async #pass(time: number): Promise<void> {
    for (let passed = 0; passed < time; passed += 5) {
      this.#time.tick(5);
      await this.#calm();
    }
  }

  async #calm(): Promise<void> {
    for (let count = 0; count < 20; count++) await Promise.resolve();
  }
}
