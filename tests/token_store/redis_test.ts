/** Tokens in a real Redis: by every client, over connections that break, and when it is gone. */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { type RedisClient, redisRestTokenStore, redisTokenStore } from "@m2m/authenticator/token-store/redis";
import { storeCases } from "@m2m/authenticator/token-store/conformance";
import { Buffer } from "node:buffer";
import { connect, createServer } from "node:net";
import { createClient as createClient4 } from "npm:@redis/client@1.6.1";
import { createClient, createCluster, RESP_TYPES } from "npm:@redis/client@6.3.1";
import { Redis as UpstashRedis } from "npm:@upstash/redis@1.39.0";
import { Cluster } from "npm:ioredis@6.0.0";
import { askWorker, runScript, testOnPrograms, testOnWorkerd } from "../runtimes/every_runtime.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { host, listen, serve } from "../servers/loopback.ts";
import { findRedis, startRedis } from "../servers/redis.ts";
import { restToken, startRedisRest } from "../servers/redis_rest.ts";
import { Fleet } from "./fleet.ts";
import { clients, type OpenClient, openIoredis, openStore, type Place, runAllCases } from "./redis_clients.ts";

// Clients keep timers for a while after they are closed.
const testOnRedis = await testsOn("Redis", findRedis, { sanitizeOps: false, sanitizeResources: false });
const options = (signal = new AbortController().signal) => ({ lifetime: 60_000.5, signal });
const replying = (reply: unknown) => redisTokenStore({ send: () => Promise.resolve(reply) });
const caseCount = storeCases(replying(null)).length;

/** Starts Redis, with a user who has the permissions that the documentation names, and its REST form. */
async function startPlace(): Promise<Place & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const permissions = "~m2m:token:* +eval +get +set +del +pttl +pexpire".split(" ");
  const { port, url } = stack.use(await startRedis("--user", "limited", "on", ">word", ...permissions));
  const rest = { url: stack.use(startRedisRest(port)).url, token: restToken };
  const started = stack.move();
  return { url, rest, [Symbol.asyncDispose]: () => started.disposeAsync() };
}

const openBytes = (RESP: 2 | 3): OpenClient => async ({ url }) => {
  const client = createClient({ url, RESP });
  await client.connect();
  const mapped = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String });
  return openStore(mapped, () => client.destroy());
};

const { Bun: _, ...usual } = clients;
const onDeno: Record<string, OpenClient> = {
  ...usual,
  "node-redis 4": async ({ url }) => {
    const client = createClient4({ url });
    await client.connect();
    return openStore(client, () => void client.disconnect());
  },
  "node-redis, bytes by RESP2": openBytes(2),
  "node-redis, bytes by RESP3": openBytes(3),
  "ioredis, a prefix and numbers as text": ({ url }) => openIoredis(url, { keyPrefix: "a:", stringNumbers: true }),
  "ioredis, RESP3": ({ url }) => openIoredis(url, { protocol: 3, replyMapping: "resp3" }),
  "ioredis, few permissions": ({ url }) =>
    openIoredis(url, { username: "limited", password: "word", enableReadyCheck: false, disableClientInfo: true }),
  "@db/redis's shape": ({ url }) =>
    openIoredis(url, {}, (redis) => ({
      eval: (script: string, keys: string[], args: string[]) =>
        redis.call("EVAL", script, keys.length, ...keys, ...args),
    })),
  "@upstash/redis": ({ rest }) => openStore(new UpstashRedis({ ...rest, enableTelemetry: false })),
};

testOnRedis("Redis: all cases, by every client", async () => {
  await using place = await startPlace();
  assertEquals(await runAllCases(onDeno, place), caseCount * Object.keys(onDeno).length);
});

