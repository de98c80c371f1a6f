import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError, Credentials, type IssuedCredentials } from "@m2m/authenticator";
import { Renewal, type RenewalOptions } from "../src/refresh/renewal.ts";

/** Clocks that stand still until told to move. */
class HandClock {
  #wall = 1_000_000;
  #monotonic = 0;
  wall = () => this.#wall;
  monotonic = () => this.#monotonic;

  advance(ms: number): void {
    this.#wall += ms;
    this.#monotonic += ms;
  }

  setWall(difference: number): void {
    this.#wall += difference;
  }

  /** The machine sleeps: the wall clock goes on. */
  sleep(ms: number): void {
    this.#wall += ms;
  }
}

/** A renewal whose server answers tokens `t1`, `t2`, … living `lifetime` ms, or fails when told to. */
function arrange(
  lifetime: number | undefined,
  { obtain, ...options }: Partial<RenewalOptions & { obtain: (signal: AbortSignal) => Promise<IssuedCredentials> }> =
    {},
) {
  const clock = new HandClock();
  const server = { requests: 0, failing: undefined as Error | undefined };
  const answer = () => {
    server.requests++;
    if (server.failing) return Promise.reject(server.failing);
    const expiresAt = lifetime && clock.wall() + lifetime;
    return Promise.resolve({ credentials: new Credentials({ accessToken: `t${server.requests}`, expiresAt }) });
  };
  const renewal = new Renewal(
    {
      defaultLifetime: 300_000,
      retry: { attempts: 5, maxBackoff: 20, deadline: 2_000 },
      waitUntil: undefined,
      clock,
      onEvent: undefined,
      ...options,
    },
    obtain ?? answer,
  );
  const use = async () => (await renewal.get()).credentials.accessToken;
  return { renewal, server, use, clock };
}

