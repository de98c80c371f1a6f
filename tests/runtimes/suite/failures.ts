/** Tokens that the API rejects, and token requests that fail. @module */
import { assertEquals } from "@std/assert";
import { getToken } from "@m2m/authenticator";
import { answer } from "../../faults/behaviours.ts";
import { busy, failsBy, issues, late, rejected, rejectsFirst, stalled } from "./behaviours.ts";
import { type Case, cases } from "./case.ts";
import { check } from "./check.ts";
import { client, nthToken } from "./planted.ts";
import { assertCount, count, failure, fine, read, together } from "./world.ts";

const api = { usual: rejected };
const gets = "401 rejected";
const endless = { steps: [...answer("xxx", { status: 401, length: 10 }).steps, "stall" as const] };

export const failures: readonly Case[] = cases({
  "a rejected token: is replaced once, and the call replayed": (world) => {
    const expected = { tokens: 2, api: ["GET /x 1", "GET /x 2", "GET /x 2"] };
    return check(world, { api: rejectsFirst() }, expected, ["/x"], ["/x"]);
  },
  "a rejected token under another header: is replaced once": (world) => {
    const scene = { api: rejectsFirst("x-token"), options: { headerKey: "X-Token" } };
    return check(world, scene, { api: ["GET /x x-token 1", "GET /x x-token 2"] });
  },
  async "a new token that is rejected as well: the caller gets the API's 401"(world) {
    const scene = await world.set({ api });

    const response = await scene.authenticator.fetch("/x");

    assertEquals(response.headers.get("www-authenticate"), 'Bearer error="invalid_token"');
    assertEquals([await read(response), ...await count(scene.tokens, scene.api)], [gets, 2, 2]);
  },
  async "a rejected token of 20 calls at once: is replaced by one token request"(world) {
    const scene = await world.set({ tokens: { usual: late(30, issues()) }, api: rejectsFirst() });
    await scene.authenticator.getCredentials();

    assertEquals(await together(20, scene.call), Array(20).fill(fine));

    assertEquals(await count(scene.tokens), [2]);
    await assertCount(scene.api, [20, 40]);
  },
  "a server that issues the rejected token again: the call isn't replayed": (world) =>
    check(world, { tokens: { usual: issues(3600, nthToken(1)) }, api }, { gets, tokens: 2, api: ["GET /x 1"] }),
  "a refresh that fails after a 401: the caller gets the API's 401": (world) =>
    check(world, { tokens: { next: [issues()], usual: failsBy("invalid_client", 401) }, api }, { gets, tokens: 2 }),
  "a 401 to the caller's own header, or of another origin: is returned": (world) => {
    const own = { headers: { authorization: "Own" } };
    return check(world, { api, elsewhere: api }, { gets, tokens: [0, 1] }, ["/x", own], ["{elsewhere}/x"]);
  },
  "a 401 whose body never ends: the call is replayed": (world) =>
    check(world, { api: rejectsFirst("authorization", endless) }, {}),
  "a transient failure: is retried, once for all callers": (world) =>
    check(world, { tokens: { next: [busy, busy] } }, { tokens: 3, atOnce: 10 }),
  "a transient failure that stays: rejects after retry.maxAttempts": (world) => {
    const options = { retry: { maxAttempts: 3, maxDelay: 20 } };
    return check(world, { tokens: { usual: busy }, options }, { gets: "token_endpoint_error", tokens: 3 });
  },
  "a server that never answers: rejects after retry.totalTimeout": (world) => {
    const options = { retry: { totalTimeout: 300 } };
    return check(world, { tokens: { usual: stalled }, options }, { gets: "timeout", tokens: 1 });
  },
  async "getToken: a port on which nothing listens is a network_error"() {
    // A port that browsers don't block.
    const { code, retryable, status } = await failure(getToken("http://127.0.0.1:50999/token", client));

    assertEquals({ code, retryable, status }, { code: "network_error", retryable: true, status: undefined });
  },
});
