/** What happens when the API says 401. @module */
import { assert, assertEquals } from "@std/assert";
import { answer, json } from "../../faults/behaviours.ts";
import type { Case } from "./case.ts";
import { nthToken } from "./planted.ts";
import { authorizations, count, late, read, refused, refuses } from "./world.ts";

const storm = 5;

export const refusedTokens: readonly Case[] = [
  {
    name: "a refused token is replaced once, and the call sent again",
    async run(world) {
      const { authenticator, tokens, api } = await world.set({ api: refuses(nthToken(1)) });

      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);
      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);

      assertEquals(await authorizations(api), [1, 2, 2].map((number) => `Bearer ${nthToken(number)}`));
      assertEquals(await count(tokens), 2);
    },
  },
  {
    name: "a refused token is replaced once under another header too",
    async run(world) {
      const { authenticate, api } = await world.set({
        api: { when: [{ header: "x-token", value: `Bearer ${nthToken(1)}`, behaviour: refused }] },
      });

      assertEquals(await read(authenticate({ headerKey: "X-Token" }).fetch("/x")), [200, "fine"]);

      assertEquals((await api.requests()).map(({ headers }) => headers["x-token"]), [
        `Bearer ${nthToken(1)}`,
        `Bearer ${nthToken(2)}`,
      ]);
    },
  },
  {
    name: "a new token that is refused as well leaves the caller with the API's 401",
    async run(world) {
      const { authenticator, tokens, api } = await world.set({ api: { usual: refused } });

      const response = await authenticator.fetch("/x");

      assertEquals([response.status, response.headers.get("www-authenticate"), await response.text()], [
        401,
        'Bearer error="invalid_token"',
        "refused",
      ]);
      assertEquals([await count(tokens), await count(api)], [2, 2]);
    },
  },
  {
    name: "20 calls of an API that always says 401 cause no storm",
    async run(world) {
      const { authenticator, tokens } = await world.set({ api: { usual: refused } });

      for (let call = 0; call < 10; call++) assertEquals((await read(authenticator.fetch("/x")))[0], 401);
      await Promise.all(Array.from({ length: 10 }, () => read(authenticator.fetch("/x"))));

      assert(await count(tokens) <= storm, `${await count(tokens)} token requests`);
    },
  },
  {
    name: "20 calls at once whose token is refused cause one renewal",
    async run(world) {
      const { authenticator, tokens, api } = await world.set({
        tokens: { usual: late(30, json({ access_token: "planted-token-{n}", expires_in: 3600 })) },
        api: refuses(nthToken(1)),
      });
      await authenticator.getCredentials();

      const answers = await Promise.all(Array.from({ length: 20 }, () => read(authenticator.fetch("/x"))));

      assertEquals(answers, Array(20).fill([200, "fine"]));
      assertEquals(await count(tokens), 2);
      assert(await count(api) <= 40);
    },
  },
  {
    name: "a server that hands out the refused token again gets no second call",
    async run(world) {
      const { authenticator, tokens, api } = await world.set({
        tokens: { usual: json({ access_token: nthToken(1), expires_in: 3600 }) },
        api: { usual: refused },
      });

      assertEquals((await read(authenticator.fetch("/x")))[0], 401);

      assertEquals([await count(tokens), await count(api)], [2, 1]);
    },
  },
  {
    name: "a renewal that fails leaves the caller with the API's 401",
    async run(world) {
      const { authenticator, tokens } = await world.set({ api: { usual: refused } });
      await authenticator.getCredentials();
      await tokens.play({ usual: json({ error: "invalid_client" }, { status: 401 }) });

      assertEquals(await read(authenticator.fetch("/x")), [401, "refused"]);
    },
  },
  {
    name: "403 and 500 are left alone",
    async run(world) {
      const { authenticator, tokens, api } = await world.set({
        api: { next: [answer("no", { status: 403 }), answer("oh", { status: 500 })] },
      });

      assertEquals(await read(authenticator.fetch("/x")), [403, "no"]);
      assertEquals(await read(authenticator.fetch("/x")), [500, "oh"]);

      assertEquals([await count(tokens), await count(api)], [1, 2]);
    },
  },
  {
    name: "a 401 to the caller's own header, or of another origin, is the caller's",
    async run(world) {
      const { authenticator, tokens, elsewhere } = await world.set({
        api: { usual: refused },
        elsewhere: { usual: refused },
      });
      await authenticator.getCredentials();

      const own = await read(authenticator.fetch("/x", { headers: { authorization: "Own" } }));
      const other = await read(authenticator.fetch(`${elsewhere.origin}/x`));

      assertEquals([own, other], [[401, "refused"], [401, "refused"]]);
      assertEquals(await count(tokens), 1);
    },
  },
  {
    name: "an answer of 401 that never ends doesn't keep the call from being sent again",
    async run(world) {
      const { steps: [head] } = answer("x".repeat(10), { status: 401 });
      const { authenticator } = await world.set({
        api: {
          when: [{
            header: "authorization",
            value: `Bearer ${nthToken(1)}`,
            behaviour: { steps: [...(head === undefined ? [] : [head]), { send: "xxx" }, "stall"] },
          }],
        },
      });

      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);
    },
  },
];
