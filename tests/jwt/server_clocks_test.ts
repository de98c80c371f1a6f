import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import {
  AuthenticationError,
  type AuthenticatorEvent,
  type ClientAuth,
  clientSecretPost,
  type Fetch,
  getToken,
} from "@m2m/authenticator";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { rotatingSecrets } from "@m2m/authenticator/client-auth/rotating-secrets";
import { dpop } from "@m2m/authenticator/dpop";
import { behaviours, testServers } from "@m2m/authenticator/testing";
import fc from "fast-check";
import { decodeJwt, jwtVerify } from "jose";
import type { RefusalResponse } from "../../src/jwt/clock_difference.ts";
import { ServerClocks } from "../../src/jwt/server_clocks.ts";
import { authenticatorAt } from "../authenticator_at.ts";
import { assertHides } from "../client_auth/showing.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { json } from "../faults/behaviours.ts";
import { startFaultServer } from "../servers/fault_server.ts";
import { tokenEndpointStub, usualAnswer } from "../servers/token_endpoint_stub.ts";

const server = new URL("https://auth.test/token");
const minutes = 60_000;
const day = 86_400_000;

Deno.test("ServerClocks: the offset is off by half of the answer's time and half a second at most", () => {
  const within = (most: number) => fc.integer({ min: -most, max: most });
  const [moments, skews] = [fc.integer({ min: 1e12, max: 4e12 }), fc.oneof(within(5_000), within(2 * day))];
  const times = fc.integer({ min: 0, max: 30_000 });
  fc.assert(fc.property(moments, skews, times, times, (now, skew, there, back) => {
    let at = now;
    const clocks = new ServerClocks({ wall: () => at + skew });
    const headers = new Headers({ date: new Date(now + there).toUTCString() });
    const elapsed = there + back;
    const events: unknown[] = [];
    const repeat = (_: object, event?: unknown) => events.push(event) > 0;
    const clock = clocks.at(server);
    at = now + elapsed;
    const isFollowed = clock.follow({ headers, elapsed, repeat });
    const left = clocks.at(server).wall() - at;
    const mostLeft = (elapsed + 1_000) / 2 + 1;
    assertEquals(events.length, Number(isFollowed));
    if (isFollowed) assert(Math.abs(left) <= mostLeft, `${left} ms are left`);
    else assert(left === skew && (Math.abs(skew) <= 2 * mostLeft + 2_000 || Math.abs(skew) > day - mostLeft));
    // Nothing is followed that may be less than a second.
    if (Math.abs(skew) <= 1_000) assert(!isFollowed);
    assertEquals(clocks.at(new URL("https://other.test")).wall() - at, skew);
  }));
});

Deno.test("ServerClocks: knows the thousand servers that were used last", () => {
  const clocks = new ServerClocks({ wall: () => 0 });
  const follow = (origin: string) => {
    const headers = new Headers({ date: new Date(10 * minutes).toUTCString() });
    clocks.at({ origin }).follow({ headers, elapsed: 0, repeat: () => true } as RefusalResponse);
  };
  for (let i = 0; i <= 1_000; i++) follow(`https://${i}.test`);
  assertEquals([1, 0].map((i) => clocks.at({ origin: `https://${i}.test` }).wall()), [600_500, 0]);
});

Deno.test("ServerClocks: where a server tells no time any more, this machine's clock gets its turn", () => {
  const clocks = new ServerClocks({ wall: () => 0 });
  const answer = (date?: number): RefusalResponse => ({
    headers: new Headers(date === undefined ? {} : { date: new Date(date).toUTCString() }),
    elapsed: 0,
    repeat: () => true,
  });
  clocks.at(server).follow(answer(10 * minutes));
  clocks.at(server).accept("key");
  assertEquals(clocks.at(server).wall(), 600_500);
  assert(clocks.at(server).follow(answer()));
  assertEquals(clocks.at(server).wall(), 0);
});

const { cryptoKey, secrets } = await testKey("ES256");
const planted = "planted-secret-of-more-than-32-bytes";
interface World {
  /** How far the server's `Date` is ahead, and its true clock; in milliseconds. */
  date?: number;
  truth?: number;
  headers?: Readonly<Record<string, string>>;
  /** Whether it knows the key. */
  knows?: boolean;
}

