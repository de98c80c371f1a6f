/** The policy's decisions, as tables. */

import type { EndpointHealth } from "../../src/refresh/health.ts";
import { assertEquals } from "@std/assert";
import { decide, decideRejection, type Decision, refreshableAt, type Rejection } from "../../src/refresh/policy.ts";
import type { RefreshState } from "../../src/refresh/state.ts";
import { clockAt, healthWith, makeToken, permanent, retry, stateWith, transient } from "./policy_scene.ts";

const a = makeToken("a");
const b = makeToken("b");
const down = transient();
const broken = permanent("config_store_failed");

const use = (token = a): Decision => ({ type: "use", token, refresh: false });
const refresh: Decision = { type: "use", token: a, refresh: true };
const wait = (attempts = 5): Decision => ({ type: "wait", attempts });
const fail = (error: unknown, retryAfter: number): Decision => ({ type: "fail", error, retryAfter });

type DecideRow = {
  state?: Partial<RefreshState>;
  health?: Partial<EndpointHealth>;
  now?: number;
  wall?: number;
  isForced?: boolean;
  is: Decision;
};

const exhausted = { isExhausted: true, notBefore: 91_000, lastError: down };
const swapped = { current: a, successor: b, trySuccessorAt: 50_000 };

const decideRows: Record<string, DecideRow> = {
  // A live token is never taken away.
  "a young token is used": { state: { current: a }, now: 1, is: use() },
  "a token is used, and not refreshed, up to its refresh age": { state: { current: a }, now: 79_999, is: use() },
  "at its refresh age it is refreshed in the background": { state: { current: a }, now: 80_000, is: refresh },
  "in its last moment it is used all the same": { state: { current: a }, now: 99_999, is: refresh },
  "at its end it isn't used": { state: { current: a }, now: 100_000, is: wait() },
  "a token that another call saw rejected is used": { state: { current: a, isRejected: true }, now: 1, is: use() },
  "a live token is used while the endpoint's attempts are used up": {
    state: { current: a },
    health: exhausted,
    now: 90_000,
    is: use(),
  },
  "a live token is used while a vault is spared": {
    state: { current: a, spareUntil: 91_000, lastError: broken },
    now: 90_000,
    is: refresh,
  },
  "a wall clock set forward ends a token": { state: { current: a }, now: 1, wall: 100_000, is: wait() },
  "a wall clock set back doesn't prolong it": { state: { current: a }, now: 100_000, wall: -1e9, is: wait() },

  // Background refreshes keep their pauses.
  "two background refreshes are a second apart: too soon": {
    state: { current: a, startedAt: 89_001 },
    now: 90_000,
    is: use(),
  },
  "two background refreshes are a second apart: soon enough": {
    state: { current: a, startedAt: 89_000 },
    now: 90_000,
    is: refresh,
  },
  "a background pause is kept": { state: { current: a, backgroundNotBefore: 90_001 }, now: 90_000, is: use() },
  "a background pause ends": { state: { current: a, backgroundNotBefore: 90_000 }, now: 90_000, is: refresh },
  "the endpoint's back-off holds for background refreshes": {
    state: { current: a },
    health: { notBefore: 90_001 },
    now: 90_000,
    is: use(),
  },
  "a long Retry-After is kept to the letter in the background": {
    state: { current: a },
    health: { notBefore: 0, backgroundNotBefore: 90_001 },
    now: 90_000,
    is: use(),
  },

  // Replication lag.
  "the predecessor is used while the new token isn't known": { state: swapped, now: 49_999, is: use(a) },
  "the new token is tried again after a pause": { state: swapped, now: 50_000, is: use(b) },
  "the predecessor isn't refreshed while there is a successor": {
    state: { ...swapped, trySuccessorAt: 95_000 },
    now: 90_000,
    is: use(a),
  },
  "the new token is used once the predecessor has expired": {
    state: { current: a, successor: makeToken("b", { start: 90_000 }), trySuccessorAt: 1e9 },
    now: 100_000,
    is: use(makeToken("b", { start: 90_000 })),
  },

  // A caller without a token waits once.
  "the first caller waits": { now: 0, is: wait() },
  "a caller waits for a back-off while attempts are left": { health: { notBefore: 5_000, failures: 2 }, is: wait() },
  "once attempts are used up callers get the error at once": { health: exhausted, now: 90_000, is: fail(down, 1_000) },
  "when the back-off is over one attempt probes": { health: exhausted, now: 91_000, is: wait(1) },
  "a spared vault's error is served": {
    state: { spareUntil: 1_000, lastError: broken },
    now: 999,
    is: fail(broken, 1),
  },
  "a vault is asked again when the pause is over": {
    state: { spareUntil: 1_000, lastError: broken },
    now: 1_000,
    is: wait(),
  },
  "a background pause isn't a waiting caller's": {
    state: { current: a, backgroundNotBefore: 1e9, rejectionNotBefore: 1e9, spent: 1e9 },
    now: 100_000,
    is: wait(),
  },
  // A caller who wants another token.
  "a forced refresh waits although a token lives": { state: { current: a }, now: 1, isForced: true, is: wait() },
  "a forced refresh gets the error while attempts are used up": {
    state: { current: a },
    health: exhausted,
    now: 90_000,
    isForced: true,
    is: fail(down, 1_000),
  },
};

