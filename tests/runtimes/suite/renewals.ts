/** When a token is renewed, by a clock that travels: tokens live for an hour. @module */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { json, steps } from "../../faults/behaviours.ts";
import type { Case } from "./case.ts";
import { nthToken } from "./planted.ts";
import {
  authorizations,
  count,
  late,
  type Options,
  read,
  type Scene,
  TravellingClock,
  until,
  type World,
} from "./world.ts";

/** Ages in milliseconds: certainly in the first, second or third part of an hour's token, or after it. */
const age = { young: 3_200_000, early: 3_350_000, late: 3_580_000, dead: 3_600_001 };
const hour = json({ access_token: "planted-token-{n}", token_type: "Bearer", expires_in: 3600 });
const busy = json({}, { status: 503 });

interface Aged extends Scene {
  readonly clock: TravellingClock;
  /** Settles when what is done behind a call is done. */
  behind(): Promise<unknown>;
  /** Which token the last call carried. */
  lastToken(): Promise<string | undefined>;
}

/** A scene with a token of the given age, which one call has used. */
async function aged(world: World, time: number, options: Options = {}): Promise<Aged> {
  const clock = new TravellingClock();
  const works: Promise<unknown>[] = [];
  const waitUntil = (work: Promise<unknown>) => void works.push(work);
  const scene = await world.set({ options: { clock, waitUntil, ...options } });
  await read(scene.authenticator.fetch("/x"));
  clock.pass(time);
  return {
    ...scene,
    clock,
    behind: () => Promise.all(works),
    async lastToken() {
      return (await authorizations(scene.api)).at(-1)?.slice("Bearer ".length);
    },
  };
}

