/** What holds for the policy whatever happens. */

import { newHealth, reduceHealth } from "../../src/refresh/health.ts";
import { assert, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import type { TimedToken } from "../../src/refresh/issued_token.ts";
import { decide, decideRejection, reduce, type StateEvent } from "../../src/refresh/policy.ts";
import { newState, type RefreshState } from "../../src/refresh/state.ts";
import { clockAt, healthWith, makeToken, permanent, retry, transient } from "./policy_scene.ts";

const route = fc.constantFrom("/a", "/b", "/c");
const error = fc.oneof(
  fc.option(fc.integer({ min: 0, max: 1e7 }), { nil: undefined }).map(transient),
  fc.constantFrom(permanent(), permanent("config_store_failed"), permanent("invalid_response"), new Error("foreign")),
);

/** An event, given when it happens and the tokens issued so far. */
type Happening = (now: number, tokens: TimedToken[]) => StateEvent;

/** What becomes of a token on a route. `most`: how many may have been issued since. */
const happens = (type: "rejected" | "wasted" | "accepted", most = 0) =>
  fc.tuple(route, fc.nat(most)).map(([route, back]): Happening => (_, tokens) => {
    const token = tokens.at(-1 - back);
    return token ? { type, token, route, href: route } : { type: "carried" };
  });

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 200_000 }), fc.boolean())
    .map(([lifetime, forRejection]): Happening => (start, tokens) => {
      const token = makeToken(`token-${tokens.length}`, { start, lifetime });
      tokens.push(token);
      return { type: "issued", token, forRejection };
    }),
  fc.record({ error, background: fc.boolean(), forRejection: fc.boolean() })
    .map((failure): Happening => () => ({ type: "failed", ...failure })),
  ...[happens("rejected", 3), happens("wasted"), happens("accepted")],
  fc.constantFrom<Happening>(() => ({ type: "carried" }), () => ({ type: "started" })),
);

const pause = fc.oneof(fc.constantFrom(0, 1, 999, 1_000, 5_000), fc.nat(100_000));
const history = fc.array(fc.tuple(pause, happening), { maxLength: 40 });

/** Registers a test that looks at each state of any history. `other`: what else may be. */
function always<T>(
  law: string,
  other: fc.Arbitrary<T>,
  look: (seen: { state: RefreshState; now: number; tokens: readonly TimedToken[]; other: T }) => void,
): void {
  const property = fc.property(history, other, (steps, other) => {
    const tokens: TimedToken[] = [];
    let state = newState;
    let now = 0;
    for (const [pause, happening] of steps) {
      now += pause;
      state = reduce(state, happening(now, tokens), clockAt(now));
      look({ state, now, tokens, other });
    }
  });
  Deno.test(law, () => fc.assert(property));
}

const isLive = ({ start, lifetime }: TimedToken, now: number) => now - start.monotonic < lifetime;

const illness = fc.array(fc.tuple(error, fc.boolean()), { maxLength: 5 });
always("a live token in use is used at once, whatever happened", illness, ({ state, now, other }) => {
  const context = { clock: clockAt(now), retry };
  let health = newHealth;
  for (const [error, mayRepeat] of other) health = reduceHealth(health, { error, mayRepeat }, context);
  const decision = decide(state, health, context);
  const live = [state.current, state.successor].filter((token) => token && isLive(token, now));
  if (live.length === 0) assert(decision.type !== "use");
  else assert(decision.type === "use" && live.includes(decision.token));
});

const nothing = fc.constant(undefined);
always("no event takes the last token issued away while it lives", nothing, ({ state, tokens }) => {
  assertStrictEquals(state.successor ?? state.current, tokens.at(-1));
});

always("background pauses are five minutes at most", nothing, ({ state, now }) => {
  assert(state.backgroundNotBefore <= now + 300_000);
});

const rejection = fc.record({ route, href: route, replays: fc.nat(2) });
always("a rejected call gets neither the rejected token nor an expired one", rejection, ({ now, tokens, ...seen }) => {
  for (const token of tokens.slice(-3)) {
    const decision = decideRejection(seen.state, healthWith(), { ...seen.other, token }, clockAt(now));
    if (typeof decision === "object") assert(decision !== token && isLive(decision, now));
  }
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
      const context = { clock: clockAt(now), retry };
      health = reduceHealth(health, { error, mayRepeat }, context);
      assert(health.notBefore <= now + retry.totalTimeout + retry.maxDelay);
      assert(health.backgroundNotBefore >= health.notBefore);
      const decision = decide(newState, health, context);
      assert(decision.type === "wait" || decision.type === "fail" && decision.retryAfter > 0);
    }
  }));
});

/** Rejections one after another, each refreshed if it may be; gives when tokens were issued for them. */
function rejectOften(rejections: readonly [number, string][], helps: boolean): number[] {
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
    const decision = decideRejection(state, healthWith(), { ...use, replays: 0 }, clock);
    state = reduce(state, { type: "rejected", ...use }, clock);
    if (decision !== "refresh") continue;
    refreshed.push(now);
    token = makeToken(`token-${refreshed.length}`, { start: now, lifetime: 1e9 });
    state = reduce(state, { type: "issued", token, forRejection: true }, clock);
    state = reduce(state, { type: helps ? "accepted" : "wasted", ...use, token }, clock);
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

for (const [what, helps, most] of [["don't help are seven", false, 7], ["help are 31", true, 31]] as const) {
  Deno.test(`refreshes that ${what} a minute at most, over all routes`, () => {
    fc.assert(fc.property(rejections, (each) => assert(mostInOneMinute(rejectOften(each, helps)) <= most)));
  });
}

Deno.test("ten refreshes in a row that help come at once", () => {
  fc.assert(fc.property(rejections, (each) => assert(rejectOften(each.slice(0, 10), true).length === 10)));
});