/** Lets what runs behind come to its end. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

for (const lifetime of [2_000, 20_000, 3_600_000, 86_400_000]) {
  Deno.test(`a token of ${lifetime / 1000} s is reused, then renewed behind its users`, async () => {
    const { server, use, clock } = arrange(lifetime);
    const early = Math.min(lifetime * 0.2, 300_000);
    assertEquals(await use(), "t1");
    clock.advance(lifetime - early * 1.25 - 1);
    assertEquals([await use(), server.requests], ["t1", 1], "before the early window");
    clock.advance(early * 0.25 + 2);
    assertEquals(await Promise.all([use(), use()]), ["t1", "t1"], "in the early window nobody waits");
    await settle();
    assertEquals([await use(), server.requests], ["t2", 2]);
  });

  Deno.test(`a token of ${lifetime / 1000} s is waited for in the last twentieth of its life`, async () => {
    const { server, use, clock } = arrange(lifetime);
    await use();
    clock.advance(lifetime - Math.min(lifetime * 0.05, 30_000) + 1);
    assertEquals([await use(), server.requests], ["t2", 2]);
  });
}

Deno.test("a fleet doesn't renew in step", async () => {
  const ages = new Set<number>();
  for (let i = 0; i < 20; i++) ages.add((await arrange(3_600_000).renewal.get()).shouldRenewAt);
  assertEquals(ages.size > 10, true);
});

Deno.test("a lifetime the server doesn't tell is taken from the option", async () => {
  const { use, clock } = arrange(undefined, { defaultLifetime: 10_000 });
  await use();
  clock.advance(7_000);
  assertEquals(await use(), "t1");
  clock.advance(3_001);
  assertEquals(await use(), "t2");
});

Deno.test("an outage goes unnoticed while there is a live token, and the first caller after it recovers", async () => {
  const { use, server, clock } = arrange(60_000);
  await use();
  server.failing = new Error("down");
  clock.advance(50_000);
  assertEquals(await use(), "t1", "in the early window");
  await settle();
  clock.advance(9_000);
  assertEquals(await use(), "t1", "in the last twentieth of its life");
  clock.advance(1_000);
  await assertRejects(use, Error, "down");
  server.failing = undefined;
  assertEquals(await use(), "t5");
});

Deno.test("renewals behind that fail keep a distance of a second", async () => {
  const { use, server, clock } = arrange(60_000);
  await use();
  server.failing = new Error("down");
  clock.advance(50_000);
  for (let i = 0; i < 50; i++) {
    assertEquals(await use(), "t1");
    await settle();
  }
  assertEquals(server.requests, 2);
  clock.advance(1_000);
  await use();
  assertEquals(server.requests, 3);
});

Deno.test("a clock set back doesn't keep a dead token alive", async () => {
  const { use, clock } = arrange(60_000);
  await use();
  clock.setWall(-3_600_000);
  assertEquals(await use(), "t1");
  clock.advance(60_001);
  assertEquals(await use(), "t2");
});

Deno.test("a clock set back a little hides the end of a token for a second at most", async () => {
  const { renewal, clock } = arrange(60_000);
  await renewal.get();
  clock.advance(47_000);
  const early = renewal.last?.shouldRenewAt ?? 0;
  clock.advance(early - 47_000 - 100);
  assertEquals(renewal.fresh?.credentials.accessToken, "t1");
  clock.setWall(-50);
  clock.advance(1_000);
  assertEquals(renewal.fresh, undefined);
});

Deno.test("a clock set forward costs one renewal, and so does a machine that slept", async () => {
  const { use, clock, server } = arrange(60_000);
  await use();
  clock.setWall(3_600_000);
  assertEquals([await use(), await use()], ["t2", "t2"]);
  clock.sleep(3_600_000);
  assertEquals([await use(), await use(), server.requests], ["t3", "t3", 3]);
});

Deno.test("a server that hands back the same dying token is asked a few times, not at every call", async () => {
  const clock = new HandClock();
  const end = clock.wall() + 60_000;
  let requests = 0;
  const { renewal } = arrange(undefined, {
    clock,
    obtain: () => {
      requests++;
      const expiresAt = Math.max(end - clock.wall(), 1) + clock.wall();
      return Promise.resolve({ credentials: new Credentials({ accessToken: "same", expiresAt }) });
    },
  });
  for (let age = 0; age < 60_000; age += 100) {
    await renewal.get();
    await settle();
    clock.advance(100);
  }
  // In the early window once, then close to each shorter end, and never more than once a second.
  assertEquals(requests <= 8, true, `${requests} requests`);
});

Deno.test("an answer that lives for no time is used for a second", async () => {
  const { use, clock, server } = arrange(1);
  for (let i = 0; i < 20; i++) await use();
  assertEquals(server.requests, 1);
  clock.advance(1_000);
  assertEquals(await use(), "t2");
});

Deno.test("an abort ends one caller's wait with its own reason, and nobody else's", async () => {
  let answer = () => {};
  const { renewal } = arrange(60_000, {
    obtain: () =>
      new Promise((resolve) => answer = () => resolve({ credentials: new Credentials({ accessToken: "t" }) })),
  });
  const controller = new AbortController();
  const impatient = renewal.get(controller.signal);
  const patient = renewal.get();
  const reason = new Error("enough");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => impatient), reason);
  assertStrictEquals(await assertRejects(() => renewal.get(controller.signal)), reason);
  answer();
  assertEquals((await patient).credentials.accessToken, "t");
});

Deno.test("a refused token is not handed out again", async () => {
  const { renewal, use, server } = arrange(60_000);
  const held = await renewal.get();
  assertEquals(renewal.refuse(held), true);
  server.failing = new Error("down");
  await assertRejects(use, Error, "down");
  server.failing = undefined;
  assertEquals(await use(), "t3");
});

Deno.test("a refusal of a token that isn't the current one renews nothing", async () => {
  const { renewal, use, server } = arrange(60_000);
  const old = await renewal.get();
  await renewal.renew();
  assertEquals(renewal.refuse(old), true);
  assertEquals([await use(), server.requests], ["t2", 2]);
});

Deno.test("a few refusals renew at once, further ones only after pauses that grow, until it has been quiet", async () => {
  const { renewal, clock, server } = arrange(86_400_000);
  const refuseOnce = async () => renewal.refuse(await renewal.get());
  const verdicts: boolean[] = [];
  for (let i = 0; i < 5; i++) verdicts.push(await refuseOnce());
  assertEquals(verdicts, [true, true, true, false, false]);
  for (const pause of [30_000, 60_000, 120_000, 240_000, 480_000, 900_000, 900_000]) {
    clock.advance(pause - 1);
    assertEquals(await refuseOnce(), false, `${pause} ms aren't over`);
    clock.advance(1);
    assertEquals(await refuseOnce(), true, `${pause} ms are over`);
  }
  await renewal.get();
  assertEquals(server.requests, 11);
  clock.advance(1_900_000);
  for (let i = 0; i < 3; i++) assertEquals(await refuseOnce(), true, "after a quiet time");
  assertEquals(await refuseOnce(), false);
});

Deno.test("a token that dies before its time is replaced each time, for the new ones help", async () => {
  const { renewal, clock, server } = arrange(3_600_000);
  for (let death = 0; death < 20; death++) {
    const held = await renewal.get();
    assertEquals(renewal.refuse(held), true, `death ${death}`);
    await renewal.get();
    renewal.helped();
    clock.advance(50_000);
  }
  assertEquals(server.requests, 21);
});

Deno.test("while a server asks to be left alone, a refused token serves at once, and isn't renewed behind", async () => {
  const { renewal, server, use, clock } = arrange(3_600_000);
  server.failing = undefined;
  const held = await renewal.get();
  const wish = { retryable: true, retryAfter: 20_000 };
  server.failing = new AuthenticationError("token_endpoint_failed", "busy", wish);
  renewal.refuse(held);
  assertEquals([await use(), server.requests], ["t1", 2], "one attempt");
  renewal.refuse(held);
  assertEquals([await use(), server.requests], ["t1", 2], "and no other so soon");
  clock.advance(3_400_000);
  server.failing = new AuthenticationError("token_endpoint_failed", "busy", { ...wish, retryAfter: 100_000 });
  await use();
  await settle();
  const before = server.requests;
  for (const advance of [30_000, 30_000, 30_000]) {
    clock.advance(advance);
    await use();
    await settle();
  }
  assertEquals(server.requests, before, "the wish is kept by those who have a token, however long");
});

Deno.test("a refused token serves again if a server in trouble has no other one", async () => {
  const { renewal, server, use, clock } = arrange(60_000);
  renewal.refuse(await renewal.get());
  server.failing = new AuthenticationError("token_endpoint_failed", "down", { retryable: true });
  assertEquals([await use(), server.requests], ["t1", 2]);
  clock.advance(60_000);
  server.failing = undefined;
  assertEquals(await use(), "t3");
});

Deno.test("closing ends the request that is under way, with the reason given", async () => {
  const reason = new Error("closed");
  const { renewal } = arrange(60_000, {
    obtain: (signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true })),
  });
  const waiting = renewal.get();
  renewal.close(reason);
  assertStrictEquals(await assertRejects(() => waiting), reason);
});

Deno.test("a waitUntil that throws costs nobody a live token", async () => {
  const { use, clock } = arrange(60_000, {
    waitUntil: () => {
      throw new TypeError("Illegal invocation");
    },
  });
  await use();
  clock.advance(50_000);
  assertEquals(await use(), "t1");
  await settle();
  assertEquals(await use(), "t2");
});

Deno.test("an answer that comes after closing is not taken up, even if nobody listened to the signal", async () => {
  let answer = () => {};
  const { renewal } = arrange(60_000, {
    obtain: () =>
      new Promise((resolve) => answer = () => resolve({ credentials: new Credentials({ accessToken: "late" }) })),
  });
  const reason = new Error("closed");
  const waiting = assertRejects(() => renewal.get());
  await settle();
  const closed = renewal.close(reason);
  answer();
  await Promise.all([waiting, closed]);
  await settle();
  assertEquals(renewal.last, undefined);
});

Deno.test("waitUntil is given the renewal that runs behind", async () => {
  const kept: Promise<unknown>[] = [];
  const { use, clock } = arrange(60_000, { waitUntil: (work) => void kept.push(work) });
  await use();
  assertEquals(kept.length, 0, "nobody is behind while the caller waits");
  clock.advance(50_000);
  assertEquals([await use(), kept.length], ["t1", 1]);
  await Promise.all(kept);
  assertEquals(await use(), "t2");
});