const isInstalled = await findRedis().then(() => true, () => false);
if (isInstalled) {
  await testOnPrograms("Redis: all cases, by every client", async (executable, { name }) => {
    await using place = await startPlace();
    const names = ["node-redis", "ioredis", "REST", ...name === "Bun" ? ["Bun"] : []];
    const script = new URL("redis_clients.ts", import.meta.url);
    const args = [JSON.stringify(place), ...names];
    const { stdout, stderr } = await runScript(executable, script, { args, platform: "deno" });
    assertEquals([stdout.trim(), stderr], [String(caseCount * names.length), ""]);
  });

  const worker = new URL("redis_rest_worker.ts", import.meta.url);
  await testOnWorkerd("Redis by REST: all cases", worker, async (start) => {
    await using place = await startPlace();
    await using running = await start();
    assertEquals(await askWorker(running, place.rest), caseCount);
  });
}

testOnRedis("Redis Cluster: all cases, for the keys of a token are in one slot", async () => {
  await using server = await startRedis("--cluster-enabled", "yes", "--cluster-announce-ip", host);
  using own = openIoredis(server.url);
  await own.redis.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
  while (!String(await own.redis.call("CLUSTER", "INFO")).includes("cluster_state:ok"));
  const openCluster: Record<string, OpenClient> = {
    "ioredis": ({ url }) => {
      const cluster = new Cluster([url]);
      return openStore(cluster, () => cluster.disconnect());
    },
    "node-redis": async ({ url }) => {
      const cluster = createCluster({ rootNodes: [{ url }] });
      await cluster.connect();
      return openStore(cluster, () => cluster.destroy());
    },
  };
  await runAllCases(openCluster, { url: server.url, rest: { url: "", token: "" } });
});

/** Starts a way to Redis that breaks once: after Redis has run a script, before its answer arrives. */
async function startBreakingProxy(port: number) {
  const server = createServer();
  const proxy = { scripts: 0, ...await listen(server) };
  server.on("connection", (socket) => {
    let isBreaking = false;
    const redis = connect(port, host, () => {});
    socket.on("data", (data) => {
      if (/eval/i.test(data.toString("latin1"))) isBreaking = ++proxy.scripts === 1;
      redis.write(data);
    });
    redis.on("data", (data) => isBreaking ? socket.destroy() : socket.write(data));
    socket.on("close", () => redis.destroy());
  });
  return { ...proxy, scripts: () => proxy.scripts, [Symbol.asyncDispose]: proxy.close };
}

testOnRedis(
  "Redis: a connection that breaks after a command has arrived: sent again, it has the same answer",
  async () => {
    await using server = await startRedis();
    using direct = openIoredis(server.url);
    const { store } = direct;
    for (const name of ["acquire", "extend", "set", "set without owner"] as const) {
      await using proxy = await startBreakingProxy(server.port);
      using client = openIoredis(`redis://${host}:${proxy.port}`);
      if (name !== "acquire") await store.lease!.acquire(name, "own", options());
      const { lease, set } = client.store;
      const isDone = await {
        "acquire": () => lease!.acquire(name, "own", options()),
        "extend": () => lease!.extend(name, "own", options()),
        "set": () => set(name, "value", { ...options(), owner: "own" }),
        "set without owner": () => set(name, "value", options()),
      }[name]();
      const value = (await store.get(name, options()))?.value;
      const isFree = await store.lease!.acquire(name, "other", options());
      const expected = name.startsWith("set") ? [true, "value", name === "set"] : [true, undefined, false];
      assertEquals([isDone, value, isFree, proxy.scripts()], [...expected, 2], name);
    }
  },
);

for (const [name, open] of Object.entries(usual)) {
  for (const signal of ["SIGSTOP", "SIGKILL"] as const) {
    testOnRedis(`Redis is gone by ${signal}, ${name}: the call gets its token without it`, async () => {
      await using server = await startRedis();
      await using rest = startRedisRest(server.port);
      using client = await open({ url: server.url, rest: { url: rest.url, token: restToken } });
      const fleet = new Fleet();
      const [member] = fleet.add(1, { store: client.store });
      assertEquals(await fleet.call(), ["token-1"]);
      fleet.pass(3_600_000);
      server.signal(signal);
      const start = performance.now();
      assertEquals(await fleet.call(), ["token-2"]);
      assert(performance.now() - start < 5_000);
      assert(member!.events.some(({ type }) => type === "token_store_bypassed"));
    });
  }
}