/** A server that takes assertions of its own minute, and a client of it. */
function makeWorld(world: World, clientAuth: ClientAuth = privateKeyJwt(cryptoKey), cooldown = 5_000) {
  let ahead = 0;
  const clock = { wall: Date.now, monotonic: () => performance.now() + ahead };
  const state = { knows: true, ...world };
  const events: AuthenticatorEvent[] = [];
  const stub = tokenEndpointStub((count, { form }) => {
    const now = Date.now();
    const { nbf = 0, exp = 0 } = decodeJwt(form.get("client_assertion")!);
    const time = (now + (state.truth ?? 0)) / 1_000;
    const isValid = state.knows && nbf <= time && time < exp;
    const date = state.date === undefined ? "" : new Date(now + state.date).toUTCString();
    const headers = { ...date && { date }, ...state.headers };
    return isValid ? usualAnswer(count) : Response.json({ error: "invalid_client" }, { status: 401, headers });
  });
  const authenticator = authenticatorAt(stub, {
    clientAuth,
    cooldown,
    clock,
    onEvent: (event) => void events.push(event),
  });
  const ask = async () => {
    const before = stub.requests.length;
    const error = await authenticator.refreshCredentials().then(() => undefined, (error) => error);
    assertHides([error, events, authenticator], [...secrets, planted]);
    return { error, count: stub.requests.length - before };
  };
  const advance = () => void (ahead += cooldown);
  return {
    state,
    stub,
    ask,
    advance,
    corrections: () => events.filter(({ type }) => type === "clock_corrected").length,
  };
}

const untrusted: Readonly<Record<string, [World, isExplained: boolean]>> = {
  "no Date, or one that a browser can't read": [{}, false],
  "an odd Date": [{ headers: { date: "yesterday" } }, false],
  "a cache's": [{ date: -10 * minutes, headers: { age: "600" } }, true],
  "over a day off": [{ date: 2 * day }, true],
  "the same time": [{ date: 0 }, false],
};
for (const [what, [world, isExplained]] of Object.entries(untrusted)) {
  Deno.test(`a Date isn't followed: ${what}`, async () => {
    const { ask, corrections } = makeWorld({ ...world, truth: 10 * minutes });
    const { error, count } = await ask();
    assertEquals([count, corrections(), /clock is/.test(error.message)], [1, 0, isExplained]);
  });
}

