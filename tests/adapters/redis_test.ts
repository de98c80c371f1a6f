/** Tokens as passwords of a real Redis: connections that stay open while tokens change, break, and are refused. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { encodeBase64Url } from "@std/encoding/base64url";
import { redisCredentials, type RedisCredentialsOptions } from "@m2m/authenticator/adapters/redis";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createClient as createClient5 } from "npm:@redis/client@5.12.1";
import { createClient, createClientPool, createCluster } from "npm:@redis/client@6.3.1";
import { Redis } from "npm:ioredis@6.0.0";
import { testsOn } from "../runtimes/tests_on.ts";
import { host, until } from "../servers/loopback.ts";
import { findRedis, startRedis } from "../servers/redis.ts";
import { adapterScene, type SceneOptions } from "./adapter_scene.ts";

// Clients keep timers for a while after they are closed.
const testOnRedis = await testsOn("Redis", findRedis, { sanitizeOps: false, sanitizeResources: false });
const username = "robot";

/** Redis with the user `robot`, whose passwords are the tokens but for the refused ones; an authenticator, a provider. */
async function startScene(
  { refused = [], settings = [], onError, ...options }: SceneOptions & RedisCredentialsOptions & {
    refused?: readonly string[];
    /** More settings of Redis. */
    settings?: readonly string[];
  } = {},
) {
  await using stack = new AsyncDisposableStack();
  const { url } = stack.use(await startRedis("--user", ..."robot on ~* &* +@all".split(" "), ...settings));
  const admin = new Redis(url);
  stack.defer(() => admin.disconnect());
  const issue = (token: string) => refused.includes(token) || admin.call("ACL", "SETUSER", username, `>${token}`);
  const scene = stack.use(adapterScene({ issue, ...options }));
  const provider = redisCredentials(scene.authenticator, { username, onError });
  /** The connections of `robot`. */
  async function connections() {
    const list = String(await admin.call("CLIENT", "LIST")).split("\n").filter((line) => line.includes("user=robot"));
    return list.map((line) => /^id=\d+/.exec(line)?.[0]).sort();
  }
  /** How often open connections authenticated, and how often that failed. */
  async function authentications() {
    const line = /cmdstat_auth:calls=(\d+).*failed_calls=(\d+)/.exec(await admin.info("commandstats"));
    return [Number(line?.[1] ?? 0), Number(line?.[2] ?? 0)];
  }
  const started = stack.move();
  return {
    ...scene,
    ...{ url, admin, provider, client: { url, credentialsProvider: provider } },
    /** Refreshes the token, and has Redis take the new one alone. */
    async replace() {
      const old = await scene.authenticator.getCredentials();
      await scene.authenticator.refreshCredentials();
      await admin.call("ACL", "SETUSER", username, `<${old.accessToken}`);
    },
    breakConnections: () => admin.call("CLIENT", "KILL", "USER", username),
    connections,
    countConnections: async () => (await connections()).length,
    authentications,
    countAuthentications: async () => (await authentications())[0],
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

type Scene = Awaited<ReturnType<typeof startScene>>;

/** Waits until the server's count is this, ten seconds at least. */
async function untilCounted<Count>(count: () => Promise<Count>, expected: Count): Promise<void> {
  for (let tries = 0; await count() !== expected; tries++) {
    if (tries > 2_000) assertEquals(await count(), expected);
    await sleep(5);
  }
}

async function collectGarbage(): Promise<void> {
  // What a job has made lives as long as the job.
  await sleep(1);
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

/** The clients, each with its number of connections, and whether it authenticates by AUTH at first. */
const clients = {
  "node-redis 6": { open: ({ client }: Scene) => createClient(client).connect(), count: 1, first: 0 },
  "node-redis 6, RESP2": {
    open: ({ client }: Scene) => createClient({ ...client, RESP: 2 }).connect(),
    count: 1,
    first: 1,
  },
  "node-redis 5, RESP3": {
    open: ({ client }: Scene) => createClient5({ ...client, RESP: 3 }).connect(),
    count: 1,
    first: 0,
  },
  "a pool": {
    open: ({ client }: Scene) => createClientPool(client, { minimum: 3, maximum: 3 }).connect(),
    count: 3,
    first: 0,
  },
};

for (const [name, { open, count, first }] of Object.entries(clients)) {
  testOnRedis(`redisCredentials, ${name}: connections stay while tokens change, and no command is lost`, async () => {
    await using scene = await startScene();
    const client = await open(scene) as ReturnType<typeof createClient>;
    const failures: unknown[] = [];
    client.on("error", (error) => failures.push(error));
    let written = 0;
    let isDone = false;
    const write = async () => {
      while (!isDone) await client.sendCommand(["SADD", "written", String(written++)]);
    };
    try {
      const opened = await scene.connections();
      assertEquals(opened.length, count);
      const writing = Promise.all([write(), write(), write()]);
      writing.catch(() => {});
      for (let refreshes = 1; refreshes <= 3; refreshes++) {
        await scene.replace();
        await untilCounted(scene.countAuthentications, first + refreshes * count);
      }
      isDone = true;
      await writing;
      assertEquals(await scene.admin.scard("written"), written);
      assertEquals([await scene.connections(), await scene.authentications()], [opened, [first + 3 * count, 0]]);

      // A connection that breaks: the next one starts with the token of now.
      await scene.breakConnections();
      await untilCounted(scene.countConnections, count);
      await client.sendCommand(["PING"]);
      assertEquals([scene.tokens.length, failures.length], [4, count]);
    } finally {
      client.destroy();
    }
  });
}

testOnRedis("redisCredentials, a cluster: connections stay while tokens change", async () => {
  await using scene = await startScene({ settings: ["--cluster-enabled", "yes", "--cluster-announce-ip", host] });
  await scene.admin.call("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
  const state = async () => /cluster_state:\w+/.exec(String(await scene.admin.call("CLUSTER", "INFO")))?.[0];
  await untilCounted(state, "cluster_state:ok");
  const { url, provider: credentialsProvider } = scene;
  const cluster = createCluster({ rootNodes: [{ url }], defaults: { credentialsProvider } });
  cluster.on("error", () => {});
  await cluster.connect();
  try {
    await cluster.set("key", "1");
    const opened = await scene.connections();
    for (let refreshes = 1; refreshes <= 2; refreshes++) {
      await scene.replace();
      await untilCounted(scene.countAuthentications, refreshes * opened.length);
      assertEquals([await cluster.get("key"), await scene.connections()], ["1", opened]);
    }
  } finally {
    cluster.destroy();
  }
});

testOnRedis("redisCredentials: short-lived tokens are pushed before they expire", async () => {
  await using scene = await startScene({ expiresIn: 2 });
  const client = await createClient(scene.client).connect();
  const failures: unknown[] = [];
  client.on("error", (error) => failures.push(error));
  try {
    const opened = await scene.connections();
    for (let count = 1; count <= 2; count++) {
      await untilCounted(scene.countAuthentications, count);
      assertEquals(await client.ping(), "PONG");
    }
    assertEquals([await scene.connections(), failures], [opened, []]);
  } finally {
    client.destroy();
  }
});

testOnRedis(
  "redisCredentials: connections that are gone leave nothing, and the last one ends the refreshes",
  async () => {
    await using scene = await startScene();
    const client = await createClient(scene.client).connect();
    const other = await createClient(scene.client).connect();
    for (const each of [client, other]) each.on("error", () => {});
    for (let count = 0; count < 20; count++) {
      await scene.breakConnections();
      await Promise.all([client.ping(), other.ping()].map((ping) => ping.catch(() => {})));
      await untilCounted(scene.countConnections, 2);
    }
    assertEquals(scene.countListeners(), 1);
    await collectGarbage();
    await scene.authenticator.refreshCredentials();
    await untilCounted(scene.countAuthentications, 2);
    assertEquals(await scene.authentications(), [2, 0]);

    client.destroy();
    assertEquals(scene.countListeners(), 1);
    await other.close();
    assertEquals(scene.countListeners(), 0);
  },
);

testOnRedis(
  "redisCredentials: a token that Redis refuses is refreshed, at first and on an open connection",
  async () => {
    const errors: Error[] = [];
    await using scene = await startScene({ refused: ["token-1", "token-3"], onError: (error) => errors.push(error) });
    const client = createClient(scene.client);
    client.on("error", scene.provider.onReAuthenticationError);
    try {
      await client.connect();
      assertEquals([scene.tokens.length, errors.map(({ message }) => message.slice(0, 9))], [2, ["WRONGPASS"]]);
      const opened = await scene.connections();
      await collectGarbage();
      await scene.authenticator.refreshCredentials();
      await until(() => errors.length === 2);
      // Its predecessor lives, and is in use again.
      assertEquals((await scene.authenticator.getCredentials()).accessToken, "token-2");
      const [count = 0] = await scene.authentications();
      await scene.replace();
      await untilCounted(async () => (await scene.authentications())[0]! > count, true);
      assertEquals([await client.ping(), await scene.connections(), errors.length], ["PONG", opened, 2]);
      assert(errors.every((error) => !Deno.inspect(error, { depth: 9 }).includes("token-")));
      scene.provider.onReAuthenticationError(new Error("connect ECONNREFUSED"));
      scene.provider.onReAuthenticationError(new Error("The client is closed"));
      assertEquals([errors.length, scene.tokens.length], [3, 4]);
    } finally {
      client.destroy();
    }
  },
);

testOnRedis("ioredis: two lines keep its connections authenticated", async () => {
  await using scene = await startScene();
  const { authenticator } = scene;
  const redis = new Redis(scene.url, { username, password: (await authenticator.getCredentials()).accessToken });
  redis.on("error", () => {});
  const stop = authenticator.onToken(({ accessToken }) => redis.auth(username, redis.options.password = accessToken));
  try {
    await redis.ping();
    const [before] = await scene.authentications();
    const opened = await scene.connections();
    await scene.replace();
    await untilCounted(scene.countAuthentications, before! + 1);
    assertEquals([await redis.ping(), await scene.connections()], ["PONG", opened]);
    await scene.breakConnections();
    assertEquals([await redis.ping(), (await scene.authentications())[1]], ["PONG", 0]);
  } finally {
    stop();
    redis.disconnect();
  }
});

Deno.test("redisCredentials: the user is an option, or the token's oid or sub", async () => {
  const jwt = (claims: object) => `e30.${encodeBase64Url(JSON.stringify(claims))}.c2ln`;
  const cases: readonly (readonly [token: string, user: string, option?: RedisCredentialsOptions["username"]])[] = [
    [jwt({ oid: "an-oid", sub: "a-sub" }), "an-oid"],
    [jwt({ oid: 1, sub: "a-sub-é" }), "a-sub-é"],
    [jwt({ oid: "an-oid" }), "default", "default"],
    ["opaque", "r-Bearer", ({ tokenType }) => `r-${tokenType}`],
  ];
  const listener = { onNext() {}, onError() {} };
  for (const [token, user, option] of cases) {
    await using scene = adapterScene({ makeToken: () => token });
    const [first] = await redisCredentials(scene.authenticator, { username: option }).subscribe(listener);
    assertEquals(first, { username: user, password: token });
  }
  await using scene = adapterScene();
  const provider = redisCredentials(scene.authenticator);
  await assertRejects(() => provider.subscribe(listener), TypeError, "Pass username.");
  assertEquals(scene.countListeners(), 0);
  for (const option of [{ username: "" }, { username: 1 }, { onError: 1 }]) {
    const [name = ""] = Object.keys(option);
    assertThrows(() => redisCredentials(scene.authenticator, option as never), TypeError, `${name} must be`);
  }
});
