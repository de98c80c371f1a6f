/** What events make of the state, and outcomes of the endpoint's health, as tables. */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { type EndpointHealth, newHealth, reduceHealth } from "../../src/refresh/health.ts";
import { reduce, type StateEvent } from "../../src/refresh/policy.ts";
import { newState, type RefreshState } from "../../src/refresh/state.ts";
import { clockAt, healthWith, makeToken, permanent, pick, retry, transient } from "./policy_scene.ts";

type Known = Partial<RefreshState>;
type Row = [name: string, before: Known, event: StateEvent, after: Known | "unchanged", at?: number];

const [a, b, c] = [makeToken("a"), makeToken("b"), makeToken("c")];
const late = makeToken("late", { start: 90_000 });
const vault = permanent("client_auth_unavailable");
const refused = permanent();
const foreign = new Error("of a fetch or store of one's own");
const never = -Infinity;
const none = undefined;

const issued = (token = b, forRejection = false): StateEvent => ({ type: "issued", token, forRejection });
const rejected = (token = a, route = "/"): StateEvent => ({ type: "rejected", token, route, href: route });
const bad = (token: typeof a) => rejected(token, "/bad");
const accepted = (route: string, href = route): StateEvent => ({ type: "accepted", token: a, route, href });
const wasted: StateEvent = { type: "wasted", token: a, route: "/bad", href: "/bad" };
const failed = (error: unknown, waits: "no" | "rejected" | "needy" = "needy"): StateEvent => ({
  ...{ type: "failed", error, background: waits === "no", forRejection: waits === "rejected" },
});
const forRejected = failed(refused, "rejected");
const carried: StateEvent = { type: "carried" };
const until = (end: number, count = 1) => ({ hopeless: new Map([["/bad", { count, until: end, href: "/bad" }]]) });
const works = (route: string) => ({ accepted: new Map([[route, a]]) });
const paused = { backgroundFailures: 3, backgroundNotBefore: 9e9, rejectionNotBefore: 9e9, spareUntil: 9e9 };
const unpaused = { backgroundFailures: 0, backgroundNotBefore: never, rejectionNotBefore: never, spareUntil: never };
const pausedFor = (failures: number, until: number) => ({ backgroundFailures: failures, backgroundNotBefore: until });
const spent = (units: number, spentAt = 1_000) => ({ spent: units, spentAt });
const costly = { ...until(31_000), ...spent(1), wasted: 4, wastedToken: a };
const worksBeside = { ...until(9e9), ...works("/bad") };
const live = { current: a };
const dead = (token: typeof a) => ({ current: token, isRejected: true });
const newest = (predecessor?: typeof a) => ({ current: c, predecessor, successor: none });
const both = { current: b, predecessor: a };
/** Token b isn't known to the API yet, and is tried then. */
const unknown = (trySuccessorAt: number) => ({ current: a, successor: b, trySuccessorAt });
const swapped = { ...unknown(6_000), predecessor: none, isRejected: false };
const outlives = { current: a, successor: late, trySuccessorAt: 500 };
const succeeded = { ...dead(late), successor: none };
const fresh = { current: b, predecessor: none, isRejected: false };
const served = { spareUntil: never, lastError: none };
const firstPause = pausedFor(1, 6_000);
const now = { issuedAt: 1_000, spentAt: 1_000 };
const again = makeToken("a", { start: 1_000 });

