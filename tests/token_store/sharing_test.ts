/** Processes that share a token: who requests it, who waits, and what is written. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Clock, Credentials, refreshing, type RefreshReason, type WithOptions } from "@m2m/authenticator";
import { dpop } from "@m2m/authenticator/dpop";
import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
import { tokenRevocation } from "@m2m/authenticator/revocation";
import { sharedSource, sharedTokens, type TokenLease, type TokenStore } from "@m2m/authenticator/token-store";
import { Fleet, listTypes } from "./fleet.ts";
import { memoryStore } from "./memory.ts";

const hour = 3_600_000;

function all<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

Deno.test("a fleet: one token request a lifetime, cold and refreshed early", async () => {
  await using fleet = new Fleet(8);
  assertEquals(await fleet.call(), all(8, "token-1"));
  fleet.pass(hour - 100_000);
  // Each uses the live token, and looks for the next one in the background.
  assertEquals(await fleet.call(), all(8, "token-1"));
  while (fleet.members.some(({ authenticator }) => authenticator.credentials?.accessToken === "token-1")) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assertEquals([await fleet.call(), fleet.requests], [all(8, "token-2"), 2]);
});

Deno.test("a process that starts while a live token is stored: makes no token request", async () => {
  await using fleet = new Fleet(1);
  await fleet.call();
  fleet.pass(1_000_000);
  const [late] = fleet.add(1);
  await late!.authenticator.ready();
  assertEquals([fleet.requests, late!.authenticator.credentials?.accessToken], [1, "token-1"]);
  assertEquals(listTypes(late), ["token_store_hit", "token_awaited"]);
  const remaining = late!.authenticator.credentials!.expiresAt! - (1_800_000_000_000 + fleet.now);
  assert(Math.abs(remaining - (hour - 1_000_000)) < 5_000, `lives ${remaining}`);
});

Deno.test("a token that the API rejects: one refresh serves all, and it isn't given again", async () => {
  await using fleet = new Fleet(8);
  await fleet.call();
  fleet.revoked.add("token-1");
  assertEquals(await fleet.call(), all(8, "token-2"));
  fleet.add(1);
  assertEquals([await fleet.call(), fleet.requests], [all(9, "token-2"), 2]);
});

Deno.test("tokens revoked while a process has the one before: it gets the next, and so do all", async () => {
  await using fleet = new Fleet(3);
  await fleet.call();
  const [ahead, ...behind] = fleet.members;
  fleet.pass(hour - 100_000);
  while ((await fleet.call([ahead!]))[0] !== "token-2") await new Promise((resolve) => setTimeout(resolve, 1));
  fleet.revoked.add("token-1").add("token-2");
  assertEquals(await fleet.call(behind), all(2, "token-3"));
  assertEquals([await fleet.call(), fleet.requests], [all(3, "token-3"), 3]);
});

Deno.test("an API that rejects every token from now on: one request shows it to all", async () => {
  await using fleet = new Fleet(8);
  await fleet.call();
  fleet.revoked.has = () => true;
  for (let times = 0; times < 3; times++) assertEquals([await fleet.call(), fleet.requests], [all(8, 401), 2]);
});

Deno.test("a token that the API rejects at one process later: the one that others have got meanwhile stays", async () => {
  await using fleet = new Fleet(2);
  await fleet.call();
  fleet.revoked.add("token-1");
  const [first, second] = fleet.members;
  assertEquals(await fleet.call([first!]), ["token-2"]);
  assertEquals(await fleet.call([second!]), ["token-2"]);
  assertEquals([...fleet.store.values.values()].map(({ value }) => JSON.parse(value).accessToken), ["token-2"]);
});

Deno.test("clocks five minutes apart: each knows when the token ends", async () => {
  for (const skews of [[0, -300_000, 300_000], [300_000, -300_000, 0], [-300_000, 0, 300_000]]) {
    await using fleet = new Fleet(3);
    fleet.answer = (count) => Response.json({ access_token: `token-${count}`, expires_in: 240 });
    fleet.members.forEach((member, index) => member.skew = skews[index]!);
    assertEquals(await fleet.call(), all(3, "token-1"));
    fleet.pass(100_000);
    assertEquals(await fleet.call(), all(3, "token-1"));
    fleet.pass(141_000);
    assertEquals([await fleet.call(), fleet.requests], [all(3, "token-2"), 2]);
  }
});

Deno.test("a store without a clock, clocks five minutes apart: no call fails", async () => {
  for (const skews of [[0, -300_000, 300_000], [300_000, -300_000, 0]]) {
    await using fleet = new Fleet();
    const { get, ...others } = fleet.store;
    const store: TokenStore = {
      ...others,
      get: async (...read) => {
        const found = await get(...read);
        return found && { value: found.value };
      },
    };
    fleet.add(3, { store }).forEach((member, index) => member.skew = skews[index]!);
    fleet.answer = (count) => Response.json({ access_token: `token-${count}`, expires_in: 600 });
    for (let minute = 0; minute < 30; minute++) {
      assert((await fleet.call()).every((token) => String(token).startsWith("token-")));
      fleet.pass(60_000);
      // The API rejects what has ended, whatever a process believes.
      for (let ended = 1; ended < fleet.requests; ended++) if (minute % 10 === 9) fleet.revoked.add(`token-${ended}`);
    }
    assert(fleet.requests < 15, `${fleet.requests} requests`);
    // Background refreshes are under way.
    await Promise.all(fleet.members.map(({ authenticator }) => authenticator.close()));
  }
});

Deno.test("a process that ends while it requests: the others wait for its lease, and one requests", async () => {
  await using fleet = new Fleet(4);
  const [key] = await storedKeys();
  await fleet.store.lease!.acquire(key!, "dead", { lifetime: 600, signal: new AbortController().signal });
  assertEquals([await fleet.call(), fleet.requests], [all(4, "token-1"), 1]);
  assert(fleet.members.every((member) => listTypes(member).includes("token_lease_awaited")));
});

Deno.test("a process that is paused while it requests: it takes the newer token, and replaces nothing", async () => {
  await using fleet = new Fleet();
  let asked = 0;
  const { acquire, extend, release } = fleet.store.lease!;
  const lease: TokenLease = {
    acquire: (...options) => (asked++, acquire(...options)),
    extend: (...options) => (asked++, extend(...options)),
    release,
  };
  const [slow] = fleet.add(1, { store: { ...fleet.store, lease }, sharing: { leaseTime: 2_000 } });
  const [quick] = fleet.add(1);
  const { promise: paused, resolve: wake } = Promise.withResolvers<void>();
  fleet.answer = async (count) => {
    if (count === 1) await paused;
    return Response.json({ access_token: `token-${count}`, expires_in: 3600 });
  };
  const late = fleet.call([slow!]);
  while (fleet.requests === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  // Its timers don't run either: the lease ends.
  fleet.store.leases.clear();
  assertEquals(await fleet.call([quick!]), ["token-2"]);
  // It goes on, and asks for more time.
  while (asked < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  wake();
  assertEquals([await late, fleet.requests], [["token-2"], 2]);
  assertEquals([...fleet.store.values.values()].map(({ value }) => JSON.parse(value).accessToken), ["token-2"]);
});

/** A process on a store, as attempts of a token source; it requests `v1`, `v2`, … */
function startSource(store: TokenStore, clock?: Clock) {
  let count = 0;
  const source = () =>
    Promise.resolve({ credentials: new Credentials({ accessToken: `v${++count}`, expiresAt: Date.now() + hour }) });
  const share = sharedSource(source, { sharing: sharedTokens(store), name: "name", ...clock && { clock } });
  return async (reason: RefreshReason, signal = new AbortController().signal) =>
    (await share({ signal, reason, attempt: 1, background: false })).credentials.accessToken;
}

