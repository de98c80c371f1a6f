import { assert, assertEquals, assertRejects } from "@std/assert";
import { bodies, challenges, stream } from "./api_cases.ts";
import { answer, halfway, head, json, raw, steps } from "./behaviours.ts";
import { comparable, decode, status, text, times } from "./outcomes.ts";
import { assertNothingShows, planted } from "./planted.ts";
import { nthToken, refusesFirst, setScene, tokenNumber, unauthorized } from "./scene.ts";
import { until } from "./until.ts";

/** "At most a handful", as token requests go. */
const handful = 5;

for (const [name, challenge] of Object.entries(challenges)) {
  Deno.test(`a 401 with ${name} in its challenge is answered by one renewal and one replay`, async () => {
    await using scene = await setScene({
      behaves: (request) => tokenNumber(request) === 1 ? unauthorized(challenge) : answer("fine"),
    });

    assertEquals(await text(scene.authenticator.fetch("/x")), "fine");

    assertEquals([scene.api.requests.length, scene.tokens.requests.length], [2, 2]);
  });
}

for (const [name, make] of Object.entries(bodies)) {
  Deno.test(`a body given as ${name} arrives whole, first and on the replay, as fetch itself sends it`, async () => {
    await using scene = await setScene({ behaves: refusesFirst(1) });
    const { api, authenticator } = scene;
    const url = `${api.origin}/x?y=z`;
    await (await fetch(...make(url))).body?.cancel();
    const [input, init] = make(url);

    assertEquals(await text(authenticator.fetch(input, init)), "fine");

    const [native, first, replayed, ...more] = api.requests.map(comparable);
    assertEquals(first, native);
    // Of a stream that was kept the length is known.
    const framing = (line: string) => !/^(content-length|transfer-encoding):/.test(line);
    if (name === "a Request with a stream") {
      assertEquals(replayed?.headers.filter(framing), native?.headers.filter(framing));
      assertEquals(replayed?.body, native?.body);
    } else assertEquals(replayed, native);
    assertEquals(more, []);
    assertEquals(api.requests.map((request) => tokenNumber(request)), [0, 1, 2]);
    if (input instanceof Request && input.body && !init?.body) assertEquals(input.bodyUsed, true);
  });
}

Deno.test("a stream is not replayed: the caller gets the 401, and there is no second, empty request", async () => {
  await using scene = await setScene({ behaves: refusesFirst(1) });

  const response = await scene.authenticator.fetch("/x", { method: "POST", body: stream("one ", "two") });

  assertEquals([response.status, await response.text()], [401, "refused"]);
  assertEquals(scene.api.requests.map(({ body }) => decode(body)), ["one two"]);
  await scene.authenticator.refreshCredentials();
  assertEquals(scene.tokens.requests.length, 2, "the refresh went on in the background");
  assertEquals(await text(scene.authenticator.fetch("/x", { method: "POST", body: stream("again") })), "fine");
});

Deno.test("50 calls, one after another, of an API that always says 401 cost a handful of token requests", async () => {
  await using scene = await setScene({ behaves: unauthorized() });

  for (let count = 0; count < 50; count++) {
    const response = await scene.authenticator.fetch("/x");
    assertEquals([response.status, await response.text()], [401, "refused"]);
  }

  assert(scene.tokens.requests.length <= handful, `${scene.tokens.requests.length} token requests`);
  assert(scene.api.requests.length <= 100, `${scene.api.requests.length} calls`);
});

Deno.test("50 calls at once of an API that always says 401 cost a handful of token requests", async () => {
  await using scene = await setScene({ behaves: unauthorized() });

  const statuses = await Promise.all(times(50, () => status(scene.authenticator.fetch("/x"))));

  assertEquals(new Set(statuses), new Set([401]));
  assert(scene.tokens.requests.length <= handful, `${scene.tokens.requests.length} token requests`);
  assert(scene.api.requests.length <= 100, `${scene.api.requests.length} calls`);
});

Deno.test("a path that always says 401, in the middle of good ones, costs a handful of token requests", async () => {
  await using scene = await setScene({
    behaves: async ({ path }) => {
      await new Promise((resolve) => setTimeout(resolve, path === "/good" ? 1 : 10));
      return path === "/good" ? answer("fine") : unauthorized();
    },
  });
  const statuses = { "/good": new Set<number>(), "/bad": new Set<number>() };
  const call = async (path: "/good" | "/bad") => {
    statuses[path].add(await status(scene.authenticator.fetch(path)));
  };

  let isOver = false;
  const good = times(3, async () => {
    while (!isOver) await call("/good");
  });
  for (let count = 0; count < 20; count++) await call("/bad");
  isOver = true;
  await Promise.all(good);

  assertEquals(statuses, { "/good": new Set([200]), "/bad": new Set([401]) });
  assert(scene.tokens.requests.length <= handful, `${scene.tokens.requests.length} token requests`);
});