const rows: Row[] = [
  ["an attempt's start is noted", {}, { type: "started" }, { startedAt: 1_000 }],

  ["the first token", {}, issued(a), { ...live, ...now }],
  ["a new token keeps the live one in reserve", live, issued(), { ...both, ...now }],
  ["a new token drops one that has expired", live, issued(), { current: b, predecessor: none }, 100_000],
  ["a new token drops a rejected one, and isn't rejected itself", dead(a), issued(), fresh],
  ["a token that is issued again is no reserve of its own", live, issued(again), { predecessor: none }],
  ["a new token keeps one that is known by now in reserve", unknown(900), issued(c), newest(b)],
  ["a new token takes the place of one that wasn't known yet", unknown(9_000), issued(c), newest(a)],
  ["a new token ends all pauses", { ...paused, lastError: vault }, issued(), { ...unpaused, lastError: none }],
  ["a token for a rejected call costs one unit", {}, issued(b, true), spent(1)],
  ["a token for others costs nothing", {}, issued(), { spent: 0 }],
  ["units leak away, one in three seconds", spent(5, 0), issued(b, true), spent(4, 6_000), 6_000],
  ["no more leaks away than was spent", spent(5, 0), issued(b, true), { spent: 1 }, 60_000],

  ["a transient failure changes nothing", live, failed(transient()), "unchanged"],
  ["a transient failure in the background changes nothing", live, failed(transient(), "no"), "unchanged"],
  ["a transient failure for a rejected call costs nothing", spent(3), failed(transient(), "rejected"), "unchanged"],
  ["a permanent failure pauses the background for 5 s", live, failed(refused, "no"), { ...live, ...firstPause }],
  ["a permanent failure pauses no rejected call", live, failed(refused, "no"), { rejectionNotBefore: never }],
  ["the background pause doubles", pausedFor(3, 0), failed(refused, "no"), pausedFor(4, 41_000)],
  ["the background pause reaches five minutes", pausedFor(6, 0), failed(refused, "no"), pausedFor(7, 301_000)],
  ["it never exceeds five minutes", pausedFor(9_999, 0), failed(refused, "no"), pausedFor(10_000, 301_000)],
  ["a permanent failure for a rejected call pauses those", {}, forRejected, { rejectionNotBefore: 6_000 }],
  ["it costs nothing, and is served to no caller", spent(3, 0), forRejected, { ...spent(3, 0), ...served }],
  ["a vault that fails a caller is spared for a second", {}, failed(vault), { spareUntil: 2_000, lastError: vault }],
  ["a vault's failure in the background is served to no caller", {}, failed(vault, "no"), served],
  ["a vault's failure for a rejected call is served to no caller", {}, failed(vault, "rejected"), served],
  ["the server's refusal is the rejection cache's, not remembered here", {}, failed(refused), served],
  ["an error that isn't an AuthenticationError isn't remembered", {}, failed(foreign), { ...served, ...firstPause }],
  ["a refresh that a caller carried pauses the background", live, carried, { ...live, ...firstPause }],

  ["a rejected token stays in use", live, rejected(), dead(a)],
  ["a rejection where new tokens don't help changes nothing", { ...both, ...until(1_001) }, bad(b), "unchanged"],
  ["a rejection there counts after its pause", { ...live, ...until(1_000) }, bad(a), { isRejected: true }],
  ["an old token's rejection changes nothing", { current: b }, rejected(), "unchanged"],
  ["a rejected predecessor is no reserve", both, rejected(), fresh],
  ["a new token changes places with its predecessor", { ...both, issuedAt: 0 }, rejected(b), swapped],
  ["a new token keeps its place after a minute", { ...both, issuedAt: 0 }, rejected(b), dead(b), 60_000],
  ["it does if the predecessor has expired", { ...both, issuedAt: 99_000 }, rejected(b), dead(b), 100_000],
  ["a successor that is rejected again is tried later", unknown(500), rejected(b), swapped],
  ["a successor rejected after its predecessor's end takes its place", outlives, rejected(late), succeeded, 100_000],
  ["a predecessor that is rejected as well gives way", unknown(9_000), rejected(a), { ...dead(b), successor: none }],

  ["a route that new tokens don't help pauses for half a minute, and costs four units", spent(1), wasted, costly],
  ["a token is wasted once, on many routes", { ...spent(1), wasted: 4, wastedToken: a }, wasted, { wasted: 4 }],
  ["each wasted token costs", { ...spent(1), wasted: 4, wastedToken: b }, wasted, { spent: 1, wasted: 8 }],
  ["what was spent leaks away first", { ...spent(1, 0), wasted: 4 }, issued(), { spent: 0, wasted: 3 }, 6_000],
  ["a hopeless route's pause doubles", until(1_000), wasted, until(61_000, 2)],
  ["it never exceeds 15 minutes", until(0, 50), wasted, until(901_000, 51)],
  ["of many calls rejected together one counts", until(1_001), wasted, "unchanged"],
  ["a route on which a token helped is as good as any", until(9e9, 7), accepted("/bad"), newState],
  ["a token that works beside a hopeless URL", until(9e9), accepted("/bad", "/bad/0"), worksBeside],
  ["so is one that works on another route", until(9e9), accepted("/"), works("/")],
  ["that is noted once", { ...until(9e9), ...works("/") }, accepted("/"), "unchanged"],
  ["no route is noted while none is hopeless", {}, accepted("/"), "unchanged"],
  ["a route is forgotten 15 minutes after its pause", until(100), issued(), { hopeless: new Map() }, 900_100],

  ["forgetting drops every token", { ...both, isRejected: true, successor: c }, { type: "forgotten" }, newState],
];