Deno.test("an attempt that is given up while it writes: the token in use stays the one that may be rejected", async () => {
  const store = memoryStore();
  let delay = 0;
  const get = startSource({
    ...store,
    set: async (...write) =>
      await store.set(...write) && await new Promise((resolve) => setTimeout(resolve, delay, true)),
  });
  await get("first");
  delay = 100;
  await assertRejects(() => get("forced", AbortSignal.timeout(50)), DOMException);
  assertEquals(await get("rejected"), "v2");
});

Deno.test("an attempt that is given up while it asks for the lease: doesn't keep it", async () => {
  const store = memoryStore();
  const acquire: TokenLease["acquire"] = async (...options) => {
    await store.lease!.acquire(...options);
    return await new Promise(() => {});
  };
  const get = startSource({ ...store, lease: { ...store.lease!, acquire } });
  await assertRejects(() => get("first", AbortSignal.timeout(50)), DOMException);
  assertEquals(store.leases.size, 0);
});

Deno.test("a rejected token that couldn't be deleted: isn't given again, and is deleted before another is requested", async () => {
  const store = memoryStore();
  const sizes: number[] = [];
  let passed = 0;
  const clock = { wall: () => Date.now() + passed, monotonic: () => performance.now() + passed };
  const get = startSource({
    ...store,
    delete: (...token) => passed ? store.delete(...token) : Promise.reject(new Error()),
    lease: {
      ...store.lease!,
      acquire: (...options) => (sizes.push(store.values.size), store.lease!.acquire(...options)),
    },
  }, clock);
  assertEquals([await get("first"), await get("rejected")], ["v1", "v2"]);
  passed = 2_000;
  assertEquals([await get("expired"), sizes], ["v3", [0, 0]]);
});

