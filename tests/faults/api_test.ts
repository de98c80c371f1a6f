/** A real API that rejects tokens, breaks off, stalls or talks nonsense. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { answer, halfway, head, raw, steps } from "./behaviours.ts";
import { assertNothingShows } from "./planted.ts";
import { nthToken, rejectFirst, type Scene, setScene, status, text, tokenNumber, unauthorized } from "./scene.ts";
import { thrown, together } from "../runtimes/suite/world.ts";
import { until } from "../servers/loopback.ts";

/** `WWW-Authenticate` lines, from proper to none at all. */
const challenges: Record<string, string | readonly string[]> = {
  "a proper challenge": 'Bearer realm="api", error="invalid_token", error_description="The token expired"',
  "a bare scheme": "Bearer",
  "nothing in it": "",
  "a gateway's plain message": "rpc error: code = Unauthenticated desc = token parse error [JWT]",
  "a quote that never ends": 'Bearer error="invalid_token',
  "commas and equals signs": ",,,===,,,=,",
  "another scheme": 'Negotiate YII=, NTLM, Digest realm="x", nonce="a,b=\\"c\\""',
  "two challenges in one line": 'Basic realm="x", Bearer error="invalid_token"',
  "two lines": ['Basic realm="x"', 'Bearer error="invalid_token"'],
  "fifty lines": Array.from({ length: 50 }, (_, index) => `Scheme${index} realm="${index}"`),
  "insufficient_scope": 'Bearer error="insufficient_scope", scope="a b"',
  "bytes outside ASCII": 'Bearer error_description="schlüssel — 鍵"',
  "60,000 letters": `Bearer ${"a".repeat(60_000)}`,
  "60,000 quotes": '"'.repeat(60_000),
  "60,000 commas and blanks": ", ".repeat(30_000),
};

for (const [name, challenge] of Object.entries(challenges)) {
  Deno.test(`fetch: refreshes once and replays once after a 401 with ${name} in its challenge`, async () => {
    await using scene = await setScene({
      behaves: (request) => tokenNumber(request) === 1 ? unauthorized(challenge) : answer("fine"),
    });
    assertEquals(await text(scene.authenticator.fetch("/x")), "fine");
    assertEquals([scene.api.requests.length, scene.tokens.requests.length], [2, 2]);
  });
}

/** What an API rejects, the statuses that 50 calls get, every second one of /bad, and how many tokens are requested. */
const rejecting: [what: string, (token: number, path: string, count: number) => boolean, number[], most: number][] = [
  ["every token", () => true, [401], 5],
  ["every token on one path", (_, path) => path === "/bad", [200, 401], 5],
  ["every second token", (token) => token % 2 === 1, [200], 2],
  // Each refresh seems to help, and so is worth it, up to a limit.
  ["every second call", (_token, _path, count) => count % 2 === 1, [200, 401], 13],
];
for (const [what, rejects, statuses, most] of rejecting) {
  Deno.test(`fetch: makes a few token requests for an API that rejects ${what}`, async () => {
    let count = 0;
    await using scene = await setScene({
      behaves: (request) => rejects(tokenNumber(request), request.path, ++count) ? unauthorized() : answer("fine"),
    });
    const { authenticator, api, tokens } = scene;
    const seen = new Set<number>();
    for (let call = 0; call < 50; call++) seen.add(await status(authenticator.fetch(call % 2 ? "/bad" : "/good")));
    assertEquals([...seen].sort(), statuses);
    const { length } = tokens.requests;
    assert(length <= most && api.requests.length <= 100, `${length} token requests, ${api.requests.length} calls`);
    api.always(answer("fine"));
    assertEquals([await status(authenticator.fetch("/bad")), tokens.requests.length], [200, length]);
  });
}

const expired = 'Bearer error="invalid_token"';
const answers: [status: number, challenge: string, isRejected?: boolean][] = [
  ...[400, 404, 407, 429, 500, 503].map((status): typeof answers[0] => [status, expired]),
  [403, expired, true],
  [403, 'Bearer error="insufficient_scope", error_description="not an invalid_token"'],
];
for (const [code, challenge, isRejected] of answers) {
  Deno.test(`fetch: takes a ${code} with ${challenge} for ${isRejected ? "a rejection" : "the caller's answer"}`, async () => {
    await using scene = await setScene();
    scene.api.next(answer("no", { status: code, headers: { "www-authenticate": challenge } }));
    assertEquals(await status(scene.authenticator.fetch("/x")), isRejected ? 200 : code);
    assertEquals([scene.tokens.requests.length, scene.api.requests.length], isRejected ? [2, 2] : [1, 1]);
  });
}

