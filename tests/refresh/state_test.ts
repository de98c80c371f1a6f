/** What events make of the state, as a table. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { reduce, type StateEvent } from "../../src/refresh/policy.ts";
import type { RefreshState } from "../../src/refresh/state.ts";
import { clockAt, makeToken, permanent, stateWith, transient } from "./policy_scene.ts";

const a = makeToken("a");
const b = makeToken("b");
const c = makeToken("c");
const vault = permanent("client_auth_unavailable");
const refused = permanent("token_request_rejected");
const foreign = new Error("of a fetch or store of one's own");

type Row = { state?: Partial<RefreshState>; event: StateEvent; now?: number; is: Partial<RefreshState> | "unchanged" };

const issued = (token = b, forRejection = false): StateEvent => ({ type: "issued", token, forRejection });
const rejected = (token = a, route = "/"): StateEvent => ({ type: "rejected", token, route });
const wasted: StateEvent = { type: "wasted", token: a, route: "/bad" };
const failed = (error: unknown, waits: "no" | "rejected" | "needy" = "needy"): StateEvent => ({
  type: "failed",
  error,
  background: waits === "no",
  forRejection: waits === "rejected",
});
const until = (end: number, count = 1) => new Map([["/bad", { count, until: end }]]);

const late = makeToken("late", { start: 90_000 });

const rows: Record<string, Row> = {
  "an attempt's start is noted": { event: { type: "started" }, is: { startedAt: 1_000 } },

  "the first token": { event: issued(a), is: { current: a, issuedAt: 1_000, spentAt: 1_000 } },
  "a new token keeps the live one in reserve": {
    state: { current: a },
    event: issued(),
    is: { current: b, predecessor: a, issuedAt: 1_000, spentAt: 1_000 },
  },
  "a new token drops one that has expired": {
    state: { current: a },
    event: issued(),
    now: 100_000,
    is: { current: b, predecessor: undefined },
  },
  "a new token drops one that was rejected, and isn't rejected itself": {
    state: { current: a, isRejected: true },
    event: issued(),
    is: { current: b, predecessor: undefined, isRejected: false },
  },
  "a token that the server issued again is no reserve of its own": {
    state: { current: a },
    event: issued(makeToken("a", { start: 1_000 })),
    is: { predecessor: undefined },
  },
  "a new token keeps one that is known by now in reserve": {
    state: { current: a, successor: b, trySuccessorAt: 900 },
    event: issued(c),
    is: { current: c, predecessor: b, successor: undefined },
  },
  "a new token takes the place of one that wasn't known yet": {
    state: { current: a, successor: b, trySuccessorAt: 9_000 },
    event: issued(c),
    is: { current: c, predecessor: a, successor: undefined },
  },
  "a new token ends all pauses": {
    state: {
      backgroundFailures: 3,
      backgroundNotBefore: 9e9,
      rejectionNotBefore: 9e9,
      spareUntil: 9e9,
      lastError: vault,
    },
    event: issued(),
    is: {
      backgroundFailures: 0,
      backgroundNotBefore: -Infinity,
      rejectionNotBefore: -Infinity,
      spareUntil: -Infinity,
      lastError: undefined,
    },
  },
  "a token for a rejected call costs one unit": { event: issued(b, true), is: { spent: 1, spentAt: 1_000 } },
  "a token for others costs nothing": { event: issued(), is: { spent: 0 } },
  "units leak away, one in three seconds": {
    state: { spent: 5, spentAt: 0 },
    event: issued(b, true),
    now: 6_000,
    is: { spent: 4, spentAt: 6_000 },
  },
  "no more leaks away than was spent": {
    state: { spent: 5, spentAt: 0 },
    event: issued(b, true),
    now: 60_000,
    is: { spent: 1 },
  },

  "a transient failure leaves the state alone": { state: { current: a }, event: failed(transient()), is: "unchanged" },
  "a transient failure in the background leaves the state alone": {
    state: { current: a },
    event: failed(transient(), "no"),
    is: "unchanged",
  },
  "a transient failure for a rejected call uses nothing up": {
    state: { current: a, spent: 3 },
    event: failed(transient(), "rejected"),
    is: "unchanged",
  },
  "a permanent failure pauses the background for five seconds": {
    state: { current: a },
    event: failed(refused, "no"),
    is: { current: a, backgroundFailures: 1, backgroundNotBefore: 6_000, rejectionNotBefore: -Infinity },
  },
  "the background pause doubles": {
    state: { backgroundFailures: 3 },
    event: failed(refused, "no"),
    is: { backgroundFailures: 4, backgroundNotBefore: 41_000 },
  },
  "the background pause reaches five minutes": {
    state: { backgroundFailures: 6 },
    event: failed(refused, "no"),
    is: { backgroundNotBefore: 301_000 },
  },
  "the background pause never exceeds five minutes": {
    state: { backgroundFailures: 9_999 },
    event: failed(refused, "no"),
    is: { backgroundNotBefore: 301_000 },
  },
  "a permanent failure for a rejected call isn't repeated for five seconds, and uses nothing up": {
    state: { current: a, spent: 3, spentAt: 0 },
    event: failed(refused, "rejected"),
    is: { current: a, rejectionNotBefore: 6_000, spent: 3, spentAt: 0, spareUntil: -Infinity },
  },
  "a vault that fails a waiting caller is spared for a second": {
    event: failed(vault),
    is: { spareUntil: 2_000, lastError: vault },
  },
  "what a vault fails with in the background is served to no caller": {
    event: failed(vault, "no"),
    is: { spareUntil: -Infinity, lastError: undefined },
  },
  "what a vault fails with for a rejected call is served to no caller": {
    event: failed(vault, "rejected"),
    is: { spareUntil: -Infinity },
  },
  "the server's refusal is the rejection cache's, not remembered here": {
    event: failed(refused),
    is: { spareUntil: -Infinity, lastError: undefined },
  },
  "an error that isn't an AuthenticationError is not remembered": {
    event: failed(foreign),
    is: { spareUntil: -Infinity, backgroundNotBefore: 6_000 },
  },

  "a refresh that a caller carried pauses the background": {
    state: { current: a },
    event: { type: "carried" },
    is: { current: a, backgroundFailures: 1, backgroundNotBefore: 6_000 },
  },

  "a rejected token stays in use": { state: { current: a }, event: rejected(), is: { current: a, isRejected: true } },
  "a rejection where new tokens don't help changes nothing": {
    state: { current: b, predecessor: a, hopeless: until(1_001) },
    event: rejected(b, "/bad"),
    is: "unchanged",
  },
  "a rejection there counts again once its pause is over": {
    state: { current: a, hopeless: until(1_000) },
    event: rejected(a, "/bad"),
    is: { isRejected: true },
  },
  "an old token's rejection changes nothing": { state: { current: b }, event: rejected(), is: "unchanged" },
  "a rejected predecessor is no reserve": {
    state: { current: b, predecessor: a },
    event: rejected(),
    is: { current: b, predecessor: undefined, isRejected: false },
  },
  "a new token changes places with its predecessor": {
    state: { current: b, predecessor: a, issuedAt: 0 },
    event: rejected(b),
    is: { current: a, predecessor: undefined, successor: b, trySuccessorAt: 6_000, isRejected: false },
  },
  "a new token keeps its place a minute after its issue": {
    state: { current: b, predecessor: a, issuedAt: 0 },
    event: rejected(b),
    now: 60_000,
    is: { current: b, isRejected: true },
  },
  "a new token keeps its place if the predecessor has expired": {
    state: { current: c, predecessor: a, issuedAt: 99_000 },
    event: rejected(c),
    now: 100_000,
    is: { current: c, isRejected: true },
  },
  "a successor that is rejected again is tried later": {
    state: { current: a, successor: b, trySuccessorAt: 500 },
    event: rejected(b),
    is: { current: a, successor: b, trySuccessorAt: 6_000, isRejected: false },
  },
  "a successor that is rejected once its predecessor has expired takes its place, as a rejected token": {
    state: { current: a, successor: late, trySuccessorAt: 500 },
    event: rejected(late),
    now: 100_000,
    is: { current: late, successor: undefined, isRejected: true },
  },

  "a route that new tokens don't help pauses for half a minute, and costs four units": {
    state: { spent: 1, spentAt: 1_000 },
    event: wasted,
    is: { hopeless: until(31_000), spent: 5, spentAt: 1_000, wasted: a },
  },
  "one token is wasted once, on however many routes": {
    state: { spent: 4, spentAt: 1_000, wasted: a },
    event: wasted,
    is: { hopeless: until(31_000), spent: 4 },
  },
  "each wasted token costs": { state: { spent: 4, spentAt: 1_000, wasted: b }, event: wasted, is: { spent: 8 } },
  "the pause of a hopeless route doubles": {
    state: { hopeless: until(1_000) },
    event: wasted,
    is: { hopeless: until(61_000, 2) },
  },
  "the pause of a hopeless route never exceeds a quarter of an hour": {
    state: { hopeless: until(0, 50) },
    event: wasted,
    is: { hopeless: until(901_000, 51) },
  },
  "of many calls rejected together one counts": { state: { hopeless: until(1_001) }, event: wasted, is: "unchanged" },
  "a route on which a token helped is as good as any": {
    state: { hopeless: until(9e9, 7) },
    event: { type: "helped", route: "/bad" },
    is: { hopeless: new Map() },
  },
  "a token that helped on another route changes nothing": {
    state: { hopeless: until(9e9) },
    event: { type: "helped", route: "/" },
    is: "unchanged",
  },

  "forgetting drops every token": {
    state: { current: a, isRejected: true, predecessor: b, successor: c },
    event: { type: "forgotten" },
    is: { current: undefined, isRejected: false, predecessor: undefined, successor: undefined },
  },
};

for (const [name, { state, event, now = 1_000, is }] of Object.entries(rows)) {
  Deno.test(`reduce: ${name}`, () => {
    const before = Object.freeze(stateWith(state));
    const after = reduce(before, event, clockAt(now));
    if (is === "unchanged") assertStrictEquals(after, before);
    else for (const [key, value] of Object.entries(is)) assertEquals(after[key as keyof RefreshState], value, key);
  });
}

Deno.test("reduce: a hundred hopeless routes are kept, the oldest goes first", () => {
  let state = stateWith();
  for (let number = 0; number <= 100; number++) {
    state = reduce(state, { type: "wasted", token: a, route: `/${number}` }, clockAt(number));
  }
  assertEquals([state.hopeless.size, state.hopeless.has("/0"), state.hopeless.has("/100")], [100, false, true]);
});
