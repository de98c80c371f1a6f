/** What an API answers, and what callers hand to `fetch`, where runtimes differ. @module */
import { assertEquals, assertRejects } from "@std/assert";
import { type Answer, json, redirect } from "../../faults/behaviours.ts";
import { type Case, cases, eachRow } from "./case.ts";
import { bearer } from "./planted.ts";
import { count, fine, read, seen, thrown } from "./world.ts";

/** Bodies whose length is known. */
const bodies: Readonly<Record<string, [make: () => BodyInit, length?: number]>> = {
  "text": [() => "hello", 5],
  "bytes": [() => new Uint8Array(10), 10],
  "a Blob": [() => new Blob(["abc"], { type: "text/x-test" }), 3],
  "URLSearchParams": [() => new URLSearchParams({ a: "b" }), 3],
  "a form": [() => {
    const form = new FormData();
    form.append("a", "b");
    return form;
  }],
  "an empty text": [() => "", 0],
};

class Getters {
  get method() {
    return "DELETE";
  }
  get headers() {
    return { "x-own": "1" };
  }
}
const settings: Readonly<Record<string, () => RequestInit>> = {
  "getters of a class": () => new Getters(),
  "inherited": () => Object.create({ method: "DELETE", headers: { "x-own": "1" } }),
  "a proxy's": () => new Proxy({}, { get: (_, name) => Reflect.get(new Getters(), name) }),
};

const locations = { "to no URL": "http://[", "to another scheme": "ftp://127.0.0.1/" };
const expired: Readonly<Record<string, Answer>> = {
  "200 with an error inside": {},
  "419": { status: 419 },
  "498": { status: 498 },
};

/** Puts a user and a password into a URL. */
const withUser = (url: string) => url.replace("//", "//user:planted-password@");

export const apiAnswers: readonly Case[] = [
  ...eachRow(
    bodies,
    (what) => `a Request with ${what}, redirected by 307 or 308: goes out with its length`,
    async (world, [make, length]) => {
      for (const status of [307, 308]) {
        const { authenticator, api } = await world.set({ api: { next: [redirect(status, "/new")] } });

        assertEquals(
          await read(authenticator.fetch(new Request(`${api.origin}/x`, { method: "POST", body: make() }))),
          fine,
        );

        for (const { headers, body } of await api.requests()) {
          assertEquals(
            [headers["content-length"], headers["transfer-encoding"]],
            [String(length ?? body.length), undefined],
          );
        }
      }
    },
    "visible redirects",
  ),
  ...eachRow(settings, (what) => `settings that are ${what}: are sent`, async (world, make) => {
    const { authenticator, api } = await world.set();

    assertEquals(await read(authenticator.fetch("/x", make())), fine);

    assertEquals((await api.requests()).map(({ method, headers }) => [method, headers["x-own"]]), [["DELETE", "1"]]);
  }),
  ...eachRow(expired, (what) => `isRejected, told by ${what}: the call is replayed`, async (world, options) => {
    const next = [json({ error: "expired", padding: "x".repeat(65_000) }, options)];
    const { authenticate, api } = await world.set({ api: { next } });
    const isRejected = async (response: Response) => (await response.clone().text()).startsWith('{"error"');

    assertEquals(await read(authenticate({ isRejected }).fetch("/x")), fine);

    assertEquals(await seen(api), [bearer(1), bearer(2)]);
  }),
  ...eachRow(locations, (what) => `a redirect ${what}: fetch rejects by a TypeError`, async (world, location) => {
    const { authenticator } = await world.set({ api: { usual: redirect(302, location) } });

    await assertRejects(() => authenticator.fetch("/x"), TypeError);
  }),
  ...cases({
    async 'redirect: "error": the call is sent'(world) {
      const { authenticator, api } = await world.set();

      assertEquals(await read(authenticator.fetch("/x", { redirect: "error" })), fine);

      assertEquals(await count(api), [1]);
    },
    async 'redirect: "error": the first redirect rejects by a TypeError'(world) {
      const { authenticator, api } = await world.set({ api: { usual: redirect(302, "/new") } });

      await assertRejects(() => authenticator.fetch("/x", { redirect: "error" }), TypeError);

      assertEquals(await count(api), [1]);
    },
    async "a URL with user and password: is sent with the token in place of them"(world) {
      const { authenticator, api } = await world.set();

      assertEquals(await read(authenticator.fetch(withUser(`${api.origin}/x`))), fine);
      assertEquals(await read(authenticator.fetch(new URL(withUser(`${api.origin}/x`)))), fine);

      assertEquals(await seen(api), [bearer(1), bearer(1)]);
    },
    async "a Request with user and password: is sent with the token in place of them, if the platform makes one"(
      world,
    ) {
      const { authenticator, api } = await world.set();
      let request;
      try {
        request = new Request(withUser(`${api.origin}/x`), { method: "POST", body: "x" });
      } catch {
        return;
      }

      assertEquals(await read(authenticator.fetch(request)), fine);

      assertEquals((await api.requests()).map(({ method, body }) => [method, body]), [["POST", "x"]]);
      assertEquals(await seen(api), [bearer(1)]);
    },
    async "a URL with user and password that can't be called: isn't quoted"(world) {
      const { authenticator } = await world.set();

      for (
        const url of ["http://user:planted-password@127.0.0.1:99999/", "http://user:planted-password@127.0.0.1:9/"]
      ) {
        const error = await thrown(authenticator.fetch(url));
        const texts = [error, Object(error).cause, Object(error).message, Object(error).stack, Object(error).input];
        assertEquals(texts.filter((text) => String(text).includes("planted")), []);
      }
    },
  }),
  ...cases({
    async "a redirect to a URL with user and password: carries the token at home, and nothing elsewhere"(world) {
      const { authenticator, api, elsewhere } = await world.set();
      const next = [api, elsewhere].map(({ origin }) => redirect(302, withUser(`${origin}/new`)));
      await api.play({ next: [...next.slice(0, 1)] });
      assertEquals(await read(authenticator.fetch("/x")), fine);
      await api.play({ next: [...next.slice(1)] });
      assertEquals(await read(authenticator.fetch("/x")), "200 elsewhere");

      assertEquals(await seen(api), Array(3).fill(bearer(1)));
      assertEquals(await seen(elsewhere), [undefined]);
    },
  }, "visible redirects"),
];
