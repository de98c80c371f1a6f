/** A real API that rejects tokens, breaks off, stalls or talks nonsense. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { bodies, challenges, stream } from "./api_cases.ts";
import { answer, halfway, head, json, raw, steps } from "./behaviours.ts";
import { comparable, decode, status, text, times } from "./outcomes.ts";
import { assertNothingShows, planted } from "./planted.ts";
import { nthToken, rejectFirst, type Scene, setScene, tokenNumber, unauthorized } from "./scene.ts";
import { until } from "./until.ts";

const refusal = json({ error: "invalid_client", note: planted.body }, { status: 401 });

for (const [name, challenge] of Object.entries(challenges)) {
  Deno.test(`fetch: refreshes once and replays once after a 401 with ${name} in its challenge`, async () => {
    await using scene = await setScene({
      behaves: (request) => tokenNumber(request) === 1 ? unauthorized(challenge) : answer("fine"),
    });
    assertEquals(await text(scene.authenticator.fetch("/x")), "fine");
    assertEquals([scene.api.requests.length, scene.tokens.requests.length], [2, 2]);
  });
}

for (const [name, make] of Object.entries(bodies)) {
  Deno.test(`fetch: sends and replays a body given as ${name} as fetch itself sends it`, async () => {
    await using scene = await setScene({ behaves: rejectFirst(1) });
    const { api, authenticator } = scene;
    const url = `${api.origin}/x?y=z`;
    await status(fetch(...make(url)));
    const [input, init] = make(url);

    assertEquals(await text(authenticator.fetch(input, init)), "fine");

    const sent = api.requests.map(comparable);
    if (name === "a Request with a stream") {
      // Of a stream that was kept the length is known.
      for (const request of sent) {
        request.headers = request.headers.filter((line) => !/^(content-length|transfer-encoding):/.test(line));
      }
    }
    assertEquals(sent, Array(3).fill(sent[0]));
    assertEquals(api.requests.map((request) => tokenNumber(request)), [0, 1, 2]);
    if (input instanceof Request && input.body && !init?.body) assertEquals(input.bodyUsed, true);
  });
}

Deno.test("fetch: gives the 401 to a caller whose stream can't be sent again, and refreshes for the next", async () => {
  await using scene = await setScene({ behaves: rejectFirst(1) });
  const response = await scene.authenticator.fetch("/x", { method: "POST", body: stream("one ", "two") });
  assertEquals([response.status, await response.text()], [401, "refused"]);
  assertEquals(scene.api.requests.map(({ body }) => decode(body)), ["one two"]);
  await scene.authenticator.refreshCredentials();
  assertEquals(scene.tokens.requests.length, 2, "the refresh went on in the background");
  assertEquals(await text(scene.authenticator.fetch("/x", { method: "POST", body: stream("again") })), "fine");
});

/** The statuses of 50 calls, every second one of /bad. */
async function callInTurn({ authenticator }: Scene): Promise<number[]> {
  const statuses = [];
  for (let count = 0; count < 50; count++) {
    statuses.push(await status(authenticator.fetch(count % 2 ? "/bad" : "/good")));
  }
  return statuses;
}

function callAtOnce({ authenticator }: Scene): Promise<number[]> {
  return Promise.all(times(50, () => status(authenticator.fetch("/bad"))));
}

interface Rejecting {
  rejects: (token: number, path: string, count: number) => boolean;
  calls?: (scene: Scene) => Promise<number[]>;
  /** The statuses of calls. */
  statuses: number[];
  /** At most how many token requests. Default: 5. */
  most?: number;
}

const rejecting: Record<string, Rejecting> = {
  "every token": { rejects: () => true, statuses: [401] },
  "every token, of calls at once": { rejects: () => true, calls: callAtOnce, statuses: [401] },
  "every token on one path": { rejects: (_, path) => path === "/bad", statuses: [200, 401] },
  "every second token": { rejects: (token) => token % 2 === 1, statuses: [200], most: 2 },
  // Each refresh seems to help, and so is worth it, up to a limit.
  "every second call": { rejects: (_token, _path, count) => count % 2 === 1, statuses: [200], most: 13 },
};

for (const [name, { rejects, calls = callInTurn, statuses, most = 5 }] of Object.entries(rejecting)) {
  Deno.test(`fetch: makes a few token requests for an API that rejects ${name}`, async () => {
    let count = 0;
    await using scene = await setScene({
      behaves: (request) => rejects(tokenNumber(request), request.path, ++count) ? unauthorized() : answer("fine"),
    });
    const seen = new Set(await calls(scene));
    assert(statuses.every((status) => seen.has(status)) && seen.size <= 2, [...seen].join());
    const { length } = scene.tokens.requests;
    assert(length <= most, `${length} token requests`);
    assert(scene.api.requests.length <= 100, `${scene.api.requests.length} calls`);
    scene.api.always(answer("fine"));
    assertEquals([await status(scene.authenticator.fetch("/bad")), scene.tokens.requests.length], [200, length]);
  });
}

Deno.test("fetch: refreshes once a route, and replays nothing, when the server gives the rejected token again", async () => {
  await using scene = await setScene({ behaves: unauthorized() });
  scene.tokens.always(json({ access_token: nthToken(1), expires_in: 3600 }));
  assertEquals(new Set(await callInTurn(scene)), new Set([401]));
  assertEquals([scene.api.requests.length, scene.tokens.requests.length], [50, 3]);
});