Deno.test("a wrong key costs one more request per cooldown, however many callers there are", async () => {
  const world = { knows: false, date: 10 * minutes, truth: 10 * minutes };
  const { ask, stub, corrections, advance } = makeWorld(world);
  for (let cooldowns = 1; cooldowns <= 4; cooldowns++) {
    const answers = await Promise.all(Array.from({ length: 10 }, ask));
    for (let late = 0; late < 5; late++) answers.push(await ask());
    for (const { error } of answers) {
      assertEquals(error.error, "invalid_client");
      assertStringIncludes(error.message, "Check that the server knows this key");
      assertMatch(error.message, /clock is (600|599) seconds behind the server's/);
    }
    assertEquals(stub.requests.length, 2 * cooldowns);
    advance();
  }
  // Every other time the server's clock comes first.
  assertEquals(corrections(), 2);
});

Deno.test("whichever clock is right is found in one go, once the server knows the key", async () => {
  for (const truth of [0, 10 * minutes]) {
    for (const refusals of [1, 2]) {
      const { ask, state } = makeWorld({ knows: false, date: 10 * minutes, truth }, undefined, 0);
      for (let i = 0; i < refusals; i++) assertEquals((await ask()).count, 2);
      state.knows = true;
      const { error, count } = await ask();
      assert(error === undefined && count <= 2, `${error}, ${count} requests`);
      assertEquals((await ask()).count, 1);
    }
  }
});

Deno.test("a clock that is set right is used again", async () => {
  const { ask, state, corrections } = makeWorld({ date: -10 * minutes, truth: -10 * minutes });
  assertEquals([(await ask()).count, (await ask()).count], [2, 1]);
  Object.assign(state, { date: 0, truth: 0 });
  assertEquals([(await ask()).count, (await ask()).count, corrections()], [2, 1, 2]);
  // The clock isn't why.
  Object.assign(state, { knows: false });
  assert(!/clock/.test((await ask()).error.message));
});

Deno.test("a secret that rotates while the clock is off is found", async () => {
  const clientAuth = clientSecretJwt(rotatingSecrets(["an-old-secret-of-more-than-32-bytes", planted]));
  const known = new TextEncoder().encode(planted);
  const truth = 10 * minutes;
  const stub = tokenEndpointStub(async (count, { form }) => {
    const currentDate = new Date(Date.now() + truth);
    return await jwtVerify(form.get("client_assertion")!, known, { currentDate }).then(
      () => usualAnswer(count),
      () => Response.json({ error: "invalid_client" }, { status: 401, headers: { date: currentDate.toUTCString() } }),
    );
  });
  await authenticatorAt(stub, { clientAuth }).getCredentials();
  assertEquals(stub.requests.length, 3);
});

Deno.test("dpop: a wrong secret isn't sent again for the clock", async () => {
  const kit = testServers();
  const date = new Date(Date.now() + 10 * minutes).toUTCString();
  kit.authorizationServer.next(behaviours.error("invalid_client", { status: 401, headers: { date } }), 2);
  const proofs = dpop();
  await assertRejects(
    () =>
      getToken(kit.authorizationServer.tokenEndpoint, {
        ...{ clientId: "id", clientAuth: clientSecretPost(planted), dpop: proofs, fetch: kit.fetch },
      }),
    AuthenticationError,
    " seconds behind the server",
  );
  kit.assertTokenRequests(1);
});

Deno.test("dpop: an API's clock and its nonce each get one more sending; a stream stays refused, and the next is fine", async () => {
  const sent: unknown[] = [];
  const events: AuthenticatorEvent[] = [];
  const api: Fetch = (_, init) => {
    const { iat = 0, nonce } = decodeJwt(new Headers(init?.headers).get("dpop")!);
    const now = Date.now() + 10 * minutes;
    const isLate = Math.abs(iat * 1_000 - now) > minutes;
    sent.push([isLate, nonce]);
    const error = isLate ? "invalid_dpop_proof" : nonce === "n" ? undefined : "use_dpop_nonce";
    const headers = { date: new Date(now).toUTCString(), "www-authenticate": `DPoP error="${error}"` };
    if (!isLate) Object.assign(headers, { "dpop-nonce": "n" });
    return Promise.resolve(new Response(null, { status: error ? 401 : 200, headers }));
  };
  const send = (body: BodyInit) => {
    const fetch = dpop().apiFetch(api, undefined, (event) => void events.push(event));
    const init = () => ({ method: "POST", headers: { authorization: "DPoP t" }, body, duplex: "half" });
    return [
      () => fetch("https://api.test/", init()),
      () => fetch("https://api.test/", { ...init(), body: "b" }),
    ] as const;
  };
  const [first, second] = send("a");
  assertEquals([(await first()).status, (await second()).status], [200, 200]);
  assertEquals(sent.splice(0), [[true, undefined], [false, undefined], [false, "n"], [false, "n"]]);
  const [stream, after] = send(new Blob(["a"]).stream());
  assertEquals([(await stream()).status, (await after()).status], [401, 200]);
  assertEquals(events.map(({ type }) => type), ["clock_corrected", "clock_corrected"]);
});

/** A server that takes each assertion once, and breaks the second connection after it has read the request. */
async function startForgetful() {
  const used = new Set<unknown>();
  const seen: string[] = [];
  const server = await startFaultServer(({ body }) => {
    const { jti } = decodeJwt(new URLSearchParams(new TextDecoder().decode(body)).get("client_assertion")!);
    const isUsed = used.has(jti);
    used.add(jti);
    seen.push(seen.length === 1 ? "dropped" : isUsed ? "used" : "issued");
    if (seen.length === 2) return { steps: [] };
    const keepAlive = true;
    return isUsed
      ? json({ error: "invalid_client" }, { status: 401, keepAlive })
      : json({ access_token: "t" }, { keepAlive });
  });
  return Object.assign(server, { seen });
}

Deno.test("an assertion that the runtime has sent twice is signed again", async () => {
  await using server = await startForgetful();
  const options = { clientId: "id", clientAuth: privateKeyJwt(cryptoKey) };
  for (let i = 0; i < 2; i++) await getToken(`${server.origin}/token`, options);
  assertEquals(server.seen, ["issued", "dropped", "used", "issued"]);
});

Deno.test("an authenticator's second assertion is sent once by the runtime, and the next attempt has its own", async () => {
  await using server = await startForgetful();
  const clientAuth = privateKeyJwt(cryptoKey);
  const authenticator = authenticatorAt({ ...tokenEndpointStub(), url: `${server.origin}/token` }, {
    clientAuth,
    fetch,
  });
  for (let i = 0; i < 2; i++) await authenticator.refreshCredentials();
  assertEquals(server.seen, ["issued", "dropped", "issued"]);
});

Deno.test("a key that the server has forgotten costs one more request, once", async () => {
  const { ask, state } = makeWorld({ date: 0 }, undefined, 0);
  assertEquals((await ask()).count, 1);
  state.knows = false;
  assertEquals([(await ask()).count, (await ask()).count], [2, 1]);
});