testOnRedis("Redis: its errors are named, and the command isn't shown, which has the token", async () => {
  await using place = await startPlace();
  using own = openIoredis(place.url);
  await own.redis.lpush("m2m:token:{key}", "another type");
  for (const [name, open] of Object.entries(onDeno)) {
    if (name.includes("prefix")) continue;
    using client = await open(place);
    const error = await assertRejects(() => client.store.delete("key", "SECRET", options()), Error);
    const says = name === "@upstash/redis" ? "UpstashError" : "WRONGTYPE";
    assertEquals(error.message, `Cannot use Redis: ${says}.`, name);
    assert(!Deno.inspect(error, { depth: 9 }).includes("SECRET"), name);
  }
  const { rest } = place;
  await using elsewhere = serve(() => new Response(null, { status: 307, headers: { location: rest.url } }));
  await using odd = serve(() => Response.json(["1"]));
  const faults = {
    "WRONGPASS": { token: "t" },
    "HTTP 404": { url: `${rest.url}/x` },
    "HTTP 307": { url: elsewhere.origin },
  };
  for (const [says, fault] of Object.entries({ ...faults, "HTTP 200": { url: odd.origin } })) {
    const store = redisRestTokenStore({ ...rest, ...fault });
    await assertRejects(() => store.get("key", options()), Error, `Cannot use Redis: ${says}.`);
  }
});

testOnRedis("Redis: the keys, a prefix, and a value without an end, which is none", async () => {
  await using server = await startRedis();
  using own = openIoredis(server.url);
  const store = redisTokenStore(own.redis, { prefix: "my:" });
  await store.set("key", "value", options());
  await store.lease!.acquire("key", "owner", options());
  assertEquals((await own.redis.keys("*")).sort(), ["my:{key}", "my:{key}:lease"]);
  await own.redis.persist("my:{key}");
  assertEquals(await store.get("key", options()), undefined);
});

Deno.test("Redis: what isn't a reply is a failure, neither yes nor no", async () => {
  for (const reply of [undefined, {}, [], true, "OK", "value", ":value", "x:value", "0:value", 2]) {
    const store = replying(reply);
    const { lease } = store;
    for (
      const ask of [
        () => store.get("key", options()),
        () => store.set("key", "value", options()),
        () => lease.acquire("key", "owner", options()),
        () => lease.release("key", "owner", options()),
      ]
    ) await assertRejects(ask, Error, "Cannot use Redis: ");
  }
  assertEquals(await replying("5:").get("key", options()), { value: "", remainingLifetime: 5 });
});

Deno.test("Redis: clients and options that can't be used are refused", () => {
  const legacy = { EVAL() {}, eval() {}, sendCommand() {} };
  const unusable = [undefined, null, {}, "redis://127.0.0.1", legacy, { sendCommand() {} }];
  for (const client of unusable) assertThrows(() => redisTokenStore(client as never), TypeError, "client must be");
  const sender: RedisClient = { send: () => Promise.resolve(null) };
  for (const prefix of ["a{}", 1]) {
    assertThrows(() => redisTokenStore(sender, { prefix } as never), TypeError, "prefix");
  }
  const rest = { url: "https://redis.test", token: "t" };
  for (const fault of [{ url: "redis.test" }, { token: "" }, { token: "a\nb" }, { token: undefined }, { fetch: 1 }]) {
    const error = assertThrows(() => redisRestTokenStore({ ...rest, ...fault } as never), TypeError) as Error;
    assertMatch(error.message, new RegExp(`^${Object.keys(fault)[0]} must be`));
  }
});
