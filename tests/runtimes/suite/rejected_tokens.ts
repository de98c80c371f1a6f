/** The API's 401. @module */
import { assertEquals } from "@std/assert";
import { answer } from "../../faults/behaviours.ts";
import { callRows } from "./call_rows.ts";
import { type Case, cases } from "./case.ts";
import { nthToken } from "./planted.ts";
import { assertCount, count, failsBy, fine, issues, late, read, rejected, rejectsFirst, together } from "./world.ts";

const api = { usual: rejected };
const get401 = ["401 rejected"];
const endless = answer("xxx", { status: 401, length: 10 });

export const rejectedTokens: readonly Case[] = [
  ...callRows({
    "a rejected token: is replaced once, and the call replayed": {
      api: rejectsFirst(),
      calls: () => [["/x"], ["/x"]],
      gets: [fine, fine],
      tokenRequests: 2,
      seen: { api: ["GET /x authorization 1", "GET /x authorization 2", "GET /x authorization 2"] },
    },
    "a rejected token under another header: is replaced once": {
      ...{ api: rejectsFirst("x-token"), options: { headerKey: "X-Token" } },
      gets: [fine],
      seen: { api: ["GET /x x-token 1", "GET /x x-token 2"] },
    },
    "a server that issues the rejected token again: the call isn't replayed": {
      ...{ tokens: { usual: issues(3600, nthToken(1)) }, api },
      gets: get401,
      tokenRequests: 2,
      seen: { api: ["GET /x authorization 1"] },
    },
    "a refresh that fails after a 401: the caller gets the API's 401": {
      ...{ tokens: { next: [issues()], usual: failsBy("invalid_client", 401) }, api },
      gets: get401,
      tokenRequests: 2,
    },
    "403 and 500: are returned, and not replayed": {
      api: { next: [answer("no", { status: 403 }), answer("oh", { status: 500 })] },
      calls: () => [["/x"], ["/x"]],
      gets: ["403 no", "500 oh"],
      tokenRequests: 1,
      seen: { api: ["GET /x authorization 1", "GET /x authorization 1"] },
    },
    "a 401 whose body never ends: the call is replayed": {
      api: rejectsFirst("authorization", { steps: [...endless.steps, "stall"] }),
      gets: [fine],
    },
  }),
  ...cases({
    async "a new token that is rejected as well: the caller gets the API's 401"(world) {
      const { authenticator, tokens, api: calledApi } = await world.set({ api });

      const response = await authenticator.fetch("/x");

      assertEquals(response.headers.get("www-authenticate"), 'Bearer error="invalid_token"');
      assertEquals([await read(response)], get401);
      assertEquals(await count(tokens, calledApi), [2, 2]);
    },
    async "an API that always answers 401: 20 calls cause at most 5 token requests"(world) {
      const { call, tokens } = await world.set({ api });

      for (let calls = 0; calls < 10; calls++) assertEquals([await call()], get401);
      await together(10, call);

      await assertCount(tokens, [1, 5]);
    },
    async "a rejected token of 20 calls at once: is replaced by one token request"(world) {
      const scene = await world.set({ tokens: { usual: late(30, issues()) }, api: rejectsFirst() });
      await scene.authenticator.getCredentials();

      assertEquals(await together(20, scene.call), Array(20).fill(fine));

      assertEquals(await count(scene.tokens), [2]);
      await assertCount(scene.api, [20, 40]);
    },
    async "a 401 to the caller's own header, or of another origin: is returned"(world) {
      const { authenticator, call, tokens, elsewhere } = await world.set({ api, elsewhere: api });
      await authenticator.getCredentials();

      assertEquals([await call("/x", { headers: { authorization: "Own" } })], get401);
      assertEquals([await call(`${elsewhere.origin}/x`)], get401);
      assertEquals(await count(tokens), [1]);
    },
  }),
];
