/** A caller who gives up: what ends, what goes on, and what he is told. @module */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { getToken } from "@m2m/authenticator";
import { json } from "../../faults/behaviours.ts";
import type { Case } from "./case.ts";
import { nthToken, planted } from "./planted.ts";
import { count, late, read, until } from "./world.ts";

const slow = { usual: late(300, json({ access_token: "planted-token-{n}", expires_in: 3600 })) };
const reason = new Error("The caller's own reason.");

function thrown(work: Promise<unknown>): Promise<unknown> {
  return work.then(() => undefined, (error) => error);
}

export const aborts: readonly Case[] = [
  {
    name: "a call given up before it began asks nobody, and rejects with the caller's reason",
    async run(world) {
      const { authenticator, tokens, api } = await world.set();
      const signal = AbortSignal.abort(reason);

      assertStrictEquals(await thrown(authenticator.fetch("/x", { signal })), reason);
      assertStrictEquals(await thrown(authenticator.getCredentials({ signal })), reason);
      assertStrictEquals(await thrown(authenticator.refreshCredentials({ signal })), reason);
      assertStrictEquals(await thrown(authenticator.authorize(new Headers(), { signal })), reason);

      assertEquals([await count(tokens), await count(api)], [0, 0]);
    },
  },
  {
    name: "a caller who gives up waiting for a token takes nothing from the others",
    async run(world) {
      const { authenticator, tokens } = await world.set({ tokens: slow });
      const controller = new AbortController();
      const { signal } = controller;
      const quitters = [
        thrown(authenticator.fetch("/x", { signal })),
        thrown(authenticator.getCredentials({ signal })),
      ];
      const others = [authenticator.getCredentials(), authenticator.refreshCredentials()];
      await until(async () => await count(tokens) === 1);
      controller.abort(reason);

      for (const quitter of quitters) assertStrictEquals(await quitter, reason);
      for (const other of others) assertEquals((await other).accessToken, nthToken(1));
      assertEquals(await count(tokens), 1);
    },
  },
  {
    name: "the first caller's end isn't the end of the token request: the next one has its token",
    async run(world) {
      const { authenticator, tokens } = await world.set({ tokens: slow });
      const controller = new AbortController();
      const first = thrown(authenticator.getCredentials({ signal: controller.signal }));
      await until(async () => await count(tokens) === 1);
      controller.abort(reason);
      assertStrictEquals(await first, reason);

      assertEquals((await authenticator.getCredentials()).accessToken, nthToken(1));
      assertEquals(await count(tokens), 1);
    },
  },
  {
    name: "a call given up while the API is at it ends there too, with the caller's reason",
    async run(world) {
      const { authenticator, api } = await world.set({ api: { usual: { steps: ["stall"] } } });
      const controller = new AbortController();
      const call = thrown(authenticator.fetch("/x", { signal: controller.signal }));
      await until(async () => await count(api) === 1);
      controller.abort(reason);

      assertStrictEquals(await call, reason);
      await until(async () => await api.hangUps() === 1);
    },
  },
  {
    name: "a Request brings its signal along",
    async run(world) {
      const { authenticator, api } = await world.set({ api: { usual: { steps: ["stall"] } } });
      const controller = new AbortController();
      const request = new Request(`${api.origin}/x`, { signal: controller.signal });
      const call = thrown(authenticator.fetch(request));
      await until(async () => await count(api) === 1);
      controller.abort(reason);

      assertStrictEquals(await call, reason);
    },
  },
  {
    name: "a signal that ends by time is a TimeoutError, waiting for the token and for the API",
    async run(world) {
      const { authenticate, authenticator, tokens, api } = await world.set({
        tokens: { next: [{ steps: ["stall"] }] },
      });
      const waiting = await thrown(authenticator.fetch("/x", { signal: AbortSignal.timeout(200) }));
      await authenticator.close();
      await api.play({ usual: { steps: ["stall"] } });

      const calling = await thrown(authenticate().fetch("/x", { signal: AbortSignal.timeout(400) }));

      assertEquals([Object(waiting).name, Object(calling).name], ["TimeoutError", "TimeoutError"]);
      assertEquals(await count(tokens), 2);
    },
  },
  {
    name: "a single exchange given up ends at the server, with the caller's reason",
    async run(world) {
      const { tokens, tokenEndpoint } = await world.set({ tokens: { usual: { steps: ["stall"] } } });
      const controller = new AbortController();
      const { signal } = controller;
      const asked = thrown(
        getToken(tokenEndpoint, { clientId: planted.clientId, clientSecret: planted.secret, signal }),
      );
      await until(async () => await count(tokens) === 1);
      controller.abort(reason);

      assertStrictEquals(await asked, reason);
      await until(async () => await tokens.hangUps() === 1);
    },
  },
  {
    name: "a call can be made after another was given up",
    async run(world) {
      const { authenticator, api } = await world.set({ api: { next: [{ steps: ["stall"] }] } });
      const controller = new AbortController();
      const call = thrown(authenticator.fetch("/x", { signal: controller.signal }));
      await until(async () => await count(api) === 1);
      controller.abort();

      assertEquals(Object(await call).name, "AbortError");
      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);
    },
  },
];