for (const [name, known, event, expected, at = 1_000] of rows) {
  Deno.test(`reduce: ${name}`, () => {
    const before = Object.freeze({ ...newState, ...known });
    const after = reduce(before, event, clockAt(at));
    if (expected === "unchanged") assertStrictEquals(after, before);
    else assertEquals(pick(after, expected), expected);
  });
}

Deno.test("reduce: a hundred hopeless routes are kept, the oldest goes first", () => {
  let state = newState;
  for (let number = 0; number <= 100; number++) {
    state = reduce(state, { type: "wasted", token: a, route: `/${number}`, href: "" }, clockAt(number));
  }
  assertEquals([state.hopeless.size, state.hopeless.has("/0"), state.hopeless.has("/100")], [100, false, true]);
});

type Health = Partial<EndpointHealth>;
type HealthRow = [name: string, before: Health, error: unknown, after: Health, mayRepeat?: boolean];

const [down, busy, absurd] = [transient(), transient(20_000), transient(100_000)];
const exhausted = { isExhausted: true, lastError: busy };
const ill = { failures: 9, notBefore: 9e9, backgroundNotBefore: 9e9, ...exhausted };
const three = { failures: 3 };
const tired = { ...three, isExhausted: true };
const after = (notBefore: number, backgroundNotBefore = notBefore) => ({ notBefore, backgroundNotBefore });

// With jitter in its middle a pause is three quarters of its ceiling.
const healthRows: HealthRow[] = [
  ["a token proves the endpoint, whatever was", ill, undefined, { ...newHealth, isProven: true }],
  ["the first transient failure pauses for half a second at most", {}, down, { failures: 1, ...after(1_375) }],
  ["a transient failure doesn't exhaust, nor prove the endpoint", {}, down, { isExhausted: false, isProven: false }],
  ["the pause doubles", { failures: 2 }, down, { failures: 3, ...after(2_500) }],
  ["the pause reaches the longest back-off", three, down, { failures: 4, ...after(3_250) }],
  ["the pause never exceeds the longest back-off", { failures: 5_000 }, down, after(3_250)],
  ["Retry-After comes on top", {}, busy, { ...after(21_375), isExhausted: false }],
  ["a longer Retry-After than callers wait holds in the background", {}, absurd, after(31_375, 101_375)],
  ["it fails callers at once", {}, absurd, { isExhausted: true, lastError: absurd }],
  ["the last attempt exhausts", {}, busy, exhausted, false],
  ["it stays exhausted until a token comes", { isExhausted: true }, busy, exhausted],
  ["a refusal shows that it is well, not who may have tokens", tired, refused, newHealth],
  ["a page is an answer that says the same", three, permanent("invalid_response"), newHealth],
  ["a vault's failure says nothing of the endpoint", three, vault, healthWith(three)],
  ["an error that isn't an AuthenticationError says nothing of the endpoint", three, foreign, healthWith(three)],
];

for (const [name, before, error, expected, mayRepeat = true] of healthRows) {
  Deno.test(`reduceHealth: ${name}`, () => {
    const { random } = Math;
    Math.random = () => 0.5;
    try {
      const after = reduceHealth(healthWith(before), { error, mayRepeat }, { clock: clockAt(1_000), retry });
      assertEquals(pick(after, expected), expected);
    } finally {
      Math.random = random;
    }
  });
}
