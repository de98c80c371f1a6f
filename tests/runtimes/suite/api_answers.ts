/** What an API answers, and what callers hand to `fetch`, where runtimes differ. @module */
import { assertEquals } from "@std/assert";
import { type Answer, json, redirect } from "../../faults/behaviours.ts";
import { type Case, cases, eachRow } from "./case.ts";
import { check } from "./check.ts";
import { bearer } from "./planted.ts";
import { fine, read, seen, thrown } from "./world.ts";

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

const isRejected = async (response: Response) => (await response.clone().text()).startsWith('{"error"');

/** Puts a user and a password into a URL. */
const withUser = (url: string) => url.replace("//", "//user:planted-password@");

export const apiAnswers: readonly Case[] = [
  ...eachRow(
    bodies,
    (what) => `a Request with ${what}, redirected by 307 or 308: goes out with its length`,
    async (world, [make, length]) => {
      for (const status of [307, 308]) {
        const { authenticator, api } = await world.set({ api: { next: [redirect(status, "/new")] } });

        const request = new Request(`${api.origin}/x`, { method: "POST", body: make() });
        assertEquals(await read(authenticator.fetch(request)), fine);

        const sent = (await api.requests()).map(({ headers, body }) => [
          ...[headers["transfer-encoding"], headers["content-length"]],
          String(length ?? body.length),
        ]);
        assertEquals(sent, sent.map(([, , length]) => [undefined, length, length]));
      }
    },
    "visible redirects",
  ),
  ...eachRow(
    settings,
    (what) => `settings that are ${what}: are sent`,
    (world, make) => check(world, {}, { api: ["DELETE /x 1 x-own 1"] }, ["/x", make()]),
  ),
  ...eachRow(expired, (what) => `isRejected, told by ${what}: the call is replayed`, async (world, options) => {
    const next = [json({ error: "expired", padding: "x".repeat(65_000) }, options)];
    await check(world, { api: { next }, options: { isRejected } }, { api: ["GET /x 1", "GET /x 2"] });
  }),
  ...eachRow(
    locations,
    (what) => `a redirect ${what}: fetch rejects by a TypeError`,
    (world, location) => check(world, { api: { usual: redirect(302, location) } }, { gets: "TypeError" }),
  ),
  ...cases({
    'redirect: "error": the call is sent, to another origin too': (world) => {
      const expected = { gets: [fine, "200 elsewhere"], api: ["GET /x 1"], elsewhere: ["GET /y"] };
      return check(world, {}, expected, ["/x", { redirect: "error" }], ["{elsewhere}/y", { redirect: "error" }]);
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

      for (const port of [99999, 9]) {
        const error = await thrown(authenticator.fetch(withUser(`http://127.0.0.1:${port}/`)));
        const texts = [error, Object(error).cause, Object(error).message, Object(error).stack, Object(error).input];
        assertEquals(texts.filter((text) => String(text).includes("planted")), []);
      }
    },
  }),
  ...cases({
    async "a redirect to a URL with user and password: carries the token at home, and nothing elsewhere"(world) {
      const { authenticator, api, elsewhere } = await world.set();
      const next = [api, elsewhere].map(({ origin }) => redirect(302, withUser(`${origin}/new`)));
      for (const [index, expected] of [fine, "200 elsewhere"].entries()) {
        await api.play({ next: [next[index]!] });
        assertEquals(await read(authenticator.fetch("/x")), expected);
      }

      assertEquals(await seen(api), Array(3).fill(bearer(1)));
      assertEquals(await seen(elsewhere), [undefined]);
    },
  }, "visible redirects"),
];
