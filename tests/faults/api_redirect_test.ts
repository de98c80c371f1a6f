import { assertEquals, assertRejects } from "@std/assert";
import { foreignLocations, stream } from "./api_cases.ts";
import { answer, redirect } from "./behaviours.ts";
import { assertNoCredential, comparable, decode, status, text } from "./outcomes.ts";
import { assertNothingShows, planted } from "./planted.ts";
import { nthToken, refusesFirst, setScene, tokenNumber, unauthorized } from "./scene.ts";

for (const headerKey of ["authorization", "flyte-authorization"]) {
  for (const [name, write] of Object.entries(foreignLocations)) {
    Deno.test(`no credential follows a redirect to another origin, by ${headerKey}, written with ${name}`, async () => {
      await using scene = await setScene({ headerKey });
      const { api, elsewhere, authenticator } = scene;
      api.always(redirect(307, write(elsewhere.origin)));

      await status(authenticator.fetch("/x", { method: "POST", body: "x" }));

      assertEquals(elsewhere.requests.length, 1, "it was followed");
      assertNoCredential(elsewhere.requests);
    });
  }

  for (const code of [301, 302, 303, 307, 308]) {
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE"]) {
      Deno.test(`a ${code} is followed as fetch itself does it: ${method}, by ${headerKey}`, async () => {
        await using scene = await setScene({ headerKey });
        const { api, elsewhere, authenticator } = scene;
        const init = {
          method,
          headers: { "x-own": "1", "content-language": "de" },
          ...(method === "POST" || method === "PUT") && { body: "bödy" },
        };
        for (
          const [target, requests] of [[api, () => api.requests.slice(1)], [
            elsewhere,
            () => elsewhere.requests,
          ]] as const
        ) {
          api.always(({ path }) => path === "/from" ? redirect(code, `${target.origin}/to`) : answer("fine"));
          const run = async (send: typeof fetch) => {
            for (const server of [api, elsewhere]) server.requests.length = 0;
            await status(send(`${api.origin}/from`, init));
            return requests();
          };

          const native = (await run(fetch)).map(comparable);
          const followed = await run(authenticator.fetch as typeof fetch);

          assertEquals(followed.map(comparable), native);
          assertEquals(native.length, 1);
          const expected = target === api ? `Bearer ${nthToken(1)}` : null;
          assertEquals(followed[0]?.headers.get(headerKey), expected);
        }
        assertNoCredential(elsewhere.requests);
        assertEquals(scene.tokens.requests.length, 1);
      });
    }
  }

  Deno.test(`a credential that was taken off stays off when the redirect comes back, by ${headerKey}`, async () => {
    await using scene = await setScene({ headerKey });
    const { api, elsewhere, authenticator } = scene;
    api.always(({ path }) => path === "/x" ? redirect(302, `${elsewhere.origin}/x`) : unauthorized());
    elsewhere.always(redirect(302, `${api.origin}/back`));

    assertEquals(await status(authenticator.fetch("/x")), 401);

    assertEquals(api.requests.map((request) => tokenNumber(request, headerKey)), [1, 0]);
    assertNoCredential(elsewhere.requests);
    assertEquals(
      scene.tokens.requests.length,
      1,
      "a 401 to a request without the token is none of the token's",
    );
  });

  Deno.test(`a caller's own credential doesn't follow to another origin either, by ${headerKey}`, async () => {
    await using scene = await setScene({ headerKey });
    const { api, elsewhere, authenticator } = scene;
    api.always(redirect(302, `${elsewhere.origin}/x`));

    await status(authenticator.fetch("/x", { headers: { [headerKey]: `Bearer ${planted.token}` } }));

    assertNoCredential(elsewhere.requests);
  });

  Deno.test(`a call of another origin goes without the token, and asks for none, by ${headerKey}`, async () => {
    await using scene = await setScene({ headerKey });
    const { elsewhere, authenticator } = scene;
    const inputs = [
      ...Object.values(foreignLocations).map((write) => write(elsewhere.origin)),
      new URL(elsewhere.origin),
      new Request(elsewhere.origin),
    ].filter((input) => !String(input).includes("@"));
    elsewhere.always(unauthorized());

    for (const input of inputs) assertEquals(await status(authenticator.fetch(input)), 401);

    assertEquals(elsewhere.requests.length, inputs.length);
    assertNoCredential(elsewhere.requests);
    assertEquals([scene.tokens.connections, scene.api.connections], [0, 0]);
  });
}

Deno.test("a 401 at another origin that a redirect led to renews nothing", async () => {
  await using scene = await setScene();
  scene.api.always(redirect(302, `${scene.elsewhere.origin}/x`));
  scene.elsewhere.always(unauthorized());

  for (let count = 0; count < 5; count++) assertEquals(await status(scene.authenticator.fetch("/x")), 401);

  assertEquals([scene.tokens.requests.length, scene.elsewhere.requests.length], [1, 5]);
});

Deno.test("a 401 behind a redirect within the API is answered by a renewal, and the whole way again", async () => {
  await using scene = await setScene({
    behaves: (request) => request.path === "/from" ? redirect(307, "/to") : refusesFirst(1)(request),
  });

  assertEquals(await text(scene.authenticator.fetch("/from", { method: "POST", body: "x" })), "fine");

  assertEquals(
    scene.api.requests.map((request) => [request.path, tokenNumber(request), decode(request.body)]),
    [["/from", 1, "x"], ["/to", 1, "x"], ["/from", 2, "x"], ["/to", 2, "x"]],
  );
});

Deno.test("what the caller's init says besides goes along every redirect", async () => {
  const seen: (RequestInit | undefined)[] = [];
  await using scene = await setScene({
    behaves: ({ path }) => path === "/from" ? redirect(303, "/to") : answer("fine"),
    fetch: (input, init) => {
      seen.push(init);
      return fetch(input, init);
    },
  });

  assertEquals(
    await text(scene.authenticator.fetch("/from", { method: "POST", body: "x", cache: "no-store" })),
    "fine",
  );

  assertEquals(seen.slice(1).map((init) => [init?.cache, init?.method, init?.body != null]), [
    ["no-store", "POST", true],
    ["no-store", "GET", false],
  ]);
});

Deno.test("redirects without an end come to one", async () => {
  await using scene = await setScene({ behaves: redirect(302, "/x") });

  assertNothingShows(await assertRejects(() => scene.authenticator.fetch("/x"), TypeError));

  assertEquals(scene.api.requests.length, 21);
});

Deno.test("a redirect that a stream can't follow is the caller's", async () => {
  await using scene = await setScene();
  scene.api.always(redirect(307, `${scene.elsewhere.origin}/x`));

  assertEquals(await status(scene.authenticator.fetch("/x", { method: "POST", body: stream() })), 307);

  assertEquals(scene.elsewhere.connections, 0);
});

Deno.test("what the caller says of redirects counts", async () => {
  await using scene = await setScene();
  scene.api.always(redirect(302, `${scene.elsewhere.origin}/x`));

  assertEquals(await status(scene.authenticator.fetch("/x", { redirect: "manual" })), 302);
  await assertRejects(() => scene.authenticator.fetch("/x", { redirect: "error" }), TypeError);
  const request = new Request(`${scene.api.origin}/x`, { redirect: "manual" });
  assertEquals(await status(scene.authenticator.fetch(request)), 302);

  assertEquals(scene.elsewhere.connections, 0);
});