Deno.test("fetch: refreshes once for 200 calls whose token is rejected, early and late", async () => {
  let arrived = 0;
  await using scene = await setScene({
    behaves: async (request) => {
      if (tokenNumber(request) !== 1) return answer("fine");
      // Half of them are answered when the others have long had another token.
      if (++arrived % 2) await until(() => scene.tokens.requests.length === 2 && arrived === 200);
      else await until(() => arrived === 200);
      return unauthorized();
    },
  });
  await scene.authenticator.getCredentials();
  const statuses = await Promise.all(times(200, () => status(scene.authenticator.fetch("/x"))));
  assertEquals(new Set(statuses), new Set([200]));
  assertEquals([scene.tokens.requests.length, scene.api.requests.length], [2, 400]);
});

Deno.test("fetch: replaces two tokens revoked at once while a call is under way with the older one", async () => {
  const proceed = Promise.withResolvers<void>();
  let revoked = 0;
  await using scene = await setScene({
    behaves: async (request) => {
      if (request.path === "/slow" && tokenNumber(request) === 1) await proceed.promise;
      return rejectFirst(revoked)(request);
    },
  });
  const slow = status(scene.authenticator.fetch("/slow"));
  await until(() => scene.api.requests.length === 1);
  await scene.authenticator.refreshCredentials();
  assertEquals(await status(scene.authenticator.fetch("/x")), 200);
  revoked = 2;
  proceed.resolve();
  assertEquals(await slow, 401, "it was replayed once, with the second token");
  assertEquals([await status(scene.authenticator.fetch("/x")), scene.tokens.requests.length], [200, 3]);
});

Deno.test("fetch: gives the API's 401 where the token endpoint refuses another token", async () => {
  await using scene = await setScene({ behaves: unauthorized() });
  await scene.authenticator.getCredentials();
  scene.tokens.always(refusal);
  const response = await scene.authenticator.fetch("/x", { method: "POST", body: "x" });
  assertEquals([response.status, await response.text(), scene.api.requests.length], [401, "refused", 1]);
});

Deno.test("fetch: sends nothing to the API, and hardly anything to the token endpoint, for a client that is refused", async () => {
  await using scene = await setScene();
  scene.tokens.always(refusal);
  for (let count = 0; count < 50; count++) {
    assertNothingShows(await assertRejects(() => scene.authenticator.fetch("/x")));
  }
  assertEquals(scene.api.requests.length, 0);
  assert(scene.tokens.requests.length <= 5, `${scene.tokens.requests.length} token requests`);
});

const expired = 'Bearer error="invalid_token"';
const answers: [status: number, challenge: string, isRejected: boolean][] = [
  ...[400, 404, 407, 429, 500, 503].map((status): typeof answers[0] => [status, expired, false]),
  [403, expired, true],
  [403, 'Bearer error="insufficient_scope", error_description="not an invalid_token"', false],
];
for (const [code, challenge, isRejected] of answers) {
  Deno.test(`fetch: takes a ${code} with ${challenge} for ${isRejected ? "a rejection" : "the caller's answer"}`, async () => {
    await using scene = await setScene();
    for (let count = 1; count <= 3; count++) {
      scene.api.next(answer("no", { status: code, headers: { "www-authenticate": challenge } }));
      assertEquals(await status(scene.authenticator.fetch("/x")), isRejected ? 200 : code);
      const requests = isRejected ? [1 + count, 2 * count] : [1, count];
      assertEquals([scene.tokens.requests.length, scene.api.requests.length], requests);
    }
  });
}

for (const headerKey of ["authorization", "flyte-authorization"]) {
  for (const options of [{ headerKey }, { advertisedHeader: headerKey }]) {
    const named = "headerKey" in options ? "" : ", named by the store,";
    for (const withRequest of [false, true]) {
      Deno.test(`fetch: keeps the caller's own ${headerKey}${named} ${withRequest ? "on a Request" : "in the init"}`, async () => {
        await using scene = await setScene({ behaves: unauthorized(), ...options });
        const { api, authenticator } = scene;
        const init = { method: "POST", body: "x", headers: { [headerKey]: "Own value" } };
        const url = `${api.origin}/x`;
        for (let count = 0; count < 3; count++) {
          const call = withRequest ? authenticator.fetch(new Request(url, init)) : authenticator.fetch(url, init);
          assertEquals(await text(call), "refused");
        }
        assertEquals(api.requests.map(({ headers }) => headers.get(headerKey)), Array(3).fill("Own value"));
        assert(scene.tokens.requests.length <= 1);
      });
    }
  }
}

Deno.test("fetch: sends the caller's own authorization beside a token under another header", async () => {
  await using scene = await setScene({ headerKey: "flyte-authorization" });
  await status(scene.authenticator.fetch("/x", { headers: { authorization: "Own value" } }));
  const [{ headers } = { headers: new Headers() }] = scene.api.requests;
  const sent = ["authorization", "flyte-authorization"].map((name) => headers.get(name));
  assertEquals(sent, ["Own value", `Bearer ${nthToken(1)}`]);
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
      if (name.includes("within")) assertEquals((await call).status, 200);
      assertNothingShows(await assertRejects(() => text(call), name.includes("within") ? Error : TypeError));
      assertEquals(await text(scene.authenticator.fetch("/x", init)), "fine");
      assertEquals([scene.api.connections, scene.tokens.requests.length], [2, 1]);
    });
  }
}

const unfinished = {
  "stalls in its body": halfway("refused", "stall", { status: 401 }),
  "breaks off in its body": halfway("refused", "reset", { status: 401 }),
  "never ends": steps(
    { send: head("", { status: 401, length: null }) },
    { flood: "x".repeat(1_024), times: 65_536 },
  ),
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
