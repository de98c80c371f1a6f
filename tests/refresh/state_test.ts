/** What events make of the state, as a table. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { reduce, type StateEvent } from "../../src/refresh/policy.ts";
import { newState, type RefreshState } from "../../src/refresh/state.ts";
import { clockAt, makeToken, permanent, stateWith, transient } from "./policy_scene.ts";

type Known = Partial<RefreshState>;
type Row = [name: string, before: Known, event: StateEvent, after: Known | "unchanged", at?: number];

const [a, b, c] = [makeToken("a"), makeToken("b"), makeToken("c")];
const late = makeToken("late", { start: 90_000 });
const vault = permanent("client_auth_unavailable");
const refused = permanent("token_request_rejected");
const foreign = new Error("of a fetch or store of one's own");
const never = -Infinity;
const none = undefined;

const issued = (token = b, forRejection = false): StateEvent => ({ type: "issued", token, forRejection });
const rejected = (token = a, route = "/"): StateEvent => ({ type: "rejected", token, route, href: route });
const accepted = (route: string, href = route): StateEvent => ({ type: "accepted", token: a, route, href });
const wasted: StateEvent = { type: "wasted", token: a, route: "/bad", href: "/bad" };
const failed = (error: unknown, waits: "no" | "rejected" | "needy" = "needy"): StateEvent => ({
  type: "failed",
  error,
  background: waits === "no",
  forRejection: waits === "rejected",
});
const until = (end: number, count = 1) => new Map([["/bad", { count, until: end, href: "/bad" }]]);
const paused = { backgroundFailures: 3, backgroundNotBefore: 9e9, rejectionNotBefore: 9e9, spareUntil: 9e9 };
const unpaused = { backgroundFailures: 0, backgroundNotBefore: never, rejectionNotBefore: never, spareUntil: never };
const spent = (units: number, spentAt = 1_000) => ({ spent: units, spentAt });
const pausedFor = (failures: number) => ({ backgroundFailures: failures });
const kept = (token: typeof a) => ({ current: token, isRejected: true });
const bad = (token: typeof a) => rejected(token, "/bad");
const live = { current: a };
const both = { current: b, predecessor: a };
/** Token b isn't known to the API yet. */
const unknown = { current: a, successor: b };
const fresh = { current: b, predecessor: none, isRejected: false };
const served = { spareUntil: never, lastError: none };
const now = { issuedAt: 1_000, spentAt: 1_000 };
const again = makeToken("a", { start: 1_000 });