Deno.test("200 calls whose token is refused, early and late, cause one renewal", async () => {
  let arrived = 0;
  await using scene = await setScene({
    behaves: async (request) => {
      if (tokenNumber(request) !== 1) return answer("fine");
      // Half of them say so when the others have long had another token.
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

Deno.test("two tokens taken back at once, while a call is under way with the older one, are replaced", async () => {
  const proceed = Promise.withResolvers<void>();
  let takenBack = 0;
  await using scene = await setScene({
    behaves: async (request) => {
      if (request.path === "/slow" && tokenNumber(request) === 1) await proceed.promise;
      return refusesFirst(takenBack)(request);
    },
  });
  const slow = status(scene.authenticator.fetch("/slow"));
  await until(() => scene.api.requests.length === 1);
  await scene.authenticator.refreshCredentials();
  assertEquals(await status(scene.authenticator.fetch("/x")), 200);

  takenBack = 2;
  proceed.resolve();

  assertEquals(await slow, 401, "it was replayed once, with the second token");
  assertEquals(await status(scene.authenticator.fetch("/x")), 200);
  assertEquals(scene.tokens.requests.length, 3);
});

Deno.test("an API that takes every second token only costs no more than one renewal a refusal", async () => {
  await using scene = await setScene({
    behaves: (request) => tokenNumber(request) % 2 ? unauthorized() : answer("fine"),
  });

  const statuses = [];
  for (let count = 0; count < 20; count++) statuses.push(await status(scene.authenticator.fetch("/x")));

  assertEquals(new Set(statuses), new Set([200]));
  assertEquals(scene.tokens.requests.length, 2);
});

Deno.test("a server that hands out the refused token again causes no storm, and no replay", async () => {
  await using scene = await setScene({ behaves: unauthorized() });
  scene.tokens.always(json({ access_token: nthToken(1), token_type: "Bearer", expires_in: 3600 }));

  const statuses = [];
  for (let count = 0; count < 50; count++) statuses.push(await status(scene.authenticator.fetch("/x")));

  assertEquals(new Set(statuses), new Set([401]));
  assert(scene.tokens.requests.length <= handful, `${scene.tokens.requests.length} token requests`);
  assertEquals(scene.api.requests.length, 50);
});

Deno.test("where no other token is to be had, the caller gets the API's 401", async () => {
  await using scene = await setScene({ behaves: unauthorized() });
  await scene.authenticator.getCredentials();
  scene.tokens.always(json({ error: "invalid_client", note: planted.body }, { status: 401 }));

  const response = await scene.authenticator.fetch("/x", { method: "POST", body: "x" });

  assertEquals([response.status, await response.text()], [401, "refused"]);
  assertEquals(scene.api.requests.length, 1);
});

Deno.test("50 calls with a client that the server refuses cost a handful of token requests", async () => {
  await using scene = await setScene();
  scene.tokens.always(json({ error: "invalid_client", note: planted.body }, { status: 401 }));

  for (let count = 0; count < 50; count++) {
    assertNothingShows(await assertRejects(() => scene.authenticator.fetch("/x")));
  }

  assert(scene.tokens.requests.length <= handful, `${scene.tokens.requests.length} token requests`);
  assertEquals(scene.api.requests.length, 0);
});

for (const refusal of [400, 404, 407, 429, 500, 503]) {
  Deno.test(`a ${refusal} of the API is the caller's: no renewal, no replay`, async () => {
    await using scene = await setScene({
      behaves: answer("no", {
        status: refusal,
        headers: { "www-authenticate": 'Bearer error="invalid_token"' },
      }),
    });

    for (let count = 0; count < 3; count++) {
      assertEquals(await status(scene.authenticator.fetch("/x")), refusal);
    }

    assertEquals([scene.tokens.requests.length, scene.api.requests.length], [1, 3]);
  });
}

for (
  const [challenge, requests] of [
    ['Bearer error="invalid_token"', [2, 2]],
    ['Bearer error="insufficient_scope", error_description="not an invalid_token"', [1, 1]],
  ] as const
) {
  Deno.test(`a 403 with ${challenge} is ${requests[0] === 2 ? "a rejected token" : "the caller's"}`, async () => {
    await using scene = await setScene();
    scene.api.next(answer("no", { status: 403, headers: { "www-authenticate": challenge } }));

    assertEquals(await status(scene.authenticator.fetch("/x")), Number(requests[0]) === 2 ? 200 : 403);

    assertEquals([scene.tokens.requests.length, scene.api.requests.length] as number[], [...requests] as number[]);
  });
}

for (const withRequest of [false, true]) {
  for (const headerKey of ["authorization", "flyte-authorization"]) {
    for (const advertised of [false, true]) {
      const how = `${withRequest ? "on a Request" : "in the init"}${advertised ? ", advertised" : ""}`;
      Deno.test(`a caller's own ${headerKey} ${how} is kept, and not replayed`, async () => {
        await using scene = await setScene({
          behaves: unauthorized(),
          ...advertised ? { advertisedHeader: headerKey } : { headerKey },
        });
        const { api, authenticator } = scene;
        const init = { method: "POST", body: "x", headers: { [headerKey]: "Own value" } };
        const url = `${api.origin}/x`;

        for (let count = 0; count < 3; count++) {
          const response =
            await (withRequest ? authenticator.fetch(new Request(url, init)) : authenticator.fetch(url, init));
          assertEquals([response.status, await response.text()], [401, "refused"]);
        }

        assertEquals(api.requests.map(({ headers }) => headers.get(headerKey)), Array(3).fill("Own value"));
        assert(scene.tokens.requests.length <= 1);
      });
    }
  }
}

Deno.test("a caller's own authorization travels beside a token of another header", async () => {
  await using scene = await setScene({ headerKey: "flyte-authorization" });

  await status(scene.authenticator.fetch("/x", { headers: { authorization: "Own value" } }));

  const headers = scene.api.requests[0]?.headers ?? new Headers();
  assertEquals(
    [headers.get("authorization"), headers.get("flyte-authorization")],
    ["Own value", `Bearer ${nthToken(1)}`],
  );
});

for (const method of ["GET", "POST"]) {
  const init = method === "POST" ? { method, body: "x" } : { method };

  Deno.test(`an API that breaks off before its answer ends the call, and nothing is sent again: ${method}`, async () => {
    await using scene = await setScene({ behaves: steps("reset") });

    assertNothingShows(await assertRejects(() => scene.authenticator.fetch("/x", init), TypeError));

    assertEquals([scene.api.connections, scene.tokens.requests.length], [1, 1]);
  });

  Deno.test(`an API that breaks off within its answer ends the reading of it, and nothing else: ${method}`, async () => {
    await using scene = await setScene({ behaves: halfway("0123456789", "reset") });

    const response = await scene.authenticator.fetch("/x", init);
    assertEquals(response.status, 200);
    assertNothingShows(await assertRejects(() => response.text()));

    scene.api.always(answer("fine"));
    assertEquals(await text(scene.authenticator.fetch("/x", init)), "fine");
    assertEquals([scene.api.connections, scene.tokens.requests.length], [2, 1]);
  });
}

for (
  const [name, behaviour] of Object.entries({
    "stalls in its body": halfway("refused", "stall", { status: 401 }),
    "breaks off in its body": halfway("refused", "reset", { status: 401 }),
    "never ends": steps({ send: head("", { status: 401, length: null }) }, {
      flood: "x".repeat(1_024),
      times: 65_536,
    }),
    "is not HTTP after its headers": raw(`${head("", { status: 401, length: 7 })}ref`),
  })
) {
  Deno.test(`a 401 that ${name} holds up neither renewal nor replay`, async () => {
    await using scene = await setScene();
    scene.api.next(behaviour);
    const started = performance.now();

    assertEquals(await text(scene.authenticator.fetch("/x")), "fine");

    assert(performance.now() - started < 1_000);
    assertEquals([scene.api.connections, scene.tokens.requests.length], [2, 2]);
  });
}

Deno.test("an API that says nonsense ends the call, not the token", async () => {
  await using scene = await setScene({ behaves: raw("SSH-2.0-OpenSSH_9.6\r\n") });

  assertNothingShows(await assertRejects(() => scene.authenticator.fetch("/x"), TypeError));
  scene.api.always(answer("fine"));

  assertEquals(await text(scene.authenticator.fetch("/x")), "fine");
  assertEquals(scene.tokens.requests.length, 1);
});
