import { assertEquals, assertRejects } from "@std/assert";
import { Flight } from "../src/refresh/flight.ts";

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

for (const where of ["where promises can be shared", "where they can't"]) {
  const arrange = () => where === "where they can't" ? asOnWorkerd() : { [Symbol.dispose]() {} };

  Deno.test(`work runs once for all who ask meanwhile, and anew for who asks later, ${where}`, async () => {
    using _ = arrange();
    const flight = new Flight<number>();
    let runs = 0;
    const work = async () => {
      await pause(30);
      return ++runs;
    };
    assertEquals(await Promise.all(Array.from({ length: 50 }, () => flight.join(work))), Array(50).fill(1));
    assertEquals(flight.active, false);
    assertEquals(await flight.join(work), 2);
  });

  Deno.test(`a failure reaches everybody, and the next who asks tries anew, ${where}`, async () => {
    using _ = arrange();
    const flight = new Flight<number>();
    const failure = new Error("no");
    const work = async () => {
      await pause(15);
      throw failure;
    };
    const settled = await Promise.allSettled([flight.join(work), flight.join(work), flight.join(work)]);
    assertEquals(settled.map((one) => one.status === "rejected" && one.reason), [failure, failure, failure]);
    assertEquals(await flight.join(() => Promise.resolve(7)), 7);
  });
}

Deno.test("a failure nobody waits for ends nothing", async () => {
  const flight = new Flight<never>();
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
    using _ = asOnWorkerd();
    const flight = new Flight<string>();
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
  },
});
