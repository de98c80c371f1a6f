/** Token requests that fail, and the errors that callers get. @module */
import { assertEquals } from "@std/assert";
import { getToken } from "@m2m/authenticator";
import { busy, stalled } from "./behaviours.ts";
import { type Case, cases } from "./case.ts";
import { check } from "./check.ts";
import { client } from "./planted.ts";
import { failure } from "./world.ts";

export const failures: readonly Case[] = cases({
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
