/** What events make of the state, as a table. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { reduce, type StateEvent } from "../../src/refresh/policy.ts";
import type { RefreshState } from "../../src/refresh/state.ts";
import { clockAt, makeToken, permanent, stateWith, transient } from "./policy_scene.ts";

type Known = Partial<RefreshState>;
type Row = [name: string, before: Known, event: StateEvent, after: Known | "unchanged", now?: number];

const [a, b, c] = [makeToken("a"), makeToken("b"), makeToken("c")];
const late = makeToken("late", { start: 90_000 });
const vault = permanent("client_auth_unavailable");
const refused = permanent("token_request_rejected");
const foreign = new Error("of a fetch or store of one's own");
const never = -Infinity;
const none = undefined;

const issued = (token = b, forRejection = false): StateEvent => ({ type: "issued", token, forRejection });
const rejected = (token = a, route = "/"): StateEvent => ({ type: "rejected", token, route });
const helped = (route: string): StateEvent => ({ type: "helped", route });
const wasted: StateEvent = { type: "wasted", token: a, route: "/bad" };
const failed = (error: unknown, waits: "no" | "rejected" | "needy" = "needy"): StateEvent => ({
  type: "failed",
  error,
  background: waits === "no",
  forRejection: waits === "rejected",
});
const until = (end: number, count = 1) => new Map([["/bad", { count, until: end }]]);
const paused = { backgroundFailures: 3, backgroundNotBefore: 9e9, rejectionNotBefore: 9e9, spareUntil: 9e9 };
const unpaused = { backgroundFailures: 0, backgroundNotBefore: never, rejectionNotBefore: never, spareUntil: never };
const unknown = { current: a, successor: b };
const spent = (units: number, spentAt = 1_000) => ({ spent: units, spentAt });

const rows: Row[] = [
  ["an attempt's start is noted", {}, { type: "started" }, { startedAt: 1_000 }],

  ["the first token", {}, issued(a), { current: a, issuedAt: 1_000, spentAt: 1_000 }],
  ["a new token keeps the live one in reserve", { current: a }, issued(), {
    current: b,
    predecessor: a,
    issuedAt: 1_000,
    spentAt: 1_000,
  }],
  ["a new token drops one that has expired", { current: a }, issued(), { current: b, predecessor: none }, 100_000],
  ["a new token drops one that was rejected, and isn't rejected itself", { current: a, isRejected: true }, issued(), {
    current: b,
    predecessor: none,
    isRejected: false,
  }],
  ["a token that is issued again is no reserve of its own", { current: a }, issued(makeToken("a", { start: 1_000 })), {
    predecessor: none,
  }],
  ["a new token keeps one that is known by now in reserve", { ...unknown, trySuccessorAt: 900 }, issued(c), {
    current: c,
    predecessor: b,
    successor: none,
  }],
  ["a new token takes the place of one that wasn't known yet", { ...unknown, trySuccessorAt: 9_000 }, issued(c), {
    current: c,
    predecessor: a,
    successor: none,
  }],
  ["a new token ends all pauses", { ...paused, lastError: vault }, issued(), { ...unpaused, lastError: none }],
  ["a token for a rejected call costs one unit", {}, issued(b, true), spent(1)],
  ["a token for others costs nothing", {}, issued(), { spent: 0 }],
  ["units leak away, one in three seconds", spent(5, 0), issued(b, true), spent(4, 6_000), 6_000],
  ["no more leaks away than was spent", spent(5, 0), issued(b, true), { spent: 1 }, 60_000],

  ["a transient failure changes nothing", { current: a }, failed(transient()), "unchanged"],
  ["a transient failure in the background changes nothing", { current: a }, failed(transient(), "no"), "unchanged"],
  [
    "a transient failure for a rejected call uses nothing up",
    { current: a, spent: 3 },
    failed(transient(), "rejected"),
    "unchanged",
  ],
  ["a permanent failure pauses the background for five seconds", { current: a }, failed(refused, "no"), {
    current: a,
    backgroundFailures: 1,
    backgroundNotBefore: 6_000,
    rejectionNotBefore: never,
  }],
  ["the background pause doubles", { backgroundFailures: 3 }, failed(refused, "no"), {
    backgroundFailures: 4,
    backgroundNotBefore: 41_000,
  }],
  ["the background pause reaches five minutes", { backgroundFailures: 6 }, failed(refused, "no"), {
    backgroundNotBefore: 301_000,
  }],
  ["the background pause never exceeds five minutes", { backgroundFailures: 9_999 }, failed(refused, "no"), {
    backgroundNotBefore: 301_000,
  }],
  [
    "a permanent failure for a rejected call isn't repeated for five seconds, and uses nothing up",
    { current: a, ...spent(3, 0) },
    failed(refused, "rejected"),
    { current: a, rejectionNotBefore: 6_000, ...spent(3, 0), spareUntil: never },
  ],
  ["a vault that fails a waiting caller is spared for a second", {}, failed(vault), {
    spareUntil: 2_000,
    lastError: vault,
  }],
  ["a vault's failure in the background is served to no caller", {}, failed(vault, "no"), {
    spareUntil: never,
    lastError: none,
  }],
  ["a vault's failure for a rejected call is served to no caller", {}, failed(vault, "rejected"), {
    spareUntil: never,
  }],
  ["the server's refusal is the rejection cache's, not remembered here", {}, failed(refused), {
    spareUntil: never,
    lastError: none,
  }],
  ["an error that isn't an AuthenticationError is not remembered", {}, failed(foreign), {
    spareUntil: never,
    backgroundNotBefore: 6_000,
  }],

  ["a refresh that a caller carried pauses the background", { current: a }, { type: "carried" }, {
    current: a,
    backgroundFailures: 1,
    backgroundNotBefore: 6_000,
  }],

  ["a rejected token stays in use", { current: a }, rejected(), { current: a, isRejected: true }],
  [
    "a rejection where new tokens don't help changes nothing",
    { current: b, predecessor: a, hopeless: until(1_001) },
    rejected(b, "/bad"),
    "unchanged",
  ],
  ["a rejection there counts again after its pause", { current: a, hopeless: until(1_000) }, rejected(a, "/bad"), {
    isRejected: true,
  }],
  ["an old token's rejection changes nothing", { current: b }, rejected(), "unchanged"],
  ["a rejected predecessor is no reserve", { current: b, predecessor: a }, rejected(), {
    current: b,
    predecessor: none,
    isRejected: false,
  }],
  ["a new token changes places with its predecessor", { current: b, predecessor: a, issuedAt: 0 }, rejected(b), {
    current: a,
    predecessor: none,
    successor: b,
    trySuccessorAt: 6_000,
    isRejected: false,
  }],
  [
    "a new token keeps its place a minute after its issue",
    { current: b, predecessor: a, issuedAt: 0 },
    rejected(b),
    { current: b, isRejected: true },
    60_000,
  ],
  [
    "a new token keeps its place if the predecessor has expired",
    { current: c, predecessor: a, issuedAt: 99_000 },
    rejected(c),
    { current: c, isRejected: true },
    100_000,
  ],
  ["a successor that is rejected again is tried later", { ...unknown, trySuccessorAt: 500 }, rejected(b), {
    current: a,
    successor: b,
    trySuccessorAt: 6_000,
    isRejected: false,
  }],
  [
    "a successor that is rejected once its predecessor has expired takes its place, as a rejected token",
    { current: a, successor: late, trySuccessorAt: 500 },
    rejected(late),
    { current: late, successor: none, isRejected: true },
    100_000,
  ],

  ["a route that new tokens don't help pauses for half a minute, and costs four units", spent(1), wasted, {
    hopeless: until(31_000),
    ...spent(5),
    wasted: a,
  }],
  ["one token is wasted once, on however many routes", { ...spent(4), wasted: a }, wasted, {
    hopeless: until(31_000),
    spent: 4,
  }],
  ["each wasted token costs", { ...spent(4), wasted: b }, wasted, { spent: 8 }],
  ["the pause of a hopeless route doubles", { hopeless: until(1_000) }, wasted, { hopeless: until(61_000, 2) }],
  ["the pause of a hopeless route never exceeds a quarter of an hour", { hopeless: until(0, 50) }, wasted, {
    hopeless: until(901_000, 51),
  }],
  ["of many calls rejected together one counts", { hopeless: until(1_001) }, wasted, "unchanged"],
  ["a route on which a token helped is as good as any", { hopeless: until(9e9, 7) }, helped("/bad"), {
    hopeless: new Map(),
  }],
  ["a token that helped on another route changes nothing", { hopeless: until(9e9) }, helped("/"), "unchanged"],

  [
    "forgetting drops every token",
    { current: a, isRejected: true, predecessor: b, successor: c },
    { type: "forgotten" },
    { current: none, isRejected: false, predecessor: none, successor: none },
  ],
];

for (const [name, known, event, expected, now = 1_000] of rows) {
  Deno.test(`reduce: ${name}`, () => {
    const before = Object.freeze(stateWith(known));
    const after = reduce(before, event, clockAt(now));
    if (expected === "unchanged") assertStrictEquals(after, before);
    else {for (const [key, value] of Object.entries(expected)) {
        assertEquals(after[key as keyof RefreshState], value, key);
      }}
  });
}

Deno.test("reduce: a hundred hopeless routes are kept, the oldest goes first", () => {
  let state = stateWith();
  for (let number = 0; number <= 100; number++) {
    state = reduce(state, { type: "wasted", token: a, route: `/${number}` }, clockAt(number));
  }
  assertEquals([state.hopeless.size, state.hopeless.has("/0"), state.hopeless.has("/100")], [100, false, true]);
});
