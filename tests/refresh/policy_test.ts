/** The policy's decisions, as tables. */

import type { EndpointHealth } from "../../src/refresh/health.ts";
import { assertEquals } from "@std/assert";
import { decide, decideRejection, type Decision, refreshableAt, type Rejection } from "../../src/refresh/policy.ts";
import { newState, type RefreshState } from "../../src/refresh/state.ts";
import { clockAt, healthWith, makeToken, permanent, retry, transient } from "./policy_scene.ts";

const a = makeToken("a");
const b = makeToken("b");
const recent = makeToken("b", { start: 90_000 });
const latest = makeToken("b", { start: 99_999 });
const brief = makeToken("b", { start: 20_000, lifetime: 1 });
const down = transient();
const broken = permanent("config_store_failed");

const use = (token = a, refresh = false): Decision => ({ type: "use", token, refresh });
const refresh = use(a, true);
const wait = (attempts = 5): Decision => ({ type: "wait", attempts });
const fail = (error: unknown, retryAfter: number): Decision => ({ type: "fail", error, retryAfter });

type Known = Partial<RefreshState>;
type Health = Partial<EndpointHealth>;
/** `ms`: when, or when by the steady and when by the wall clock. */
type DecideRow = [name: string, state: Known, ms: number | [number, number], is: Decision, health?: Health];

const exhausted = { isExhausted: true, notBefore: 91_000, lastError: down };
const live = { current: a };
const spared = { spareUntil: 1_000, lastError: broken };
const swapped = { current: a, successor: b, trySuccessorAt: 50_000 };
const outlived = { current: a, successor: recent, trySuccessorAt: 1e9 };
const othersPauses = { ...live, backgroundNotBefore: 1e9, rejectionNotBefore: 1e9, spent: 1e9 };
const longRetryAfter = { notBefore: 0, backgroundNotBefore: 90_001 };

const decideRows: DecideRow[] = [
  // A live token is never taken away.
  ["a young token is used", live, 1, use()],
  ["a token is used, and not refreshed, up to its refresh age", live, 79_999, use()],
  ["at its refresh age it is refreshed in the background", live, 80_000, refresh],
  ["in its last moment it is used all the same", live, 99_999, refresh],
  ["at its end it isn't used", live, 100_000, wait()],
  ["a token that another call saw rejected is used", { ...live, isRejected: true }, 1, use()],
  ["a live token is used while the endpoint's attempts are used up", live, 90_000, use(), exhausted],
  ["a live token is used while a vault is spared", { ...live, ...spared, spareUntil: 91_000 }, 90_000, refresh],
  ["a wall clock set forward ends a token", live, [1, 100_000], wait()],
  ["a wall clock set back doesn't prolong it", live, [100_000, -1e9], wait()],

  // Background refreshes keep their pauses.
  ["two background refreshes are a second apart: too soon", { ...live, startedAt: 89_001 }, 90_000, use()],
  ["two background refreshes are a second apart: soon enough", { ...live, startedAt: 89_000 }, 90_000, refresh],
  ["a background pause is kept", { ...live, backgroundNotBefore: 90_001 }, 90_000, use()],
  ["a background pause ends", { ...live, backgroundNotBefore: 90_000 }, 90_000, refresh],
  ["the endpoint's back-off holds for background refreshes", live, 90_000, use(), { notBefore: 90_001 }],
  ["a long Retry-After is kept to the letter in the background", live, 90_000, use(), longRetryAfter],

  // Replication lag.
  ["the predecessor is used while the new token isn't known", swapped, 49_999, use(a)],
  ["the new token is tried again after a pause", swapped, 50_000, use(b)],
  ["the new token that is known by now is refreshed like any other", swapped, 90_000, use(b, true)],
  ["the predecessor of a successor isn't refreshed", { ...swapped, trySuccessorAt: 95_000 }, 90_000, use(a)],
  ["the new token is used once the predecessor has expired", outlived, 100_000, use(recent)],

  // A caller without a token waits once.
  ["the first caller waits", {}, 0, wait()],
  ["a caller waits for a back-off while attempts are left", {}, 0, wait(), { notBefore: 5_000, failures: 2 }],
  ["once attempts are used up callers get the error at once", {}, 90_000, fail(down, 1_000), exhausted],
  ["when the back-off is over one attempt probes", {}, 91_000, wait(1), exhausted],
  ["a spared vault's error is served", spared, 999, fail(broken, 1)],
  ["a vault is asked again when the pause is over", spared, 1_000, wait()],
  ["pauses of the background and of rejected calls aren't a waiting caller's", othersPauses, 100_000, wait()],
  // A caller that wants another token.
  ["a forced refresh waits although a token lives", live, 1, wait()],
  ["a forced refresh gets the error while attempts are used up", live, 90_000, fail(down, 1_000), exhausted],
];

for (const [name, state, ms, is, health] of decideRows) {
  Deno.test(`decide: ${name}`, () => {
    const options = { clock: clockAt(...[ms].flat() as [number]), retry, isForced: name.startsWith("a forced") };
    assertEquals(decide({ ...newState, ...state }, healthWith(health), options), is);
  });
}

interface Rejected extends Partial<Rejection> {
  now?: number;
  health?: Health;
}
/** By default token a is rejected on "/", at the first attempt, at 30 s. */
type RejectionRow = [name: string, state: Known, is: typeof a | "refresh" | undefined, call?: Rejected];