for (const [name, { state, health, now = 0, wall, isForced, is }] of Object.entries(decideRows)) {
  Deno.test(`decide: ${name}`, () => {
    const options = { clock: clockAt(now, wall), retry, ...isForced && { isForced } };
    const decision = decide(stateWith(state), healthWith(health), options);
    // Promises of equal tokens aren't equal.
    const tokenOf = (it: Decision) => it.type === "use" ? { ...it, token: it.token.credentials.accessToken } : it;
    assertEquals(tokenOf(decision), tokenOf(is));
  });
}

type RejectionRow = {
  state: Partial<RefreshState>;
  health?: Partial<EndpointHealth>;
  call?: Partial<Rejection>;
  now?: number;
  is: typeof a | "refresh" | undefined;
};

const after = { current: b, predecessor: a, issuedAt: 20_000 };
const hopeless = new Map([["/bad", { count: 1, until: 60_000 }]]);

const rejectionRows: Record<string, RejectionRow> = {
  "the live token is refreshed": { state: { current: a }, is: "refresh" },
  "an old token gives way to the live one": { state: { current: b }, is: b },
  "an old token gives way to the live one, whatever is rationed": {
    state: { current: b, rejectionNotBefore: 1e9, spent: 1e9, hopeless },
    call: { route: "/bad" },
    is: b,
  },
  "the same token, handed out a second time, doesn't help": { state: { current: makeToken("a") }, is: undefined },
  "an expired token is refreshed": { state: { current: a }, now: 100_000, is: "refresh" },
  "a token that was dropped is refreshed": { state: {}, is: "refresh" },
  // What a new token changed.
  "a new token that is rejected too isn't refreshed": { state: { current: a }, call: { replays: 1 }, is: undefined },
  "a hopeless route isn't refreshed for": { state: { current: a, hopeless }, call: { route: "/bad" }, is: undefined },
  "a hopeless route doesn't fall back": {
    state: { ...after, hopeless },
    call: { token: b, route: "/bad" },
    is: undefined,
  },
  "a hopeless route is tried again": {
    state: { current: a, hopeless },
    call: { route: "/bad" },
    now: 60_000,
    is: "refresh",
  },
  "a hopeless route doesn't slow others": { state: { current: a, hopeless }, call: { route: "/good" }, is: "refresh" },
  "a rejected call is refreshed for while ten units are spent": {
    state: { current: a, spent: 10, spentAt: 30_000 },
    is: "refresh",
  },
  "it isn't while eleven are spent": { state: { current: a, spent: 11, spentAt: 30_000 }, is: undefined },
  "a unit leaks away: not yet": { state: { current: a, spent: 11, spentAt: 27_001 }, is: undefined },
  "a unit leaks away: now": { state: { current: a, spent: 11, spentAt: 27_000 }, is: "refresh" },
  "a failed refresh isn't repeated at once": { state: { current: a, rejectionNotBefore: 30_001 }, is: undefined },
  "a failed refresh is repeated after its pause": { state: { current: a, rejectionNotBefore: 30_000 }, is: "refresh" },
  "the endpoint's back-off is kept": { state: { current: a }, health: { notBefore: 30_001 }, is: undefined },
  "the endpoint's back-off ends": { state: { current: a }, health: { notBefore: 30_000 }, is: "refresh" },
  "a background pause doesn't hold for a rejected call": {
    state: { current: a, backgroundNotBefore: 1e9 },
    is: "refresh",
  },
  // Replication lag.
  "a new token falls back to its predecessor": { state: after, call: { token: b }, is: a },
  "a new token falls back to its predecessor when a replay was rejected": {
    state: after,
    call: { token: b, replays: 1 },
    is: a,
  },
  "a minute after its issue it is refreshed instead": {
    state: after,
    call: { token: b },
    now: 80_000,
    is: "refresh",
  },
  "just under a minute after its issue it still falls back": { state: after, call: { token: b }, now: 79_999, is: a },
  "it doesn't fall back to a predecessor that has expired": {
    state: { ...after, issuedAt: 99_999, current: makeToken("b", { start: 99_999 }) },
    call: { token: makeToken("b", { start: 99_999 }), replays: 1 },
    now: 100_000,
    is: undefined,
  },
  "a predecessor that outlives the token and is rejected itself isn't given again": {
    state: { current: makeToken("b", { start: 20_000, lifetime: 1 }), predecessor: a, issuedAt: 20_000 },
    is: "refresh",
  },
  "a successor that is tried too soon gives way to the predecessor": {
    state: { ...swapped, issuedAt: 20_000, trySuccessorAt: 25_000 },
    call: { token: b },
    is: a,
  },
  "a successor gives way however late": {
    state: { ...swapped, issuedAt: -60_000, trySuccessorAt: 25_000 },
    call: { token: b },
    is: a,
  },
  "a successor with no live predecessor is refreshed": {
    state: { ...swapped, successor: makeToken("b", { start: 90_000 }), trySuccessorAt: 0 },
    call: { token: makeToken("b", { start: 90_000 }) },
    now: 100_000,
    is: "refresh",
  },
  "a rejected predecessor is refreshed, though the call was replayed": {
    state: swapped,
    call: { token: a, replays: 1 },
    is: "refresh",
  },
};

