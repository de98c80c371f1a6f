/** Redirects, and the headers that follow them. @module */
import { assertEquals, assertRejects } from "@std/assert";
import { redirect } from "../../faults/behaviours.ts";
import { type Case, cases } from "./case.ts";
import { bearer } from "./planted.ts";
import { assertCount, count, failure, fine, read, rejected, seen } from "./world.ts";

/** To another origin. */
const away = { api: { usual: redirect(302, "{elsewhere}/there") } };

export const redirects: readonly Case[] = [
  ...cases({
    async "a redirect within the API: is followed with the token"(world) {
      // Where redirects are hidden the first request is sent twice.
      const { authenticator, api } = await world.set({ api: { next: Array(2).fill(redirect(302, "/new")) } });

      assertEquals(await read(authenticator.fetch("/old")), fine);

      assertEquals(new Set(await seen(api)), new Set([bearer(1)]));
      assertEquals((await api.requests()).at(-1)?.path, "/new");
    },
    async "a redirect to another origin: is followed without authorization"(world) {
      const { authenticator, elsewhere } = await world.set(away);

      assertEquals(await read(authenticator.fetch("/x")), [200, "elsewhere"]);

      assertEquals(await seen(elsewhere), [undefined]);
    },
    async "a 401 of another origin after a redirect: causes no token request"(world) {
      const { authenticator, tokens } = await world.set({ ...away, elsewhere: { usual: rejected } });

      assertEquals(await read(authenticator.fetch("/x")), [401, "rejected"]);

      assertEquals(await count(tokens), [1]);
    },
    async "redirects without an end: fetch rejects by a TypeError"(world) {
      const { authenticator, api } = await world.set({ api: { usual: redirect(302, "/again") } });

      await assertRejects(() => authenticator.fetch("/x"), TypeError);

      await assertCount(api, 20, 22);
    },
    async 'redirect: "error": fetch rejects by a TypeError, as the platform\'s fetch does'(world) {
      const { authenticator, elsewhere } = await world.set(away);

      await assertRejects(() => authenticator.fetch("/x", { redirect: "error" }), TypeError);

      assertEquals(await count(elsewhere), [0]);
    },
  }),
  ...cases({
    async "a redirect within the API by 301, 302, 307 or 308: is followed with the token"(world) {
      for (const status of [301, 302, 307, 308]) {
        const { authenticator, api } = await world.set({ api: { next: [redirect(status, "/new?a=b")] } });

        assertEquals(await read(authenticator.fetch("/old")), fine);

        assertEquals((await api.requests()).map(({ path }) => path), ["/old", "/new?a=b"]);
        assertEquals(await seen(api), [bearer(1), bearer(1)]);
      }
    },
    async "a redirect to another origin: is followed without the token under another header"(world) {
      const { authenticate, elsewhere } = await world.set(away);

      assertEquals(await read(authenticate({ headerKey: "X-Token" }).fetch("/x")), [200, "elsewhere"]);

      assertEquals(await seen(elsewhere, "x-token"), [undefined]);
    },
    async "a redirect to an allowed origin: is followed with the token"(world) {
      const { authenticate, elsewhere } = await world.set(away);

      await read(authenticate({ allowedOrigins: [elsewhere.origin], headerKey: "x-token" }).fetch("/x"));

      assertEquals(await seen(elsewhere, "x-token"), [bearer(1)]);
    },
    async "a redirect to another origin and back: is followed without the token"(world) {
      const { authenticator, api } = await world.set({
        api: { next: [away.api.usual] },
        elsewhere: { usual: redirect(302, "{api}/back") },
      });

      assertEquals(await read(authenticator.fetch("/x")), fine);

      assertEquals(await seen(api), [bearer(1), undefined]);
    },
    async "a redirect by 307: is followed with method and body"(world) {
      const { authenticator, api } = await world.set({ api: { next: [redirect(307, "/new")] } });

      assertEquals(await read(authenticator.fetch("/old", { method: "PUT", body: "whole" })), fine);

      assertEquals((await api.requests()).map(({ method, text }) => [method, text]), Array(2).fill(["PUT", "whole"]));
    },
    async "a redirect by 303: is followed by GET without a body"(world) {
      const { authenticator, api } = await world.set({ api: { next: [redirect(303, "/new")] } });

      assertEquals(await read(authenticator.fetch("/old", { method: "POST", body: "x" })), fine);

      const last = (await api.requests()).at(-1);
      assertEquals([last?.method, last?.text, last?.headers["content-type"]], ["GET", "", undefined]);
    },
    async 'redirect: "manual": fetch returns the redirect'(world) {
      const { authenticator, elsewhere } = await world.set(away);

      const response = await authenticator.fetch("/x", { redirect: "manual" });
      await response.body?.cancel();

      assertEquals([response.status, response.headers.get("location")], [302, `${elsewhere.origin}/there`]);
      assertEquals(await count(elsewhere), [0]);
    },
  }, "visible redirects"),
  ...cases(
    {
      async "a redirect to another origin: is followed without the caller's other secrets"(world) {
        const { authenticator, elsewhere } = await world.set(away);
        const headers = { cookie: "a=b", "proxy-authorization": "Basic eDp5", "x-own": "1" };

        await read(authenticator.fetch("/x", { headers }));

        for (const [name, value] of [["cookie"], ["proxy-authorization"], ["x-own", "1"]] as const) {
          assertEquals(await seen(elsewhere, name), [value]);
        }
      },
    },
    "visible redirects",
    "any header",
  ),
  ...cases({
    async "a hidden redirect: is refused where the token is under another header"(world) {
      const { authenticate, elsewhere } = await world.set(away);

      const { code } = await failure(authenticate({ headerKey: "X-Token" }).fetch("/x"));

      assertEquals([code, ...await count(elsewhere)], ["redirect_refused", 0]);
    },
    async "a hidden redirect: is refused where a body would be sent twice"(world) {
      const { authenticator, api, elsewhere } = await world.set(away);

      const { code } = await failure(authenticator.fetch("/x", { method: "POST", body: "x" }));

      assertEquals([code, ...await count(api, elsewhere)], ["redirect_refused", 1, 0]);
    },
    async 'redirect: "manual": fetch returns a hidden redirect as the platform\'s fetch does'(world) {
      const { authenticator, elsewhere } = await world.set(away);

      const { type } = await authenticator.fetch("/x", { redirect: "manual" });

      assertEquals([type, ...await count(elsewhere)], ["opaqueredirect", 0]);
    },
  }, "hidden redirects"),
];
