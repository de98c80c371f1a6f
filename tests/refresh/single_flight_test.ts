import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { type Flight, newFlight } from "../../src/refresh/single_flight.ts";
import { WorkerdFlight } from "../../src/refresh/workerd_flight.ts";

/** Pretends to be workerd for as long as it is in scope. */
function asOnWorkerd(): Disposable {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", {
    value: { userAgent: "Cloudflare-Workers" },
    configurable: true,
  });
  return {
    [Symbol.dispose]() {
      if (own) Object.defineProperty(globalThis, "navigator", own);
      else delete (globalThis as { navigator?: unknown }).navigator;
    },
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Work that takes until its signal ends it. */
function endless(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

Deno.test("the kind of flight is the runtime's", () => {
  assertEquals(newFlight() instanceof WorkerdFlight, false);
  using _ = asOnWorkerd();
  assertEquals(newFlight() instanceof WorkerdFlight, true);
});

const kinds: Record<string, () => Flight<number>> = {
  "where promises can be shared": () => newFlight(),
  "where they can't": () => new WorkerdFlight(),
};

for (const [where, make] of Object.entries(kinds)) {
  Deno.test(`work runs once for all callers meanwhile, and again for later ones, ${where}`, async () => {
    const flight = make();
    let runs = 0;
    const work = async () => {
      await pause(30);
      return ++runs;
    };
    const joined = Promise.all(Array.from({ length: 50 }, () => flight.join(work)));
    assertEquals(flight.active, true);
    assertEquals(await joined, Array(50).fill(1));
    assertEquals(flight.active, false);
    assertEquals(await flight.join(work), 2);
  });

  Deno.test(`a failure reaches all callers, and the next one tries again, ${where}`, async () => {
    const flight = make();
    const failure = new Error("no");
    const work = async () => {
      await pause(15);
      throw failure;
    };
    const settled = await Promise.allSettled([flight.join(work), flight.join(work), flight.join(work)]);
    assertEquals(settled.map((one) => one.status === "rejected" && one.reason), [failure, failure, failure]);
    assertEquals(await flight.join(() => Promise.resolve(7)), 7);
  });

  Deno.test(`work that ends early ends for all callers, and later ones start their own, ${where}`, async () => {
    const flight = make();
    const reason = new Error("closed");
    const joined = [flight.join(endless), flight.join(endless)].map((one) => assertRejects(() => one));
    await pause(1);
    const ended = flight.end(reason);
    assertEquals(flight.active, false);
    const next = flight.join(() => Promise.resolve(7));
    for (const one of joined) assertStrictEquals(await one, reason);
    await ended;
    assertEquals(await next, 7);
  });

  Deno.test(`the outcome of work that was ended doesn't end its successor, ${where}`, async () => {
    const flight = make();
    const deaf = flight.join(() => pause(30).then(() => 1)).catch(() => 0);
    const ended = flight.end(new Error("closed"));
    const next = flight.join(() => pause(60).then(() => 2));
    await Promise.all([deaf, ended]);
    assertEquals(flight.active, true);
    assertEquals(await flight.join(() => Promise.resolve(3)), 2);
    assertEquals(await next, 2);
  });

  Deno.test(`ending where no work runs is of no consequence, ${where}`, async () => {
    const flight = make();
    await flight.end(new Error("closed"));
    assertEquals(await flight.join(() => Promise.resolve(7)), 7);
  });
}

Deno.test("a failure that no caller waits for ends nothing", async () => {
  const flight = newFlight<never>();
  void flight.join(() => Promise.reject(new Error("unheard")));
  await pause(1);
  await assertRejects(() => flight.join(() => Promise.reject(new Error("heard"))), Error, "heard");
});

Deno.test({
  name: "a leader that fell silent is followed by another, once",
  // Its beats are stopped as workerd stops them: the timer is gone and nothing ever settles.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const flight = new WorkerdFlight<string>();
    const realSetInterval = globalThis.setInterval;
    globalThis.setInterval = (() => 0) as unknown as typeof setInterval;
    void flight.join(() => new Promise<string>(() => {}));
    globalThis.setInterval = realSetInterval;
    let leaders = 0;
    const work = async () => {
      leaders++;
      await pause(30);
      return "after";
    };
    const started = performance.now();
    assertEquals(
      await Promise.all(Array.from({ length: 20 }, () => flight.join(work))),
      Array(20).fill("after"),
    );
    assertEquals(leaders, 1);
    assertEquals(performance.now() - started < 2_000, true);
    assertEquals(flight.active, false);
  },
});

Deno.test("a follower looks less and less often, and no later than 160 ms after the outcome", async () => {
  using time = new FakeTime(1_800_000_000_000);
  const looks: number[] = [];
  const fake = globalThis.setTimeout;
  globalThis.setTimeout = ((callback: () => void, ms: number) => {
    looks.push(ms);
    return fake(callback, ms);
  }) as typeof setTimeout;
  const flight = new WorkerdFlight<number>();
  const { promise, resolve: finish } = Promise.withResolvers<number>();
  const leader = flight.join(() => promise);
  let outcome: number | undefined;
  void flight.join(() => promise).then((value) => outcome = value);
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 5) {
      time.tick(5);
      for (let count = 0; count < 10; count++) await Promise.resolve();
    }
  };
  await pass(1_000);
  assertEquals(looks.slice(0, 8), [5, 10, 20, 40, 80, 160, 160, 160]);
  finish(7);
  assertEquals([await leader, outcome], [7, undefined]);
  await pass(160);
  assertEquals(outcome, 7);
  globalThis.setTimeout = fake;
});
