/** Redirects, and the headers that follow them. @module */
import { assertEquals, assertRejects } from "@std/assert";
import { answer, redirect } from "../../faults/behaviours.ts";
import { rejected } from "./behaviours.ts";
import { type Case, cases } from "./case.ts";
import { check, outline } from "./check.ts";
import { bearer } from "./planted.ts";
import { assertCount, count, fine, seen, type Setting } from "./world.ts";

/** To another origin. */
const away = { api: { usual: redirect(302, "{elsewhere}/there") } };
const gets = "200 elsewhere";
const headers = { cookie: "a=b", "proxy-authorization": "Basic eDp5", "x-own": "1" };
const allowing: Setting["options"] = ({ elsewhere }) => ({ allowedOrigins: [elsewhere.origin], headerKey: "x-token" });
const back = { api: { next: [away.api.usual] }, elsewhere: { usual: redirect(302, "{api}/back") } };
const next = [301, 302, 307, 308].flatMap((status) => [redirect(status, "/new?a=b"), answer("fine")]);

const once = (status: number) => ({ api: { next: [redirect(status, "/new")] } });

export const redirects: readonly Case[] = [
  ...cases({
    async "a redirect within the API: is followed with the token"(world) {
      // Where redirects are hidden the first request is sent twice.
      const { call, api } = await world.set({ api: { next: Array(2).fill(redirect(302, "/new")) } });

      assertEquals(await call("/old"), fine);

      assertEquals(new Set(await seen(api)), new Set([bearer(1)]));
      assertEquals((await api.requests()).map(outline).at(-1), "GET /new 1");
    },
    "a redirect to another origin: is followed without authorization": (world) =>
      check(world, away, { gets, elsewhere: ["GET /there"] }),
    "a 401 of another origin after a redirect: causes no token request": (world) =>
      check(world, { ...away, elsewhere: { usual: rejected } }, { gets: "401 rejected", tokens: 1 }),
    'redirect: "error": the first redirect rejects by a TypeError, as by the platform\'s fetch': (world) => {
      const setting = { ...away, elsewhere: { usual: redirect(302, "/there") } };
      const expected = { gets: "TypeError", api: ["GET /x 1"], elsewhere: ["GET /y"] };
      return check(world, setting, expected, ["/x", { redirect: "error" }], ["{elsewhere}/y", { redirect: "error" }]);
    },
    async "redirects without an end: fetch rejects by a TypeError"(world) {
      const { call, api } = await world.set({ api: { usual: redirect(302, "/again") } });

      await assertRejects(() => call(), TypeError);

      await assertCount(api, [20, 22]);
    },
  }),
  ...cases({
    "a redirect within the API by 301, 302, 307 or 308: is followed with the token": (world) => {
      const api = Array(4).fill(["GET /old 1", "GET /new?a=b 1"]).flat();
      return check(world, { api: { next } }, { api }, ...Array(4).fill(["/old"]));
    },
    "a redirect to another origin: is followed without the token under another header": (world) =>
      check(world, { ...away, options: { headerKey: "X-Token" } }, { gets, elsewhere: ["GET /there"] }),
    "a redirect to an allowed origin: is followed with the token": (world) =>
      check(world, { ...away, options: allowing }, { gets, elsewhere: ["GET /there x-token 1"] }),
    "a redirect to another origin and back: is followed without the token": (world) =>
      check(world, back, { api: ["GET /x 1", "GET /back"] }),
    "a redirect by 307: is followed with method and body": (world) => {
      const expected = { api: ["PUT /old whole 1", "PUT /new whole 1"] };
      return check(world, once(307), expected, ["/old", { method: "PUT", body: "whole" }]);
    },
    async "a redirect by 303: is followed by GET without a body"(world) {
      const { call, api } = await world.set(once(303));

      assertEquals(await call("/old", { method: "POST", body: "x" }), fine);

      const last = (await api.requests()).at(-1);
      assertEquals([last && outline(last), last?.headers["content-type"]], ["GET /new 1", undefined]);
    },
    async 'redirect: "manual": fetch returns the redirect'(world) {
      const { authenticator, elsewhere } = await world.set(away);

      const { status, headers, body } = await authenticator.fetch("/x", { redirect: "manual" });
      await body?.cancel();

      assertEquals([status, headers.get("location")], [302, `${elsewhere.origin}/there`]);
      assertEquals(await count(elsewhere), [0]);
    },
  }, "visible redirects"),
  ...cases(
    {
      "a redirect to another origin: is followed without the caller's other secrets": (world) =>
        check(world, away, { gets, elsewhere: ["GET /there x-own 1"] }, ["/x", { headers }]),
    },
    "visible redirects",
    "any header",
  ),
  ...cases({
    "a hidden redirect: is refused where the token is under another header": (world) =>
      check(world, { ...away, options: { headerKey: "X-Token" } }, { gets: "redirect_refused", elsewhere: [] }),
    "a hidden redirect: is refused where a body would be sent twice": (world) => {
      const expected = { gets: "redirect_refused", api: ["POST /x x 1"], elsewhere: [] };
      return check(world, away, expected, ["/x", { method: "POST", body: "x" }]);
    },
    async 'redirect: "manual": fetch returns a hidden redirect as the platform\'s fetch does'(world) {
      const { authenticator, elsewhere } = await world.set(away);

      const { type } = await authenticator.fetch("/x", { redirect: "manual" });

      assertEquals([type, ...await count(elsewhere)], ["opaqueredirect", 0]);
    },
  }, "hidden redirects"),
];
