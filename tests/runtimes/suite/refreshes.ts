/** When a token is refreshed, by a clock of the test's own: tokens live for an hour. @module */
import { assertEquals } from "@std/assert";
import { json } from "../../faults/behaviours.ts";
import { type Case, cases } from "./case.ts";
import { bearer, nthToken } from "./planted.ts";
import {
  arrival,
  assertCount,
  busy,
  count,
  failsBy,
  failure,
  fine,
  issues,
  late,
  read,
  type Scene,
  seen,
  type Setting,
  stalled,
  together,
  TravellingClock,
  type World,
} from "./world.ts";

/** Ages in milliseconds: before the refresh window of an hour's token, in it, in its last seconds, and after its end. */
const age = { young: 3_200_000, old: 3_350_000, last: 3_580_000, expired: 3_600_001 };

interface Aged extends Scene {
  readonly clock: TravellingClock;
  /** Resolves when the background refreshes have ended. */
  background(): Promise<unknown>;
  call(): Promise<[status: number, text: string]>;
  /** The token of the last call. */
  lastToken(): Promise<string | undefined>;
}

/** A scene with a token of the given age, which one call has used. */
async function aged(world: World, time: number, { options, ...scripts }: Setting = {}): Promise<Aged> {
  const clock = new TravellingClock();
  const works: Promise<unknown>[] = [];
  const waitUntil = (work: Promise<unknown>) => void works.push(work);
  const scene = await world.set({ ...scripts, options: { clock, waitUntil, ...options } });
  const call = () => read(scene.authenticator.fetch("/x"));
  await call();
  clock.pass(time);
  const lastToken = async () => (await seen(scene.api)).at(-1)?.slice("Bearer ".length);
  return { ...scene, clock, background: () => Promise.all(works), call, lastToken };
}

export const refreshes: readonly Case[] = cases({
  async "a young token: is used, without a token request"(world) {
    const { call, tokens, lastToken } = await aged(world, age.young);

    await call();

    assertEquals([await lastToken(), ...await count(tokens)], [nthToken(1), 1]);
  },
  async "a token in its refresh window: is used, and refreshed in the background"(world) {
    const { authenticator, call, tokens, lastToken, background } = await aged(world, age.old);
    await tokens.play({ usual: late(200, issues()) });

    await call();
    assertEquals([await lastToken(), authenticator.credentials?.accessToken], [nthToken(1), nthToken(1)]);
    await background();
    await call();

    assertEquals([await lastToken(), ...await count(tokens)], [nthToken(2), 2]);
  },
  async "a token of ten minutes: is refreshed in its last two, and not before"(world) {
    const { authenticator, tokens, clock, background } = await aged(world, 420_000, { tokens: { usual: issues(600) } });
    await authenticator.getCredentials();
    await background();
    assertEquals(await count(tokens), [1]);
    clock.pass(65_000);

    assertEquals((await authenticator.getCredentials()).accessToken, nthToken(1));

    await background();
    assertEquals([authenticator.credentials?.accessToken, ...await count(tokens)], [nthToken(2), 2]);
  },
  async "a token in its refresh window: is refreshed once for 30 calls"(world) {
    const { call, tokens, background } = await aged(world, age.old);
    await tokens.play({ usual: late(50, issues()) });

    await together(30, call);
    await background();

    assertEquals(await count(tokens), [2]);
  },
  async "a token in its refresh window: is refreshed without waitUntil too"(world) {
    const { call, tokens } = await aged(world, age.old, { options: { waitUntil: undefined } });

    assertEquals(await call(), fine);

    await arrival(tokens, 2);
  },
  async "a background refresh that fails: calls succeed, and it isn't retried at once"(world) {
    const { authenticator, call, tokens, clock, lastToken, background } = await aged(world, age.old);
    await tokens.play({ usual: busy });

    for (let calls = 0; calls < 10; calls++) assertEquals(await call(), fine);
    await background();
    assertEquals([await lastToken(), ...await count(tokens)], [nthToken(1), 2]);
    await tokens.play({ usual: issues() });
    clock.pass(2_000);
    await call();
    await background();

    assertEquals([authenticator.credentials?.accessToken, ...await count(tokens)], [nthToken(3), 3]);
  },
  async "a token in its last seconds: is used at once, and refreshed in the background"(world) {
    const { call, tokens, lastToken, background } = await aged(world, age.last);
    await tokens.play({ usual: late(100, issues()) });

    await together(10, call);

    assertEquals(await lastToken(), nthToken(1));
    await background();
    await call();
    assertEquals([await lastToken(), ...await count(tokens)], [nthToken(2), 2]);
  },
  async "a token in its last seconds: is used while the server answers 503"(world) {
    const { call, tokens, lastToken } = await aged(world, age.last);
    await tokens.play({ usual: busy });

    for (let calls = 0; calls < 5; calls++) assertEquals(await call(), fine);

    assertEquals(await lastToken(), nthToken(1));
    // Five attempts at most, for all calls.
    await assertCount(tokens, 1, 6);
  },
  async "a token in its last seconds: is used while the server doesn't answer"(world) {
    const { authenticator, call, tokens, lastToken } = await aged(world, age.last);
    await tokens.play({ usual: stalled });

    assertEquals(await call(), fine);

    assertEquals(await lastToken(), nthToken(1));
    await authenticator.close();
  },
  async "an expired token: isn't used, and 50 calls wait for one token request"(world) {
    const { call, tokens, api } = await aged(world, age.expired);
    await tokens.play({ usual: late(50, issues()) });

    await together(50, call);

    assertEquals((await seen(api)).slice(1), Array(50).fill(bearer(2)));
    assertEquals(await count(tokens), [2]);
  },
  async "an expired token that can't be refreshed: fetch rejects, and the API isn't called"(world) {
    const { authenticator, tokens, api } = await aged(world, age.expired);
    await tokens.play({ usual: failsBy("unauthorized_client") });

    assertEquals((await failure(authenticator.fetch("/x"))).error, "unauthorized_client");

    assertEquals(await count(api), [1]);
  },
  async "the wall clock: set back, it makes no token younger; put forward, it makes it older"(world) {
    const { authenticator, clock, tokens } = await aged(world, 0);
    clock.skew(-7_200_000);
    clock.pass(age.expired);
    await authenticator.getCredentials();
    assertEquals(await count(tokens), [2]);

    clock.skew(age.expired);
    await authenticator.getCredentials();

    assertEquals(await count(tokens), [3]);
  },
  async "a token without expires_in: lives for defaultLifetime"(world) {
    const { authenticator, clock, tokens } = await aged(world, 700_000, {
      tokens: { usual: json({ access_token: "planted-token-{n}" }) },
      options: { defaultLifetime: 1_000_000, waitUntil: undefined },
    });
    await authenticator.getCredentials();
    assertEquals(await count(tokens), [1]);
    clock.pass(300_001);
    await authenticator.getCredentials();

    assertEquals(await count(tokens), [2]);
  },
  async "a very short lifetime: 20 calls cause at most 3 token requests"(world) {
    const { authenticator, tokens } = await world.set({ tokens: { usual: issues(0.001) } });

    for (let calls = 0; calls < 20; calls++) await authenticator.getCredentials();

    await assertCount(tokens, 1, 3);
  },
  async "a server that issues the same token again: isn't asked at every call"(world) {
    const { call, tokens, background } = await aged(world, age.old);
    await tokens.play({ usual: issues(250, nthToken(1)) });

    for (let calls = 0; calls < 20; calls++) {
      await call();
      await background();
    }

    assertEquals(await count(tokens), [2]);
  },
});
