/** Where a redirect leads, and what it doesn't take along. @module */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { redirect } from "../../faults/behaviours.ts";
import type { Case } from "./case.ts";
import { nthToken } from "./planted.ts";
import { authorizations, count, read, refused } from "./world.ts";

const away = redirect(302, "{elsewhere}/there");

export const redirects: readonly Case[] = [
  {
    name: "a redirect within the API is followed with the token",
    async run(world) {
      // Where redirects are hidden the way is gone twice.
      const { authenticator, api } = await world.set({ api: { next: Array(2).fill(redirect(302, "/new")) } });

      assertEquals(await read(authenticator.fetch("/old")), [200, "fine"]);

      assertEquals(new Set(await authorizations(api)), new Set([`Bearer ${nthToken(1)}`]));
      assertEquals((await api.requests()).at(-1)?.path, "/new");
    },
  },
  {
    name: "a redirect within the API by 301, 302, 307 and 308 leads to the target's answer",
    needs: ["visible redirects"],
    async run(world) {
      for (const status of [301, 302, 307, 308]) {
        const { authenticator, api } = await world.set({ api: { next: [redirect(status, "/new?a=b")] } });

        assertEquals(await read(authenticator.fetch("/old")), [200, "fine"]);

        assertEquals((await api.requests()).map(({ path }) => path), ["/old", "/new?a=b"]);
        assertEquals(await authorizations(api), Array(2).fill(`Bearer ${nthToken(1)}`));
      }
    },
  },
  {
    name: "a redirect to another origin doesn't take authorization along",
    async run(world) {
      const { authenticator, elsewhere } = await world.set({ api: { usual: away } });

      assertEquals(await read(authenticator.fetch("/x")), [200, "elsewhere"]);

      assertEquals(await authorizations(elsewhere), [undefined]);
    },
  },
  {
    name: "a redirect to another origin doesn't take a token under another header along",
    needs: ["visible redirects"],
    async run(world) {
      const { authenticate, elsewhere } = await world.set({ api: { usual: away } });

      assertEquals(await read(authenticate({ headerKey: "X-Token" }).fetch("/x")), [200, "elsewhere"]);

      const [request, ...more] = await elsewhere.requests();
      assertEquals([request?.headers["x-token"], more.length], [undefined, 0]);
    },
  },
  {
    name: "a hidden redirect is refused where a token under another header could go along",
    needs: ["hidden redirects"],
    async run(world) {
      const { authenticate, elsewhere } = await world.set({ api: { usual: away } });

      const error = await authenticate({ headerKey: "X-Token" }).fetch("/x").catch((error) => error);

      assertInstanceOf(error, AuthenticationError);
      assertEquals([error.code, await count(elsewhere)], ["redirect_refused", 0]);
    },
  },
  {
    name: "a hidden redirect is refused where a body would be sent twice",
    needs: ["hidden redirects"],
    async run(world) {
      const { authenticator, api, elsewhere } = await world.set({ api: { usual: away } });

      const error = await authenticator.fetch("/x", { method: "POST", body: "x" }).catch((error) => error);

      assertInstanceOf(error, AuthenticationError);
      assertEquals([error.code, await count(api), await count(elsewhere)], ["redirect_refused", 1, 0]);
    },
  },
  {
    name: "a redirect to another origin takes no other secret along either",
    needs: ["visible redirects", "any header"],
    async run(world) {
      const { authenticator, elsewhere } = await world.set({ api: { usual: away } });
      const headers = { cookie: "a=b", "proxy-authorization": "Basic eDp5", "x-own": "1" };

      await read(authenticator.fetch("/x", { headers }));

      const [request] = await elsewhere.requests();
      assertEquals(
        ["cookie", "proxy-authorization", "x-own"].map((name) => request?.headers[name]),
        [undefined, undefined, "1"],
      );
    },
  },
  {
    name: "a redirect to an allowed origin takes the token along",
    needs: ["visible redirects"],
    async run(world) {
      const { authenticate, elsewhere } = await world.set({ api: { usual: away } });

      await read(authenticate({ allowedOrigins: [elsewhere.origin], headerKey: "x-token" }).fetch("/x"));

      assertEquals((await elsewhere.requests()).map(({ headers }) => headers["x-token"]), [`Bearer ${nthToken(1)}`]);
    },
  },
  {
    name: "a redirect there and back doesn't bring the token back",
    needs: ["visible redirects"],
    async run(world) {
      const { authenticator, api } = await world.set({
        api: { next: [away] },
        elsewhere: { usual: redirect(302, "{api}/back") },
      });

      assertEquals(await read(authenticator.fetch("/x")), [200, "fine"]);

      assertEquals(await authorizations(api), [`Bearer ${nthToken(1)}`, undefined]);
    },
  },
  {
    name: "a 401 at the end of a redirect to another origin isn't about the token",
    async run(world) {
      const { authenticator, tokens } = await world.set({ api: { usual: away }, elsewhere: { usual: refused } });

      assertEquals(await read(authenticator.fetch("/x")), [401, "refused"]);

      assertEquals(await count(tokens), 1);
    },
  },
  {
    name: "a redirect by 307 sends method and body again, with the token",
    needs: ["visible redirects"],
    async run(world) {
      const { authenticator, api } = await world.set({ api: { next: [redirect(307, "/new")] } });

      assertEquals(await read(authenticator.fetch("/old", { method: "PUT", body: "whole" })), [200, "fine"]);

      assertEquals((await api.requests()).map(({ method, text }) => [method, text]), Array(2).fill(["PUT", "whole"]));
    },
  },
  {
    name: "a redirect by 303 is followed by a GET without the body",
    needs: ["visible redirects"],
    async run(world) {
      const { authenticator, api } = await world.set({ api: { next: [redirect(303, "/new")] } });

      assertEquals(await read(authenticator.fetch("/old", { method: "POST", body: "x" })), [200, "fine"]);

      const last = (await api.requests()).at(-1);
      assertEquals([last?.method, last?.text, last?.headers["content-type"]], ["GET", "", undefined]);
    },
  },
  {
    name: "redirects without an end are an error",
    async run(world) {
      const { authenticator, api } = await world.set({ api: { usual: redirect(302, "/again") } });

      await assertRejects(() => authenticator.fetch("/x"), TypeError);

      const requests = await count(api);
      assert(requests >= 20 && requests <= 22, `${requests} requests`);
    },
  },
  {
    name: 'with redirect: "manual" the caller gets the redirect itself',
    needs: ["visible redirects"],
    async run(world) {
      const { authenticator, elsewhere } = await world.set({ api: { usual: away } });

      const response = await authenticator.fetch("/x", { redirect: "manual" });
      await response.body?.cancel();

      assertEquals([response.status, response.headers.get("location")], [302, `${elsewhere.origin}/there`]);
      assertEquals(await count(elsewhere), 0);
    },
  },
  {
    name: 'with redirect: "manual" the caller gets a hidden redirect as fetch gives it',
    needs: ["hidden redirects"],
    async run(world) {
      const { authenticator, elsewhere } = await world.set({ api: { usual: away } });

      const response = await authenticator.fetch("/x", { redirect: "manual" });

      assertEquals([response.type, await count(elsewhere)], ["opaqueredirect", 0]);
    },
  },
  {
    name: 'with redirect: "error" a redirect is an error, as with fetch itself',
    async run(world) {
      const { authenticator, elsewhere } = await world.set({ api: { usual: away } });

      await assertRejects(() => authenticator.fetch("/x", { redirect: "error" }), TypeError);

      assertEquals(await count(elsewhere), 0);
    },
  },
];