const after = { current: b, predecessor: a, issuedAt: 20_000 };
const expiring = { ...after, issuedAt: 99_999, current: latest };
const hopeless = new Map([["/bad", { count: 1, until: 60_000, href: "/bad" }]]);
const bad = { route: "/bad" };
const beside = { ...bad, href: "/bad?other" };
const works = { ...live, hopeless, accepted: new Map([["/bad", a]]) };
const spent = (spent: number, wasted = 0, spentAt = 30_000) => ({ ...live, spent, wasted, spentAt });
const rationed = { rejectionNotBefore: 1e9, spent: 1e9, hopeless };
const elsewhere = { hopeless, accepted: new Map([["/", a]]) };
const asked = { ...a, forRejection: true };
const both = { current: b, isRejected: true };
const tooSoon = { ...swapped, trySuccessorAt: 25_000 };

const rejectionRows: RejectionRow[] = [
  ["the live token is refreshed", live, "refresh"],
  ["an old token gives way to the live one", { current: b }, b],
  ["an old token gives way to the live one, whatever is rationed", { current: b, ...rationed }, b, bad],
  ["the same token, issued a second time, doesn't help", { current: makeToken("a") }, undefined],
  ["an expired token is refreshed", live, "refresh", { now: 100_000 }],
  ["a token that was dropped is refreshed", {}, "refresh"],
  // What a new token changed.
  ["a new token that is rejected too isn't refreshed", { current: asked }, undefined, { token: asked, replays: 1 }],
  ["one that was requested for another reason is", live, "refresh", { replays: 1 }],
  ["a hopeless route isn't refreshed for", { ...live, hopeless }, undefined, bad],
  ["a hopeless route doesn't fall back", { ...after, hopeless }, undefined, { token: b, ...bad }],
  ["a hopeless route's URL isn't refreshed for, though the token works beside it", works, undefined, bad],
  ["a URL on a hopeless route is, if the token worked there", works, "refresh", beside],
  ["it isn't if another token did", { ...works, current: b }, undefined, { ...beside, token: b }],
  ["a hopeless route is tried again", { ...live, hopeless }, "refresh", { ...bad, now: 60_000 }],
  ["a hopeless route doesn't slow others", { ...live, hopeless }, "refresh", { route: "/good" }],
  ["a rejected call is refreshed for while ten units are spent", spent(10), "refresh"],
  ["it isn't while eleven are spent", spent(11), undefined],
  ["it isn't while eleven are, four of them wasted", spent(7, 4), undefined],
  ["where the token worked, what was wasted doesn't count", { ...spent(7, 4), ...elsewhere }, "refresh"],
  ["a unit leaks away: not yet", spent(11, 0, 27_001), undefined],
  ["a unit leaks away: now", spent(11, 0, 27_000), "refresh"],
  ["a failed refresh isn't repeated at once", { ...live, rejectionNotBefore: 30_001 }, undefined],
  ["a failed refresh is repeated after its pause", { ...live, rejectionNotBefore: 30_000 }, "refresh"],
  ["the endpoint's back-off is kept", live, undefined, { health: { notBefore: 30_001 } }],
  ["the endpoint's back-off ends", live, "refresh", { health: { notBefore: 30_000 } }],
  ["a background pause doesn't hold for a rejected call", { ...live, backgroundNotBefore: 1e9 }, "refresh"],
  // Replication lag.
  ["a new token falls back to its predecessor", after, a, { token: b }],
  ["a new token falls back to its predecessor when a replay was rejected", after, a, { token: b, replays: 1 }],
  ["a minute after its issue it is refreshed instead", after, "refresh", { token: b, now: 80_000 }],
  ["just under a minute after its issue it still falls back", after, a, { token: b, now: 79_999 }],
  ["it doesn't fall back to an expired one", expiring, "refresh", { token: latest, replays: 1, now: 100_000 }],
  ["a predecessor that is rejected itself isn't given again", { ...after, current: brief }, "refresh"],
  ["a successor that is tried too soon gives way", { ...tooSoon, issuedAt: 20_000 }, a, { token: b }],
  ["a successor gives way however late", { ...tooSoon, issuedAt: -60_000 }, a, { token: b }],
  ["a successor with no live predecessor is refreshed", outlived, "refresh", { token: recent, now: 100_000 }],
  ["a rejected predecessor is refreshed, though the call was replayed", swapped, "refresh", { replays: 1 }],
  ["a rejected predecessor that has expired is, too", outlived, "refresh", { replays: 1, now: 100_000 }],
  ["it gives way to its successor where the call wasn't replayed", outlived, recent, { now: 100_000 }],
  ["an old token gives way to the live one that another call saw rejected", both, b],
  ["it doesn't where the call was replayed: that is refreshed", both, "refresh", { replays: 1 }],
  ["both rejected, the newer one is refreshed, though the call was replayed", both, "refresh", {
    token: b,
    replays: 1,
  }],
  ["it isn't on a hopeless route", { ...both, hopeless }, undefined, { token: b, replays: 1, ...bad }],
];

for (const [name, state, is, { health, now = 30_000, ...call } = {}] of rejectionRows) {
  Deno.test(`decideRejection: ${name}`, () => {
    const { route = "/" } = call;
    const rejection = { route, href: route, replays: 0, token: a, ...call };
    assertEquals(decideRejection({ ...newState, ...state }, healthWith(health), rejection, clockAt(now)), is);
  });
}

const limits: [state: Known, at: number, hasWorked?: boolean][] = [
  [{}, 3],
  [{ rejectionNotBefore: 4 }, 4],
  [{ rejectionNotBefore: 4, ...spent(12, 0, 5) }, 6_005],
  [spent(8, 4, 5), 6_005],
  [spent(8, 4, 5), 3, true],
];

Deno.test("refreshableAt: says when each limit ends, the last of them counts", () => {
  const health = healthWith({ notBefore: 3 });
  for (const [state, at, hasWorked] of limits) {
    assertEquals(refreshableAt({ ...newState, ...state }, health, hasWorked), at);
  }
});