Deno.test("fetch: keeps a Request's own headers: the one that the store names, and authorization beside it", async () => {
  await using scene = await setScene({ behaves: unauthorized(), advertisedHeader: "flyte-authorization" });
  const { api, authenticator } = scene;
  const call = (headers: HeadersInit) =>
    text(authenticator.fetch(new Request(`${api.origin}/x`, { method: "POST", body: "x", headers })));
  for (let count = 0; count < 3; count++) assertEquals(await call({ "flyte-authorization": "Own value" }), "refused");
  assertEquals([api.requests.length, scene.tokens.requests.length], [3, 1]);
  api.always(answer("fine"));
  await call({ authorization: "Own value" });
  const sent = ["flyte-authorization", "authorization"].map((name) =>
    api.requests.map(({ headers }) => headers.get(name))
  );
  assertEquals(sent, [[...Array(3).fill("Own value"), `Bearer ${nthToken(1)}`], [null, null, null, "Own value"]]);
});

const broken = {
  "breaks off before its answer": steps("reset"),
  "speaks SSH": raw("SSH-2.0-OpenSSH_9.6\r\n"),
  "breaks off within its answer": halfway("0123456789", "reset"),
};
for (const [name, behaviour] of Object.entries(broken)) {
  for (const init of [{ method: "GET" }, { method: "POST", body: "x" }]) {
    Deno.test(`fetch: fails without a second attempt, and keeps the token, when the API ${name}: ${init.method}`, async () => {
      await using scene = await setScene();
      scene.api.next(behaviour);
      const call = scene.authenticator.fetch("/x", init);
      const isWithin = name.includes("within");
      if (isWithin) assertEquals((await call).status, 200);
      assertNothingShows(await assertRejects(() => text(call), isWithin ? Error : TypeError));
      assertEquals(await text(scene.authenticator.fetch("/x", init)), "fine");
      assertEquals([scene.api.connections, scene.tokens.requests.length], [2, 1]);
    });
  }
}

const unfinished = {
  "stalls in its body": halfway("refused", "stall", { status: 401 }),
  "breaks off in its body": halfway("refused", "reset", { status: 401 }),
  "never ends": steps({ send: head("", { status: 401, length: null }) }, { flood: "x".repeat(1_024), times: 65_536 }),
  "is not HTTP after its headers": raw(`${head("", { status: 401, length: 7 })}ref`),
};
for (const [name, behaviour] of Object.entries(unfinished)) {
  Deno.test(`fetch: waits for no more of a 401 that ${name}`, async () => {
    await using scene = await setScene();
    scene.api.next(behaviour);
    assertEquals(await text(scene.authenticator.fetch("/x")), "fine");
    assertEquals([scene.api.connections, scene.tokens.requests.length], [2, 2]);
  });
}

const reason = { own: "reason" };

/** How a call may be given its signal. */
const signals: Record<string, (scene: Scene, signal: AbortSignal) => Promise<Response>> = {
  "the init": ({ authenticator }, signal) => authenticator.fetch("/x", { signal }),
  "a Request": ({ authenticator, api }, signal) => authenticator.fetch(new Request(`${api.origin}/x`, { signal })),
};
for (const [where, call] of Object.entries(signals)) {
  Deno.test(`fetch: ends a call that is aborted while its 401 is refreshed, or was before, and no other, by ${where}`, async () => {
    await using scene = await setScene({ behaves: rejectFirst(1) });
    const { authenticator, tokens, api } = scene;
    assertStrictEquals(await thrown(call(scene, AbortSignal.abort(reason))), reason);
    await authenticator.getCredentials();
    const proceed = scene.holdBackToken();
    const controller = new AbortController();
    const aborted = thrown(call(scene, controller.signal));
    const others = together(5, () => text(authenticator.fetch("/x")));
    await until(() => tokens.requests.length === 2 && api.requests.length === 6);

    controller.abort(reason);
    assertStrictEquals(await aborted, reason);
    proceed();

    assertEquals(await others, Array(5).fill("fine"));
    assertEquals([tokens.requests.length, api.requests.length], [2, 11]);
  });

  Deno.test(`fetch: ends the reading of a body and its own connection alone when its call is aborted, by ${where}`, async () => {
    await using scene = await setScene();
    scene.api.next(halfway("0123456789", "stall"));
    const controller = new AbortController();
    const response = await call(scene, controller.signal);
    const other = text(scene.authenticator.fetch("/x"));
    controller.abort(reason);
    assertStrictEquals(await thrown(response.text()), reason);
    assertEquals(await other, "fine");
    await until(() => scene.api.hangUps === 1);
  });
}