for (const [name, { state, health, call, now = 30_000, is }] of Object.entries(rejectionRows)) {
  Deno.test(`decideRejection: ${name}`, () => {
    const known = stateWith(state);
    // The token that a case rejects is the very one of its state.
    const own = [known.current, known.successor].find((one) =>
      call?.token && one?.credentials.accessToken === call.token.credentials.accessToken
    );
    const rejection = { route: "/", replays: 0, ...call, token: own ?? call?.token ?? a };
    const decision = decideRejection(known, healthWith(health), rejection, clockAt(now));
    const accessToken = (it: typeof decision) => typeof it === "object" ? it.credentials.accessToken : it;
    assertEquals(accessToken(decision), accessToken(is));
  });
}

Deno.test("refreshableAt: says when each limit ends, the last of them counts", () => {
  const health = healthWith({ notBefore: 3 });
  const at = (known: Partial<RefreshState>, route = "/") => refreshableAt(stateWith(known), health, route);
  assertEquals(at({}), 3);
  assertEquals(at({ rejectionNotBefore: 4 }), 4);
  assertEquals(at({ rejectionNotBefore: 4, spent: 12, spentAt: 5 }), 6_005);
  assertEquals(at({ hopeless }), 3);
  assertEquals(at({ hopeless }, "/bad"), 60_000);
});
