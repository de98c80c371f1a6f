/** Redirects by a real API, to itself and to a server of another origin. */

import { assertEquals, assertRejects } from "@std/assert";
import { foreignLocations, stream } from "./api_cases.ts";
import { answer, redirect } from "./behaviours.ts";
import { assertNoCredential, comparable, decode, status, text } from "./outcomes.ts";
import { assertNothingShows, planted } from "./planted.ts";
import { rejectFirst, setScene, tokenNumber, unauthorized } from "./scene.ts";

for (const headerKey of ["authorization", "flyte-authorization"]) {
  for (const [name, write] of Object.entries(foreignLocations)) {
    Deno.test(`redirect: drops the ${headerKey} on the way to another origin, written with ${name}`, async () => {
      await using scene = await setScene({ headerKey });
      const { api, elsewhere, authenticator } = scene;
      api.always(redirect(307, write(elsewhere.origin)));
      await status(authenticator.fetch("/x", { method: "POST", body: "x" }));
      assertEquals(elsewhere.requests.length, 1);
      assertNoCredential(elsewhere.requests);
    });
  }

  for (const code of [301, 302, 303, 307, 308]) {
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE"]) {
      Deno.test(`redirect: is followed as fetch itself does it: ${code}, ${method}, ${headerKey}`, async () => {
        await using scene = await setScene({ headerKey });
        const { api, elsewhere, authenticator } = scene;
        const body = method.startsWith("P") ? { body: "bödy" } : {};
        const init = { method, headers: { "x-own": "1", "content-language": "de" }, ...body };
        for (const [target, expected] of [[api, 1], [elsewhere, 0]] as const) {
          api.always(({ path }) => path === "/from" ? redirect(code, `${target.origin}/to`) : answer("fine"));
          const run = async (send: typeof fetch) => {
            for (const server of [api, elsewhere]) server.requests.length = 0;
            await status(send(`${api.origin}/from`, init));
            return [...api.requests, ...elsewhere.requests].slice(1);
          };
          const native = (await run(fetch)).map(comparable);
          const followed = await run(authenticator.fetch as typeof fetch);
          assertEquals(followed.map(comparable), native);
          assertEquals(followed.map((request) => tokenNumber(request, headerKey)), [expected]);
        }
        assertNoCredential(elsewhere.requests);
        assertEquals(scene.tokens.requests.length, 1);
      });
    }
  }

  Deno.test(`redirect: leaves the ${headerKey} off on the way back from another origin`, async () => {
    await using scene = await setScene({ headerKey });
    const { api, elsewhere, authenticator } = scene;
    api.always(({ path }) => path === "/x" ? redirect(302, `${elsewhere.origin}/x`) : unauthorized());
    elsewhere.always(redirect(302, `${api.origin}/back`));
    assertEquals(await status(authenticator.fetch("/x")), 401);
    assertEquals(api.requests.map((request) => tokenNumber(request, headerKey)), [1, 0]);
    assertNoCredential(elsewhere.requests);
    assertEquals(scene.tokens.requests.length, 1, "a 401 to a request without the token doesn't reject the token");
  });

  Deno.test(`redirect: drops the caller's own ${headerKey} on the way to another origin`, async () => {
    await using scene = await setScene({ headerKey });
    const { api, elsewhere, authenticator } = scene;
    api.always(redirect(302, `${elsewhere.origin}/x`));
    await status(authenticator.fetch("/x", { headers: { [headerKey]: `Bearer ${planted.token}` } }));
    assertNoCredential(elsewhere.requests);
  });

  Deno.test(`fetch: calls another origin without ${headerKey}, and without a token request`, async () => {
    await using scene = await setScene({ headerKey });
    const { elsewhere, authenticator } = scene;
    elsewhere.always(unauthorized());
    const urls = Object.values(foreignLocations).map((write) => write(elsewhere.origin));
    const inputs = [...urls, new URL(elsewhere.origin), new Request(elsewhere.origin)];
    for (const input of inputs) {
      if (!String(input).includes("@")) assertEquals(await status(authenticator.fetch(input)), 401);
    }
    assertEquals(elsewhere.requests.length, inputs.length - 1);
    assertNoCredential(elsewhere.requests);
    assertEquals([scene.tokens.connections, scene.api.connections], [0, 0]);
  });
}

Deno.test("redirect: refreshes nothing for a 401 at another origin", async () => {
  await using scene = await setScene();
  scene.api.always(redirect(302, `${scene.elsewhere.origin}/x`));
  scene.elsewhere.always(unauthorized());
  for (let count = 0; count < 5; count++) assertEquals(await status(scene.authenticator.fetch("/x")), 401);
  assertEquals([scene.tokens.requests.length, scene.elsewhere.requests.length], [1, 5]);
});

Deno.test("redirect: is gone through again after a 401 behind it", async () => {
  await using scene = await setScene({
    behaves: (request) => request.path === "/from" ? redirect(307, "/to") : rejectFirst(1)(request),
  });
  assertEquals(await text(scene.authenticator.fetch("/from", { method: "POST", body: "x" })), "fine");
  assertEquals(
    scene.api.requests.map((request) => `${request.path} ${tokenNumber(request)} ${decode(request.body)}`),
    ["/from 1 x", "/to 1 x", "/from 2 x", "/to 2 x"],
  );
});

Deno.test("redirect: keeps the other options of the caller's init", async () => {
  const seen: unknown[] = [];
  await using scene = await setScene({
    behaves: ({ path }) => path === "/from" ? redirect(303, "/to") : answer("fine"),
    fetch: (input, init) => {
      seen.push([init?.cache, init?.method, init?.body != null]);
      return fetch(input, init);
    },
  });
  await text(scene.authenticator.fetch("/from", { method: "POST", body: "x", cache: "no-store" }));
  assertEquals(seen.slice(1), [["no-store", "POST", true], ["no-store", "GET", false]]);
});

Deno.test("redirect: is followed 20 times at most", async () => {
  await using scene = await setScene({ behaves: redirect(302, "/x") });
  assertNothingShows(await assertRejects(() => scene.authenticator.fetch("/x"), TypeError));
  assertEquals(scene.api.requests.length, 21);
});

Deno.test("redirect: is given to a caller that asks for it, or whose stream can't be sent again", async () => {
  await using scene = await setScene();
  const { api, elsewhere, authenticator } = scene;
  api.always(redirect(307, `${elsewhere.origin}/x`));
  assertEquals(await status(authenticator.fetch("/x", { method: "POST", body: stream() })), 307);
  assertEquals(await status(authenticator.fetch("/x", { redirect: "manual" })), 307);
  assertEquals(await status(authenticator.fetch(new Request(`${api.origin}/x`, { redirect: "manual" }))), 307);
  await assertRejects(() => authenticator.fetch("/x", { redirect: "error" }), TypeError);
  assertEquals(elsewhere.connections, 0);
});
