/** When a token is refreshed, by a clock of the test's own: tokens live for an hour. @module */
import { assertEquals } from "@std/assert";
import { json } from "../../faults/behaviours.ts";
import type { Behaviour } from "../../servers/fault_server.ts";
import { busy, failsBy, issues, late, stalled } from "./behaviours.ts";
import { type Case, cases, eachRow } from "./case.ts";
import { bearer, nthToken } from "./planted.ts";
import { arrival, assertCount, count, failure, fine, seen, together } from "./world.ts";
import type { Count, Setting, World } from "./world.ts";

/** Ages in milliseconds: before the refresh window of an hour's token, in it, in its last seconds, and after its end. */
const age = { young: 3_200_000, old: 3_350_000, last: 3_580_000, expired: 3_600_001 };

/** A scene with a token of the given age, which one call has used. */
async function aged(world: World, time: number, { options, ...scripts }: Setting = {}) {
  // A slow machine doesn't move this clock.
  const now = { wall: Date.now(), monotonic: performance.now() };
  const pass = (time: number) => {
    now.wall += time;
    now.monotonic += time;
  };
  const works: Promise<unknown>[] = [];
  const waitUntil = (work: Promise<unknown>) => void works.push(work);
  const clock = { wall: () => now.wall, monotonic: () => now.monotonic };
  const scene = await world.set({ ...scripts, options: { clock, waitUntil, ...options } });
  await scene.call();
  pass(time);
  return { ...scene, now, pass, background: () => Promise.all(works) };
}

/**
 * A token's age, what the token endpoint does from then on, how many calls are made at once, the number of the token
 * that they use, the number of all token requests, and the token that a call uses after the background refreshes.
 */
type Row = readonly [age: number, usual: Behaviour, calls: number, use: number, requests: Count, then?: number];

const slow = late(100, issues());

const rows: Readonly<Record<string, Row>> = {
  "a young token: is used, without a token request": [age.young, slow, 1, 1, 1, 1],
  "a token in its refresh window: is used, and refreshed in the background": [age.old, slow, 1, 1, 2, 2],
  "a token in its refresh window: is refreshed once for 30 calls": [age.old, slow, 30, 1, 2, 2],
  "a token in its last seconds: is used at once, and refreshed in the background": [age.last, slow, 10, 1, 2, 2],
  // Five attempts at most, for all calls.
  "a token in its last seconds: is used while the server answers 503": [age.last, busy, 5, 1, [1, 6]],
  "a token in its last seconds: is used while the server doesn't answer": [age.last, stalled, 1, 1, [1, 2]],
  "an expired token: isn't used, and 50 calls wait for one token request": [age.expired, slow, 50, 2, 2, 2],
};

export const refreshes: readonly Case[] = [
  ...eachRow(rows, (name) => name, async (world, [age, usual, calls, use, requests, then]) => {
    const { authenticator, call, tokens, api, background } = await aged(world, age);
    await tokens.play({ usual });

    assertEquals(await together(calls, call), Array(calls).fill(fine));
    const used = Array(calls).fill(use);
    if (then !== undefined) {
      await background();
      await call();
      used.push(then);
    }

    assertEquals((await seen(api)).slice(1), used.map(bearer));
    await assertCount(tokens, requests);
    await authenticator.close();
  }),
  ...cases({
    async "a token in its refresh window: is refreshed without waitUntil too"(world) {
      const { call, tokens } = await aged(world, age.old, { options: { waitUntil: undefined } });

      assertEquals(await call(), fine);

      await arrival(tokens, 2);
    },
    async "an expired token that can't be refreshed: fetch rejects, and the API isn't called"(world) {
      const { authenticator, tokens, api } = await aged(world, age.expired);
      await tokens.play({ usual: failsBy("unauthorized_client") });

      assertEquals((await failure(authenticator.fetch("/x"))).error, "unauthorized_client");

      assertEquals(await count(api), [1]);
    },
    async "a token without expires_in: lives for defaultLifetime"(world) {
      const usual = json({ access_token: nthToken(1) });
      const options = { defaultLifetime: 1_000_000, waitUntil: undefined };
      const { authenticator, pass, tokens } = await aged(world, 700_000, { tokens: { usual }, options });
      await authenticator.getCredentials();
      assertEquals(await count(tokens), [1]);
      pass(300_001);
      await authenticator.getCredentials();

      assertEquals(await count(tokens), [2]);
    },
  }),
];
