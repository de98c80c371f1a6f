/** What holds for the policy whatever happens. */

import { newHealth, reduceHealth } from "../../src/refresh/health.ts";
import { assert, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { decide, decideRejection, reduce, type StateEvent } from "../../src/refresh/policy.ts";
import { newState, type RefreshState } from "../../src/refresh/state.ts";
import { clockAt, healthWith, makeToken, permanent, retry, transient } from "./policy_scene.ts";

const route = fc.constantFrom("/a", "/b", "/c");
const error = fc.oneof(
  fc.option(fc.integer({ min: 0, max: 1e7 }), { nil: undefined }).map(transient),
  fc.constantFrom(permanent(), permanent("config_store_failed"), permanent("invalid_response"), new Error("foreign")),
);

/** An event, given the tokens that are known when it happens. */
type Happening = (known: { tokens: ReturnType<typeof makeToken>[]; now: number }) => StateEvent;

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ lifetime: fc.integer({ min: 1, max: 200_000 }), forRejection: fc.boolean() })
    .map(({ lifetime, forRejection }): Happening => ({ tokens, now }) => {
      const token = makeToken(`token-${tokens.length}`, { start: now, lifetime });
      tokens.push(token);
      return { type: "issued", token, forRejection };
    }),
  fc.record({ error, background: fc.boolean(), forRejection: fc.boolean() })
    .map((failure): Happening => () => ({ type: "failed", ...failure })),
  fc.nat(3).map((back): Happening => ({ tokens }) => {
    const token = tokens.at(-1 - back);
    return token ? { type: "rejected", token, route: "/", href: "/" } : { type: "carried" };
  }),
  route.map((route): Happening => ({ tokens }) => {
    const token = tokens.at(-1);
    return token ? { type: "wasted", token, route, href: route } : { type: "carried" };
  }),
  route.map((route): Happening => ({ tokens }) => {
    const token = tokens.at(-1);
    return token ? { type: "accepted", token, route, href: route } : { type: "carried" };
  }),
  fc.constantFrom<Happening>(() => ({ type: "carried" }), () => ({ type: "started" })),
);

const pause = fc.oneof(fc.constantFrom(0, 1, 999, 1_000, 5_000), fc.nat(100_000));
const history = fc.array(fc.tuple(pause, happening), { maxLength: 40 });

/** Runs a history; `look` sees each state. */
function replay(
  steps: [number, Happening][],
  look: (state: RefreshState, now: number, tokens: readonly ReturnType<typeof makeToken>[]) => void,
): void {
  const tokens: ReturnType<typeof makeToken>[] = [];
  let state = newState;
  let now = 0;
  for (const [pause, happening] of steps) {
    now += pause;
    state = reduce(state, happening({ tokens, now }), clockAt(now));
    look(state, now, tokens);
  }
}

const isLive = ({ start, lifetime }: ReturnType<typeof makeToken>, now: number) => now - start.monotonic < lifetime;

Deno.test("a live token in use is used at once, whatever happened", () => {
  const health = fc.array(fc.tuple(error, fc.boolean()), { maxLength: 5 });
  fc.assert(fc.property(history, health, (steps, failures) => {
    replay(steps, (state, now) => {
      const clock = clockAt(now);
      const ill = failures.reduce(
        (health, [error, mayRepeat]) => reduceHealth(health, { error, mayRepeat }, { clock, retry }),
        newHealth,
      );
      const decision = decide(state, ill, { clock, retry });
      const live = [state.current, state.successor].filter((token) => token && isLive(token, now));
      if (live.length === 0) assert(decision.type !== "use");
      else assert(decision.type === "use" && live.includes(decision.token));
    });
  }));
});

Deno.test("no event takes the last token issued away while it lives", () => {
  fc.assert(fc.property(history, (steps) => {
    replay(steps, (state, _, tokens) => {
      if (tokens.length > 0) assertStrictEquals(state.successor ?? state.current, tokens.at(-1));
    });
  }));
});

Deno.test("a rejected call is never given the token that was rejected, nor an expired one", () => {
  fc.assert(fc.property(history, route, fc.nat(2), (steps, route, replays) => {
    replay(steps, (state, now, tokens) => {
      for (const token of tokens.slice(-3)) {
        const decision = decideRejection(state, healthWith(), { token, route, href: route, replays }, clockAt(now));
        if (typeof decision === "object") assert(decision !== token && isLive(decision, now));
      }
    });
  }));
});

Deno.test("callers are never put off beyond the deadline and the longest back-off", () => {
  const custom = fc.record({
    maxAttempts: fc.integer({ min: 1, max: 10 }),
    maxDelay: fc.nat(60_000),
    totalTimeout: fc.nat(120_000),
  });
  fc.assert(fc.property(custom, fc.array(fc.tuple(pause, error, fc.boolean())), (retry, failures) => {
    let health = newHealth;
    let now = 0;
    for (const [pause, error, mayRepeat] of failures) {
      now += pause;
      health = reduceHealth(health, { error, mayRepeat }, { clock: clockAt(now), retry });
      assert(health.notBefore <= now + retry.totalTimeout + retry.maxDelay);
      assert(health.backgroundNotBefore >= health.notBefore);
      const decision = decide(newState, health, { clock: clockAt(now), retry });
      assert(decision.type === "wait" || decision.type === "fail" && decision.retryAfter > 0);
    }
  }));
});

Deno.test("background pauses are five minutes at most", () => {
  fc.assert(fc.property(history, (steps) => {
    replay(steps, (state, now) => assert(state.backgroundNotBefore <= now + 300_000));
  }));
});

/** Rejections one after another, each refreshed if it may be; gives when tokens were issued for them. */
function refuseOften(rejections: readonly [number, string][], hasHelped: boolean): number[] {
  const refreshed: number[] = [];
  let now = 0;
  let token = makeToken("token-0", { lifetime: 1e9 });
  let state = reduce(newState, { type: "issued", token, forRejection: false }, clockAt(now));
  for (const [pause, route] of rejections) {
    now += pause;
    const clock = clockAt(now);
    // No predecessor is left to fall back to.
    state = { ...state, predecessor: undefined };
    const use = { token, route, href: route };
    const decision = decideRejection(state, healthWith({}), { ...use, replays: 0 }, clock);
    state = reduce(state, { type: "rejected", ...use }, clock);
    if (decision !== "refresh") continue;
    refreshed.push(now);
    token = makeToken(`token-${refreshed.length}`, { start: now, lifetime: 1e9 });
    state = reduce(state, { type: "issued", token, forRejection: true }, clock);
    state = reduce(state, { type: hasHelped ? "accepted" : "wasted", ...use, token }, clock);
  }
  return refreshed;
}

function mostInOneMinute(moments: readonly number[]): number {
  return Math.max(0, ...moments.map((start) => moments.filter((at) => at >= start && at < start + 60_000).length));
}

const rejections = fc.array(
  fc.tuple(fc.nat(3_000), fc.string({ minLength: 1, maxLength: 3 })),
  { minLength: 50, maxLength: 300 },
);

Deno.test("refreshes that don't help are seven a minute at most, over all routes", () => {
  fc.assert(fc.property(rejections, (rejections) => assert(mostInOneMinute(refuseOften(rejections, false)) <= 7)));
});

Deno.test("refreshes that help are 31 a minute at most, and ten in a row come at once", () => {
  fc.assert(fc.property(rejections, (rejections) => {
    assert(mostInOneMinute(refuseOften(rejections, true)) <= 31);
    const first = rejections.slice(0, 10);
    assert(refuseOften(first, true).length === first.length);
  }));
});