Deno.test("a process that waits for the lease: finds the token while another holds it", async () => {
  const store = memoryStore();
  const { promise: isAsked, resolve } = Promise.withResolvers<void>();
  const acquire = () => Promise.resolve(false).finally(resolve);
  const found = startSource({ ...store, lease: { ...store.lease!, acquire } })("first", AbortSignal.timeout(2_000));
  await isAsked;
  await startSource(store)("first");
  assertEquals(await found, "v1");
});

Deno.test("a server that gives the same token while it lives: one request for all each time", async () => {
  await using fleet = new Fleet(4);
  const end = fleet.now + hour;
  fleet.answer = () => Response.json({ access_token: "same", expires_in: Math.round((end - fleet.now) / 1_000) });
  await fleet.call();
  for (const left of [100_000, 4_000]) {
    fleet.pass(end - fleet.now - left);
    const count = () =>
      fleet.members.flatMap(listTypes).filter((type) => /^token_(issued|store_hit)$/.test(type)).length;
    const issued = count();
    await fleet.call();
    while (count() < issued + 4) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assertEquals(fleet.requests, 3);
});

Deno.test("a token endpoint that fails: nothing is written, the lease is free again", async () => {
  await using fleet = new Fleet(1);
  fleet.answer = () => Response.json({ error: "invalid_client" }, { status: 401 });
  await assertRejects(() => fleet.call());
  assertEquals([fleet.store.values.size, fleet.store.leases.size], [0, 0]);
});

const stores: Record<string, { store: TokenStore; failure: string }> = {
  "that throws": { store: broken(() => Promise.reject(new Error("SECRET in the command"))), failure: "error" },
  "that throws at once": {
    store: broken(() => {
      throw new Error("SECRET");
    }),
    failure: "error",
  },
  "that never answers": { store: broken(() => new Promise(() => {})), failure: "timeout" },
};

function broken(operation: () => Promise<never>): TokenStore {
  return {
    ...{ get: operation, set: operation, delete: operation },
    lease: { acquire: operation, extend: operation, release: operation },
  };
}

for (const [name, { store, failure }] of Object.entries(stores)) {
  Deno.test(`a store ${name}: the token is requested without it, and it is left alone for a while`, async () => {
    await using fleet = new Fleet();
    const [member] = fleet.add(1, { store, sharing: { timeout: 50 } });
    assertEquals(await fleet.call(), ["token-1"]);
    const other = member!.authenticator.with({ audience: "other" });
    await other.ready();
    const bypasses = member!.events.filter(({ type }) => type === "token_store_bypassed") as { failure: string }[];
    assertEquals(bypasses.map(({ failure }) => failure), [failure, "backing_off"]);
    assert(!JSON.stringify(member!.events).includes("SECRET"));
  });
}

Deno.test("a store that comes back is used again; one that fails at the end costs no token", async () => {
  await using fleet = new Fleet();
  let isDown = false;
  const store: TokenStore = {
    ...fleet.store,
    set: (...write) => isDown ? Promise.reject(new Error()) : fleet.store.set(...write),
  };
  const [member] = fleet.add(1, { store });
  isDown = true;
  assertEquals(await fleet.call(), ["token-1"]);
  isDown = false;
  fleet.pass(hour);
  assertEquals(await fleet.call(), ["token-2"]);
  const types = listTypes(member).filter((type) => /store|shared/.test(type));
  assertEquals(types, ["token_store_miss", "token_store_bypassed", "token_store_miss", "token_shared"]);
});

Deno.test("a lease that is given after the attempt was given up: is free again", async () => {
  await using fleet = new Fleet();
  const { lease, ...others } = fleet.store;
  const { promise: slow, resolve: answer } = Promise.withResolvers<void>();
  const acquire: TokenLease["acquire"] = async (...asked) => {
    await slow;
    return await lease!.acquire(...asked);
  };
  fleet.add(1, { store: { ...others, lease: { ...lease!, acquire } }, sharing: { timeout: 50 } });
  assertEquals(await fleet.call(), ["token-1"]);
  answer();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(fleet.store.leases.size, 0);
});

Deno.test("a store without leases: all that start together may request, and then use one token", async () => {
  await using fleet = new Fleet();
  const { lease: _, ...store } = fleet.store;
  fleet.add(4, { store });
  await fleet.call();
  const { requests } = fleet;
  const [stored] = [...fleet.store.values.values()].map(({ value }) => JSON.parse(value).accessToken);
  fleet.add(3, { store });
  assertEquals([(await fleet.call()).slice(4), fleet.requests], [all(3, stored), requests]);
});

Deno.test("refreshCredentials: asks the server, and shares what it gives", async () => {
  await using fleet = new Fleet(2);
  await fleet.call();
  const [one, other] = fleet.members;
  assertEquals((await one!.authenticator.refreshCredentials()).accessToken, "token-2");
  fleet.pass(hour - 100_000);
  assertEquals(
    (await other!.authenticator.refreshCredentials({ rejected: other!.authenticator.credentials! })).accessToken,
    "token-2",
  );
  assertEquals(fleet.requests, 2);
});

Deno.test("a record that is damaged, foreign, old, ended or of another format is a miss", async () => {
  const token = {
    version: 1,
    accessToken: "stored",
    tokenType: "Bearer",
    lifetime: hour,
    issuedAt: 1_800_000_000_000,
    response: {},
  };
  const records = [
    ...["", "{", "null", "[]", "1", JSON.stringify({ ...token, version: 0 }), JSON.stringify(token).slice(0, -9)],
    ...[{ accessToken: 7 }, { accessToken: "a b" }, { accessToken: "" }, { tokenType: "a b" }, { scope: 1 }]
      .map((fault) => JSON.stringify({ ...token, ...fault })),
    ...[
      { issuedAt: 0 },
      { lifetime: 1e15 },
      { lifetime: "1" },
      { lifetime: 900 },
      { lifetime: -1 },
      { issuedAt: null },
      { response: null },
    ]
      .map((fault) => JSON.stringify({ ...token, ...fault })),
    "x".repeat(3_000_000),
  ];
  const [key] = await storedKeys();
  for (const [record, expected] of [...records.map((each) => [each, "token-1"]), [JSON.stringify(token), "stored"]]) {
    await using fleet = new Fleet(1);
    fleet.store.values.set(key!, { value: record!, end: fleet.now + hour });
    assertEquals(await fleet.call(), [expected!], record!.slice(0, 100));
  }
});

Deno.test("the key: a hash of all that makes it another token, and of nothing else", async () => {
  const same: WithOptions[] = [{}, { scopes: [] }, { audience: "" }, { parameters: { p: "" } }, {
    endpoint: "https://api.test/v2/",
  }];
  const equal: WithOptions[][] = [
    [{ scopes: ["a", "b"] }, { scopes: ["b", "a"] }],
    [{ resource: ["https://a.test", "https://b.test"] }, { resource: ["https://b.test", "https://a.test"] }],
  ];
  const others: WithOptions[] = [
    ...equal.map(([one]) => one!),
    ...[{ scopes: ["a"] }, { audience: "a" }, { resource: "https://a.test" }, { parameters: { p: "1" } }],
    ...[{ parameters: { p: ["1", "2"] } }, { parameters: { q: "1" } }, { authorizationDetails: [{ type: "t" }] }],
  ];
  const [base] = await storedKeys();
  assert(/^[\w-]{43}$/.test(base!), base);
  for (const each of same) assertEquals(await storedKeys({}, each), [base]);
  for (const [one, other] of equal) assertEquals(await storedKeys({}, one), await storedKeys({}, other));
  const keys = await Promise.all([
    ...others.map((each) => storedKeys({}, each)),
    storedKeys({ clientId: "another" }),
    storedKeys({ tokenType: "OAuth" }),
    storedKeys({ sharing: { partition: "p" } }),
    storedKeys({
      configStore: {
        getClientConfig: () => ({ tokenEndpoint: "https://auth.test/oauth/token", issuer: "https://i.test" }),
      },
    }),
    storedKeys({ dpop: dpop({ allowBearer: true }) }),
    storedKeys({ dpop: dpop({ allowBearer: true }) }),
  ]);
  assertEquals(new Set([base, ...keys.flat()]).size, keys.length + 1);
});

/** The keys under which one process stores a token by these options. */
async function storedKeys(options: Parameters<Fleet["add"]>[1] = {}, changes: WithOptions = {}): Promise<string[]> {
  await using fleet = new Fleet();
  const [member] = fleet.add(1, options);
  await member!.authenticator.with(changes).ready();
  return [...fleet.store.values.keys()];
}

Deno.test("what is stored: the token and what is known of it, and no refresh token", async () => {
  await using fleet = new Fleet(1);
  fleet.answer = () =>
    Response.json({
      ...{ access_token: "t", expires_in: 60, scope: "a b", refresh_token: "REFRESH" },
      ...{ instance_url: "https://ä.test/", id_token: "i", nested: { deep: ["x"] } },
    });
  await fleet.call();
  const [{ value }] = fleet.store.values.values() as unknown as [{ value: string }];
  assert(/^[ -~]+$/.test(value) && !value.includes("REFRESH"));
  const [reader] = fleet.add(1);
  const { tokenType, scope, response, refreshToken } = await reader!.authenticator.getCredentials();
  assertEquals([tokenType, scope, refreshToken], ["Bearer", "a b", undefined]);
  assertEquals(response, { instance_url: "https://ä.test/", id_token: "i", nested: { deep: ["x"] } });
  assert(Object.isFrozen(response.nested));
});

Deno.test("a token that ends at once, or that the server gives again after a rejection, isn't stored", async () => {
  await using fleet = new Fleet(1);
  fleet.answer = () => Response.json({ access_token: "t", expires_in: 1 });
  await fleet.call();
  assertEquals([fleet.store.values.size, fleet.store.leases.size], [0, 0]);
  fleet.answer = () => Response.json({ access_token: "same", expires_in: 3600 });
  fleet.pass(2_000);
  await fleet.call();
  fleet.revoked.add("same");
  await fleet.call();
  assertEquals([fleet.store.values.size, fleet.store.leases.size], [0, 0]);
});

Deno.test("sharedSource: shares a source's tokens by name", async () => {
  const store = memoryStore();
  let count = 0;
  const source = () =>
    Promise.resolve({
      credentials: new Credentials({ accessToken: `v${++count}`, expiresAt: Date.now() + hour }),
      headerKey: "x-token",
    });
  const tokens = (name: string) => refreshing(sharedSource(source, { sharing: sharedTokens(store), name }));
  const found = await Promise.all(["a", "b"].map((name) => tokens(name).get()));
  assertEquals(found.map(({ headerKey }) => headerKey), ["x-token", "x-token"]);
  assertEquals((await tokens("a").get()).credentials.accessToken, found[0]!.credentials.accessToken);
  assertThrows(() => sharedSource(source, { sharing: sharedTokens(store), name: "" }), TypeError, "name must be");
});

Deno.test("an attempt that has not ended: the next one of the same process has its lease", async () => {
  const store = memoryStore();
  const credentials = new Credentials({ accessToken: "v", expiresAt: Date.now() + hour });
  const { promise: request, reject: end } = Promise.withResolvers<never>();
  const answers = [request, Promise.resolve({ credentials })];
  const source = sharedSource(() => answers.shift()!, {
    sharing: sharedTokens(store, { leaseTime: 60_000 }),
    name: "vault",
  });
  const attempt = { reason: "first", attempt: 1, background: false, signal: AbortSignal.timeout(10_000) } as const;
  // As on workerd, where it never ends with its request.
  const left = source(attempt);
  while (answers.length > 1) await new Promise((resolve) => setTimeout(resolve, 1));
  assertEquals((await source(attempt)).credentials.accessToken, "v");
  end(new Error("late"));
  await assertRejects(() => left, Error, "late");
  assertEquals([store.values.size, store.leases.size], [1, 0]);
});

Deno.test("options that tokens can't be shared by are refused", () => {
  const fleet = new Fleet();
  const tokenStore = sharedTokens(fleet.store);
  const options = {
    endpoint: "https://api.test",
    configStore: { getClientConfig: () => ({ tokenEndpoint: "https://a.test" }) },
  };
  const assertion = () => "e30.e30.e30";
  const faults: [() => unknown, string][] = [
    [() => fleet.add(1, { revocation: tokenRevocation() }), "revocation"],
    [() => fleet.add(1, { beforeTokenRequest: () => {} }), "partition"],
    [() => new JwtBearerAuthenticator({ ...options, assertion, tokenStore }), "partition"],
    [() => fleet.add(1, { tokenStore: fleet.store as never }), "what sharedTokens(store) returns"],
    [() => sharedTokens({} as never), "a TokenStore"],
    [() => sharedTokens(fleet.store, { timeout: 0 }), "timeout must be"],
    [() => sharedTokens(fleet.store, { leaseTime: 1 }), "leaseTime must be"],
  ];
  for (const [make, text] of faults) assertThrows(make, Error, text);
  new JwtBearerAuthenticator({ ...options, assertion, tokenStore: sharedTokens(fleet.store, { partition: "sub" }) });
});