export const renewals: readonly Case[] = [
  {
    name: "a young token is used, and no other asked for",
    async run(world) {
      const { authenticator, tokens, lastToken } = await aged(world, age.young);

      await read(authenticator.fetch("/x"));

      assertEquals([await lastToken(), await count(tokens)], [nthToken(1), 1]);
    },
  },
  {
    name: "a token near its end is used, and renewed behind the call",
    async run(world) {
      const { authenticator, tokens, lastToken, behind } = await aged(world, age.early);
      await tokens.play({ usual: late(200, hour) });

      await read(authenticator.fetch("/x"));
      assertEquals([await lastToken(), authenticator.credentials?.accessToken], [nthToken(1), nthToken(1)]);
      await behind();
      await read(authenticator.fetch("/x"));

      assertEquals([await lastToken(), await count(tokens)], [nthToken(2), 2]);
    },
  },
  {
    name: "a token of ten minutes is left alone for seven, and renewed in the last two",
    async run(world) {
      const clock = new TravellingClock();
      const works: Promise<unknown>[] = [];
      const { authenticator, tokens } = await world.set({
        tokens: { usual: json({ access_token: "planted-token-{n}", expires_in: 600 }) },
        options: { clock, waitUntil: (work) => void works.push(work) },
      });
      await authenticator.getCredentials();
      clock.pass(420_000);
      await authenticator.getCredentials();
      assertEquals([await count(tokens), works.length], [1, 0]);
      clock.pass(65_000);

      assertEquals((await authenticator.getCredentials()).accessToken, nthToken(1));

      await Promise.all(works);
      assertEquals([await count(tokens), authenticator.credentials?.accessToken], [2, nthToken(2)]);
    },
  },
  {
    name: "near its end a token is renewed once, however many call",
    async run(world) {
      const { authenticator, tokens, behind } = await aged(world, age.early);
      await tokens.play({ usual: late(50, hour) });

      await Promise.all(Array.from({ length: 30 }, () => read(authenticator.fetch("/x"))));
      await behind();

      assertEquals(await count(tokens), 2);
    },
  },
  {
    name: "near its end a token is renewed without waitUntil too, behind the call or before it",
    async run(world) {
      const { authenticator, tokens } = await aged(world, age.early, { waitUntil: undefined });

      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);

      await until(async () => await count(tokens) === 2);
    },
  },
  {
    name: "a renewal behind that fails goes unnoticed, and isn't tried again at once",
    async run(world) {
      const { authenticator, tokens, clock, lastToken, behind } = await aged(world, age.early);
      await tokens.play({ usual: busy });

      for (let call = 0; call < 10; call++) assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);
      await behind();
      assertEquals([await lastToken(), await count(tokens)], [nthToken(1), 2]);
      await tokens.play({ usual: hour });
      clock.pass(2_000);
      await read(authenticator.fetch("/x"));
      await behind();

      assertEquals([authenticator.credentials?.accessToken, await count(tokens)], [nthToken(3), 3]);
    },
  },
  {
    name: "at a token's very end callers use it at once, and the next one follows",
    async run(world) {
      const { authenticator, tokens, lastToken, behind } = await aged(world, age.late);
      await tokens.play({ usual: late(100, hour) });

      await Promise.all(Array.from({ length: 10 }, () => read(authenticator.fetch("/x"))));

      assertEquals(await lastToken(), nthToken(1));
      await behind();
      await read(authenticator.fetch("/x"));
      assertEquals([await lastToken(), await count(tokens)], [nthToken(2), 2]);
    },
  },
  {
    name: "at a token's very end a server in trouble leaves callers the live one",
    async run(world) {
      const { authenticator, tokens, lastToken } = await aged(world, age.late);
      await tokens.play({ usual: busy });

      for (let call = 0; call < 5; call++) assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);

      assertEquals(await lastToken(), nthToken(1));
      // Five attempts at most, together.
      assert(await count(tokens) <= 6, `${await count(tokens)} token requests`);
    },
  },
  {
    name: "at a token's very end a server that hangs costs callers a second",
    async run(world) {
      const { authenticator, tokens, lastToken } = await aged(world, age.late);
      await tokens.play({ usual: steps("stall") });

      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);

      assertEquals(await lastToken(), nthToken(1));
      await authenticator.close();
    },
  },
  {
    name: "a dead token is never used: 50 callers wait for one request",
    async run(world) {
      const { authenticator, tokens, api } = await aged(world, age.dead);
      await tokens.play({ usual: late(50, hour) });

      await Promise.all(Array.from({ length: 50 }, () => read(authenticator.fetch("/x"))));

      assertEquals((await authorizations(api)).slice(1), Array(50).fill(`Bearer ${nthToken(2)}`));
      assertEquals(await count(tokens), 2);
    },
  },
  {
    name: "a dead token and a server that refuses are an error, not a call without a token",
    async run(world) {
      const { authenticator, tokens, api } = await aged(world, age.dead);
      await tokens.play({ usual: json({ error: "unauthorized_client" }, { status: 400 }) });

      await assertRejects(() => authenticator.fetch("/x"), AuthenticationError, "unauthorized_client");

      assertEquals(await count(api), 1);
    },
  },
  {
    name: "a wall clock set back makes no token younger, and one set forward makes it older",
    async run(world) {
      const { authenticator, clock, tokens } = await aged(world, 0);
      clock.skew(-7_200_000);
      clock.pass(age.dead);
      await authenticator.getCredentials();
      assertEquals(await count(tokens), 2);

      clock.skew(age.dead);
      await authenticator.getCredentials();

      assertEquals(await count(tokens), 3);
    },
  },
  {
    name: "a token whose lifetime nobody tells lives for defaultLifetime",
    async run(world) {
      const clock = new TravellingClock();
      const { authenticator, tokens } = await world.set({
        tokens: { usual: json({ access_token: "planted-token-{n}" }) },
        options: { clock, defaultLifetime: 1_000_000 },
      });
      await authenticator.getCredentials();
      clock.pass(700_000);
      await authenticator.getCredentials();
      assertEquals(await count(tokens), 1);
      clock.pass(300_001);
      await authenticator.getCredentials();

      assertEquals(await count(tokens), 2);
    },
  },
  {
    name: "a very short lifetime causes no request a call",
    async run(world) {
      const { authenticator, tokens } = await world.set({
        tokens: { usual: json({ access_token: "planted-token-{n}", expires_in: 0.001 }) },
      });

      for (let call = 0; call < 20; call++) await authenticator.getCredentials();

      assert(await count(tokens) <= 3, `${await count(tokens)} token requests`);
    },
  },
  {
    name: "a server that gives the same token again isn't asked at every call",
    async run(world) {
      const { authenticator, tokens, behind } = await aged(world, age.early);
      await tokens.play({ usual: json({ access_token: nthToken(1), expires_in: 250 }) });

      for (let call = 0; call < 20; call++) {
        await read(authenticator.fetch("/x"));
        await behind();
      }

      assertEquals(await count(tokens), 2);
    },
  },
];
