/** Redirects, and the headers that follow them. @module */
import { assertEquals, assertRejects } from "@std/assert";
import { answer, redirect } from "../../faults/behaviours.ts";
import { callRows } from "./call_rows.ts";
import { type Case, cases } from "./case.ts";
import { bearer } from "./planted.ts";
import { assertCount, count, fine, rejected, seen } from "./world.ts";

/** To another origin. */
const away = { api: { usual: redirect(302, "{elsewhere}/there") } };
const arrived = ["200 elsewhere"];
const refused = ["redirect_refused"];

export const redirects: readonly Case[] = [
  ...callRows({
    "a redirect to another origin: is followed without authorization": {
      ...away,
      gets: arrived,
      seen: { elsewhere: ["GET /there"] },
    },
    "a 401 of another origin after a redirect: causes no token request": {
      ...{ ...away, elsewhere: { usual: rejected } },
      gets: ["401 rejected"],
      tokenRequests: 1,
    },
    'redirect: "error": fetch rejects by a TypeError, as the platform\'s fetch does': {
      ...away,
      calls: () => [["/x", { redirect: "error" }]],
      gets: ["TypeError"],
      seen: { elsewhere: [] },
    },
  }),
  ...cases({
    async "a redirect within the API: is followed with the token"(world) {
      // Where redirects are hidden the first request is sent twice.
      const { call, api } = await world.set({ api: { next: Array(2).fill(redirect(302, "/new")) } });

      assertEquals(await call("/old"), fine);

      assertEquals(new Set(await seen(api)), new Set([bearer(1)]));
      assertEquals((await api.requests()).at(-1)?.path, "/new");
    },
    async "redirects without an end: fetch rejects by a TypeError"(world) {
      const { call, api } = await world.set({ api: { usual: redirect(302, "/again") } });

      await assertRejects(() => call(), TypeError);

      await assertCount(api, [20, 22]);
    },
  }),
  ...callRows({
    "a redirect within the API by 301, 302, 307 or 308: is followed with the token": {
      api: { next: [301, 302, 307, 308].flatMap((status) => [redirect(status, "/new?a=b"), answer("fine")]) },
      calls: () => Array(4).fill(["/old"]),
      gets: Array(4).fill(fine),
      seen: { api: Array(4).fill(["GET /old authorization 1", "GET /new?a=b authorization 1"]).flat() },
    },
    "a redirect to another origin: is followed without the token under another header": {
      ...{ ...away, options: { headerKey: "X-Token" } },
      gets: arrived,
      seen: { api: ["GET /x x-token 1"], elsewhere: ["GET /there"] },
    },
    "a redirect to an allowed origin: is followed with the token": {
      ...away,
      options: ({ elsewhere }) => ({ allowedOrigins: [elsewhere.origin], headerKey: "x-token" }),
      gets: arrived,
      seen: { elsewhere: ["GET /there x-token 1"] },
    },
    "a redirect to another origin and back: is followed without the token": {
      api: { next: [away.api.usual] },
      elsewhere: { usual: redirect(302, "{api}/back") },
      gets: [fine],
      seen: { api: ["GET /x authorization 1", "GET /back"] },
    },
    "a redirect by 307: is followed with method and body": {
      api: { next: [redirect(307, "/new")] },
      calls: () => [["/old", { method: "PUT", body: "whole" }]],
      gets: [fine],
      seen: { api: ["PUT /old whole authorization 1", "PUT /new whole authorization 1"] },
    },
  }, "visible redirects"),
  ...cases({
    async "a redirect by 303: is followed by GET without a body"(world) {
      const { call, api } = await world.set({ api: { next: [redirect(303, "/new")] } });

      assertEquals(await call("/old", { method: "POST", body: "x" }), fine);

      const last = (await api.requests()).at(-1);
      assertEquals([last?.method, last?.body, last?.headers["content-type"]], ["GET", "", undefined]);
    },
    async 'redirect: "manual": fetch returns the redirect'(world) {
      const { authenticator, elsewhere } = await world.set(away);

      const response = await authenticator.fetch("/x", { redirect: "manual" });
      await response.body?.cancel();

      assertEquals([response.status, response.headers.get("location")], [302, `${elsewhere.origin}/there`]);
      assertEquals(await count(elsewhere), [0]);
    },
  }, "visible redirects"),
  ...callRows(
    {
      "a redirect to another origin: is followed without the caller's other secrets": {
        ...away,
        calls: () => [["/x", { headers: { cookie: "a=b", "proxy-authorization": "Basic eDp5", "x-own": "1" } }]],
        gets: arrived,
        seen: { elsewhere: ["GET /there x-own 1"] },
      },
    },
    "visible redirects",
    "any header",
  ),
  ...callRows({
    "a hidden redirect: is refused where the token is under another header": {
      ...{ ...away, options: { headerKey: "X-Token" } },
      gets: refused,
      seen: { elsewhere: [] },
    },
    "a hidden redirect: is refused where a body would be sent twice": {
      ...away,
      calls: () => [["/x", { method: "POST", body: "x" }]],
      gets: refused,
      seen: { api: ["POST /x x authorization 1"], elsewhere: [] },
    },
  }, "hidden redirects"),
  ...cases({
    async 'redirect: "manual": fetch returns a hidden redirect as the platform\'s fetch does'(world) {
      const { authenticator, elsewhere } = await world.set(away);

      const { type } = await authenticator.fetch("/x", { redirect: "manual" });

      assertEquals([type, ...await count(elsewhere)], ["opaqueredirect", 0]);
    },
  }, "hidden redirects"),
];
