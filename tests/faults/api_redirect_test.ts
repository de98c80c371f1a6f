/** Redirects by a real API, to itself and to a server of another origin. */

import { assert, assertEquals } from "@std/assert";
import type { ArrivedRequest } from "../servers/fault_server.ts";
import { answer, redirect } from "./behaviours.ts";
import { assertNothingShows, planted } from "./planted.ts";
import { rejectFirst, setScene, status, text, tokenNumber, unauthorized } from "./scene.ts";

/** What may be compared of a request with another: all but the credential, and the random boundary of a form. */
function comparable({ method, path, headers, body }: ArrivedRequest) {
  const boundary = /boundary=(\S+)/.exec(headers.get("content-type") ?? "")?.[1] ?? "\0";
  const plain = (value: string) => value.replaceAll(boundary, "BOUNDARY");
  const kept = [...headers].filter(([name]) => !name.includes("authorization"))
    .map(([name, value]) => `${name}: ${plain(value)}`);
  return { method, path, headers: kept, body: plain(new TextDecoder("latin1").decode(body)) };
}

/** Nothing of a token or the secret, in whatever header or body. */
function assertNoCredential(requests: readonly ArrivedRequest[]): void {
  for (const { path, headers, body } of requests) {
    assertNothingShows({ path, headers: [...headers], body: new TextDecoder().decode(body) });
    // A Location may bring a user and password of its own.
    assert([null, "Basic dXNlcjpwYXNz"].includes(headers.get("authorization")));
    assertEquals(headers.get("flyte-authorization"), null);
  }
}

/** Ways to write a URL of another origin in a Location header. `origin` is as in `http://127.0.0.1:8080`. */
const foreignLocations: Record<string, (origin: string) => string> = {
  "an absolute URL": (origin) => `${origin}/x`,
  "a URL without a scheme": (origin) => `${origin.slice("http:".length)}/x`,
  "backslashes": (origin) => `${origin.replaceAll("/", "\\")}\\x`,
  "a URL without a scheme, in backslashes": (origin) => `\\\\${origin.slice("http://".length)}/x`,
  "one slash": (origin) => origin.replace("http://", "http:\\/"),
  "an upper-case scheme": (origin) => origin.replace("http", "HTTP"),
  "a user in it": (origin) => origin.replace("//", "//user:pass@"),
  "blanks before it": (origin) => `   ${origin}/x`,
  "a tab in it": (origin) => origin.replace("http:", "ht\ttp:"),
  "a number for an address": (origin) => origin.replace("127.0.0.1", "2130706433"),
  "another name of the same machine": (origin) => origin.replace("127.0.0.1", "0x7f.1"),
};

for (const headerKey of ["authorization", "flyte-authorization"]) {
  for (const [name, write] of Object.entries(foreignLocations)) {
    Deno.test(`fetch: sends no ${headerKey} to another origin, by redirect or by call, written with ${name}`, async () => {
      await using scene = await setScene({ headerKey });
      const { api, elsewhere, tokens, authenticator } = scene;
      const location = write(elsewhere.origin);
      // A user in a URL is an error of fetch.
      const calls = location.includes("@") ? [] : [location, new Request(elsewhere.origin)];
      for (const input of calls) await status(authenticator.fetch(input));
      assertEquals(tokens.connections, 0);
      api.always(redirect(307, location));
      await status(authenticator.fetch("/x", { method: "POST", body: "x" }));
      await status(authenticator.fetch("/x", { headers: { [headerKey]: `Bearer ${planted.token}` } }));
      assertEquals([elsewhere.requests.length, api.requests.length], [calls.length + 2, 2]);
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

  Deno.test(`redirect: leaves the ${headerKey} off on the way back, where a 401 doesn't reject the token`, async () => {
    await using scene = await setScene({ headerKey });
    const { api, elsewhere, authenticator, tokens } = scene;
    api.always(({ path }) => path === "/x" ? redirect(302, `${elsewhere.origin}/x`) : unauthorized());
    elsewhere.always(redirect(302, `${api.origin}/back`));
    assertEquals(await status(authenticator.fetch("/x")), 401);
    assertEquals(api.requests.map((request) => tokenNumber(request, headerKey)), [1, 0]);
    assertEquals(tokens.requests.length, 1);
  });
}

Deno.test("redirect: is gone through again after a 401 behind it", async () => {
  await using scene = await setScene({
    behaves: (request) => request.path === "/from" ? redirect(307, "/to") : rejectFirst(1)(request),
  });
  assertEquals(await text(scene.authenticator.fetch("/from", { method: "POST", body: "x" })), "fine");
  assertEquals(
    scene.api.requests.map((request) =>
      `${request.path} ${tokenNumber(request)} ${new TextDecoder().decode(request.body)}`
    ),
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

Deno.test("redirect: is given to a caller whose stream can't be sent again, or whose Request asks for it", async () => {
  await using scene = await setScene();
  const { api, elsewhere, authenticator } = scene;
  api.always(redirect(307, `${elsewhere.origin}/x`));
  assertEquals(await status(authenticator.fetch("/x", { method: "POST", body: ReadableStream.from([]) })), 307);
  assertEquals(await status(authenticator.fetch(new Request(`${api.origin}/x`, { redirect: "manual" }))), 307);
  assertEquals(elsewhere.connections, 0);
});