const rows: Row[] = [
  ["an attempt's start is noted", {}, { type: "started" }, { startedAt: 1_000 }],

  ["the first token", {}, issued(a), { current: a, ...now }],
  ["a new token keeps the live one in reserve", live, issued(), { current: b, predecessor: a, ...now }],
  ["a new token drops one that has expired", live, issued(), { current: b, predecessor: none }, 100_000],
  ["a new token drops a rejected one, and isn't rejected itself", { ...live, isRejected: true }, issued(), fresh],
  ["a token that is issued again is no reserve of its own", live, issued(again), { predecessor: none }],
  ["a new token keeps one that is known by now in reserve", { ...unknown, trySuccessorAt: 900 }, issued(c), {
    ...{ current: c, predecessor: b, successor: none },
  }],
  ["a new token takes the place of one that wasn't known yet", { ...unknown, trySuccessorAt: 9_000 }, issued(c), {
    ...{ current: c, predecessor: a, successor: none },
  }],
  ["a new token ends all pauses", { ...paused, lastError: vault }, issued(), { ...unpaused, lastError: none }],
  ["a token for a rejected call costs one unit", {}, issued(b, true), spent(1)],
  ["a token for others costs nothing", {}, issued(), { spent: 0 }],
  ["units leak away, one in three seconds", spent(5, 0), issued(b, true), spent(4, 6_000), 6_000],
  ["no more leaks away than was spent", spent(5, 0), issued(b, true), { spent: 1 }, 60_000],

  ["a transient failure changes nothing", live, failed(transient()), "unchanged"],
  ["a transient failure in the background changes nothing", live, failed(transient(), "no"), "unchanged"],
  ["a transient failure for a rejected call costs nothing", spent(3), failed(transient(), "rejected"), "unchanged"],
  ["a permanent failure pauses the background for five seconds", live, failed(refused, "no"), {
    ...{ ...live, backgroundFailures: 1, backgroundNotBefore: 6_000, rejectionNotBefore: never },
  }],
  ["the background pause doubles", pausedFor(3), failed(refused, "no"), {
    ...pausedFor(4),
    backgroundNotBefore: 41_000,
  }],
  ["the background pause reaches five minutes", pausedFor(6), failed(refused, "no"), { backgroundNotBefore: 301_000 }],
  ["it never exceeds five minutes", pausedFor(9_999), failed(refused, "no"), { backgroundNotBefore: 301_000 }],
  [
    "a permanent failure for a rejected call pauses those, and costs nothing",
    spent(3, 0),
    failed(refused, "rejected"),
    {
      ...{ rejectionNotBefore: 6_000, ...spent(3, 0), spareUntil: never },
    },
  ],
  ["a vault that fails a caller is spared for a second", {}, failed(vault), { spareUntil: 2_000, lastError: vault }],
  ["a vault's failure in the background is served to no caller", {}, failed(vault, "no"), served],
  ["a vault's failure for a rejected call is served to no caller", {}, failed(vault, "rejected"), served],
  ["the server's refusal is the rejection cache's, not remembered here", {}, failed(refused), served],
  ["an error that isn't an AuthenticationError isn't remembered", {}, failed(foreign), {
    ...{ spareUntil: never, backgroundNotBefore: 6_000 },
  }],

  ["a refresh that a caller carried pauses the background", live, { type: "carried" }, {
    ...{ ...live, ...pausedFor(1), backgroundNotBefore: 6_000 },
  }],

  ["a rejected token stays in use", live, rejected(), { ...live, isRejected: true }],
  ["a rejection where new tokens don't help changes nothing", { ...both, hopeless: until(1_001) }, bad(b), "unchanged"],
  ["a rejection there counts after its pause", { ...live, hopeless: until(1_000) }, bad(a), { isRejected: true }],
  ["an old token's rejection changes nothing", { current: b }, rejected(), "unchanged"],
  ["a rejected predecessor is no reserve", both, rejected(), fresh],
  ["a new token changes places with its predecessor", { ...both, issuedAt: 0 }, rejected(b), {
    ...{ ...unknown, predecessor: none, trySuccessorAt: 6_000, isRejected: false },
  }],
  ["a new token keeps its place after a minute", { ...both, issuedAt: 0 }, rejected(b), kept(b), 60_000],
  [
    "a new token keeps its place if the predecessor has expired",
    { ...both, issuedAt: 99_000 },
    rejected(b),
    kept(b),
    1e5,
  ],
  ["a successor that is rejected again is tried later", { ...unknown, trySuccessorAt: 500 }, rejected(b), {
    ...{ ...unknown, trySuccessorAt: 6_000, isRejected: false },
  }],
  [
    "a successor that is rejected once its predecessor has expired takes its place, as a rejected token",
    { current: a, successor: late, trySuccessorAt: 500 },
    rejected(late),
    { ...kept(late), successor: none },
    100_000,
  ],

  ["a route that new tokens don't help pauses for half a minute, and costs four units", spent(1), wasted, {
    ...{ hopeless: until(31_000), ...spent(1), wasted: 4, wastedToken: a },
  }],
  ["a token is wasted once, on many routes", { ...spent(1), wasted: 4, wastedToken: a }, wasted, { wasted: 4 }],
  ["each wasted token costs", { ...spent(1), wasted: 4, wastedToken: b }, wasted, { spent: 1, wasted: 8 }],
  ["what was spent leaks away first", { ...spent(1, 0), wasted: 4 }, issued(), { spent: 0, wasted: 3 }, 6_000],
  ["a hopeless route's pause doubles", { hopeless: until(1_000) }, wasted, { hopeless: until(61_000, 2) }],
  ["it never exceeds 15 minutes", { hopeless: until(0, 50) }, wasted, { hopeless: until(901_000, 51) }],
  ["of many calls rejected together one counts", { hopeless: until(1_001) }, wasted, "unchanged"],
  ["a route on which a token helped is as good as any", { hopeless: until(9e9, 7) }, accepted("/bad"), newState],
  ["a token that works beside a hopeless URL is noted", { hopeless: until(9e9) }, accepted("/bad", "/bad/0"), {
    ...{ hopeless: until(9e9), accepted: new Map([["/bad", a]]) },
  }],
  ["so is one that works on another route", { hopeless: until(9e9) }, accepted("/"), { accepted: new Map([["/", a]]) }],
  ["that is noted once", { hopeless: until(9e9), accepted: new Map([["/", a]]) }, accepted("/"), "unchanged"],
  ["no route is noted while none is hopeless", {}, accepted("/"), "unchanged"],
  [
    "a route is forgotten 15 minutes after its pause",
    { hopeless: until(100) },
    issued(),
    { hopeless: new Map() },
    900_100,
  ],
  [
    "a predecessor that is rejected as well gives way to the newer token",
    { ...unknown, trySuccessorAt: 9_000 },
    rejected(a),
    { current: b, successor: undefined, isRejected: false },
  ],

  ["forgetting drops every token", { ...both, isRejected: true, successor: c }, { type: "forgotten" }, newState],
];

for (const [name, known, event, expected, at = 1_000] of rows) {
  Deno.test(`reduce: ${name}`, () => {
    const before = Object.freeze(stateWith(known));
    const after = reduce(before, event, clockAt(at));
    if (expected === "unchanged") assertStrictEquals(after, before);
    else {for (const [key, value] of Object.entries(expected)) {
        assertEquals(after[key as keyof RefreshState], value, key);
      }}
  });
}

Deno.test("reduce: a hundred hopeless routes are kept, the oldest goes first", () => {
  let state = stateWith();
  for (let number = 0; number <= 100; number++) {
    state = reduce(state, { type: "wasted", token: a, route: `/${number}`, href: "" }, clockAt(number));
  }
  assertEquals([state.hopeless.size, state.hopeless.has("/0"), state.hopeless.has("/100")], [100, false, true]);
});
