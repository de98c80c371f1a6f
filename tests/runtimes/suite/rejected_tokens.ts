/** The API's 401. @module */
import { assertEquals } from "@std/assert";
import { answer } from "../../faults/behaviours.ts";
import { type Case, cases } from "./case.ts";
import { bearer, nthToken } from "./planted.ts";
import {
  assertCount,
  count,
  failsBy,
  fine,
  issues,
  late,
  read,
  rejected,
  rejectsFirst,
  seen,
  together,
} from "./world.ts";

const usual = rejected;

export const rejectedTokens: readonly Case[] = cases({
  async "a rejected token: is replaced once, and the call replayed"(world) {
    const { authenticator, tokens, api } = await world.set({ api: rejectsFirst() });

    assertEquals(await read(authenticator.fetch("/x")), fine);
    assertEquals(await read(authenticator.fetch("/x")), fine);

    assertEquals(await seen(api), [1, 2, 2].map(bearer));
    assertEquals(await count(tokens), [2]);
  },
  async "a rejected token under another header: is replaced once"(world) {
    const { authenticate, api } = await world.set({ api: rejectsFirst("x-token") });

    assertEquals(await read(authenticate({ headerKey: "X-Token" }).fetch("/x")), fine);

    assertEquals(await seen(api, "x-token"), [1, 2].map(bearer));
  },
  async "a new token that is rejected as well: the caller gets the API's 401"(world) {
    const { authenticator, tokens, api } = await world.set({ api: { usual } });

    const response = await authenticator.fetch("/x");

    assertEquals(response.headers.get("www-authenticate"), 'Bearer error="invalid_token"');
    assertEquals(await read(response), [401, "rejected"]);
    assertEquals(await count(tokens, api), [2, 2]);
  },
  async "an API that always answers 401: 20 calls cause at most 5 token requests"(world) {
    const { authenticator, tokens } = await world.set({ api: { usual } });
    const call = () => read(authenticator.fetch("/x"));

    for (let calls = 0; calls < 10; calls++) assertEquals((await call())[0], 401);
    await together(10, call);

    await assertCount(tokens, 1, 5);
  },
  async "a rejected token of 20 calls at once: is replaced by one token request"(world) {
    const { authenticator, tokens, api } = await world.set({
      tokens: { usual: late(30, issues()) },
      api: rejectsFirst(),
    });
    await authenticator.getCredentials();

    assertEquals(await together(20, () => read(authenticator.fetch("/x"))), Array(20).fill(fine));

    assertEquals(await count(tokens), [2]);
    await assertCount(api, 20, 40);
  },
  async "a server that issues the rejected token again: the call isn't replayed"(world) {
    const { authenticator, tokens, api } = await world.set({
      tokens: { usual: issues(3600, nthToken(1)) },
      api: { usual },
    });

    assertEquals((await read(authenticator.fetch("/x")))[0], 401);

    assertEquals(await count(tokens, api), [2, 1]);
  },
  async "a refresh that fails after a 401: the caller gets the API's 401"(world) {
    const { authenticator, tokens } = await world.set({ api: { usual } });
    await authenticator.getCredentials();
    await tokens.play({ usual: failsBy("invalid_client", 401) });

    assertEquals(await read(authenticator.fetch("/x")), [401, "rejected"]);
  },
  async "403 and 500: are returned, and not replayed"(world) {
    const next = [answer("no", { status: 403 }), answer("oh", { status: 500 })];
    const { authenticator, tokens, api } = await world.set({ api: { next } });

    assertEquals(await read(authenticator.fetch("/x")), [403, "no"]);
    assertEquals(await read(authenticator.fetch("/x")), [500, "oh"]);

    assertEquals(await count(tokens, api), [1, 2]);
  },
  async "a 401 to the caller's own header, or of another origin: is returned"(world) {
    const { authenticator, tokens, elsewhere } = await world.set({ api: { usual }, elsewhere: { usual } });
    await authenticator.getCredentials();

    const own = await read(authenticator.fetch("/x", { headers: { authorization: "Own" } }));
    const other = await read(authenticator.fetch(`${elsewhere.origin}/x`));

    assertEquals([own, other], [[401, "rejected"], [401, "rejected"]]);
    assertEquals(await count(tokens), [1]);
  },
  async "a 401 whose body never ends: the call is replayed"(world) {
    const { steps } = answer("x".repeat(10), { status: 401 });
    const endless = { steps: [...steps.slice(0, 1), { send: "xxx" }, "stall" as const] };
    const { authenticator } = await world.set({ api: rejectsFirst("authorization", endless) });

    assertEquals(await read(authenticator.fetch("/x")), fine);
  },
});
