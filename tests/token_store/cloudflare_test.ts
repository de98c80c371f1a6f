/** Both stores of Cloudflare, on workerd: the objects are its own, KV is miniflare's. */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { cloudflareKvTokenStore, type KvNamespace } from "@m2m/authenticator/token-store/cloudflare-kv";
import { durableObjectTokenStore, TokenStoreObject } from "@m2m/authenticator/token-store/durable-object";
import { type StartWorker, testOnWorkerd } from "../runtimes/every_runtime.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { serve } from "../servers/loopback.ts";
import { Fleet } from "./fleet.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** How long the token requests of a client take, and their tokens live. Default: 100 ms, and an hour. */
const clients: Record<string, { delay?: number; expires_in?: number }> = {
  slow: { delay: 2_500 },
  left: { delay: 600 },
  short: { expires_in: 3 },
};

/** A server that issues tokens and takes them, and isolates whose stores are in one folder. */
async function startScene(start: StartWorker, isolates: number) {
  await using stack = new AsyncDisposableStack();
  const requests: Record<string, number> = {};
  const revoked = new Set<string>();
  const server = stack.use(serve(async ({ headers }) => {
    const [scheme, credentials = ""] = headers.get("authorization")?.split(" ") ?? [];
    if (scheme !== "Basic") return new Response(credentials, { status: revoked.has(credentials) ? 401 : 200 });
    const client = atob(credentials).split(":")[0]!;
    const count = requests[client] = (requests[client] ?? 0) + 1;
    const { delay = 100, expires_in = 3_600 } = clients[client] ?? {};
    await pause(delay);
    return Response.json({ access_token: `${client}-${count}`, token_type: "Bearer", expires_in });
  }));
  const { path: storage } = stack.use(await temporaryFolder("storage_"));
  const bindings = { bindings: { SERVER: server.origin }, objects: { OBJECTS: "TokenStoreObject" }, kv: "KV" };
  let running = await start({ ...bindings, isolates, storage });
  stack.defer(() => running[Symbol.asyncDispose]());

  async function get(path: string, isolate = 0): Promise<string> {
    const response = await fetch(new URL(path, running.urls[isolate]), { signal: AbortSignal.timeout(10_000) });
    const text = await response.text();
    assert(response.ok, text + running.printed());
    return text;
  }

  return Object.assign(stack.move(), {
    ...{ requests, revoked, storage, get },
    /** Three calls at once in each isolate; resolves to the different answers. */
    async callAll(query: string) {
      const isolates = running.urls.flatMap((_, isolate) => [isolate, isolate, isolate]);
      return [...new Set(await Promise.all(isolates.map((isolate) => get(`/call?${query}`, isolate))))];
    },
    async restart() {
      await running[Symbol.asyncDispose]();
      running = await start({ ...bindings, isolates, storage });
    },
  });
}

type Scene = Awaited<ReturnType<typeof startScene>>;

const tests: Record<string, [isolates: number, test: (scene: Scene) => Promise<void>]> = {
  "eight isolates, cold, after a rejection and after a restart": [8, async (scene) => {
    const object = "store=object&client=object";
    const kv = "store=kv&client=kv";
    assertEquals(await scene.callAll(object), ["object-1"]);
    scene.revoked.add("object-1");
    assertEquals(await scene.callAll(object), ["object-2"]);
    await scene.callAll(kv);
    const requests = { ...scene.requests };
    // Without leases, each isolate may request one.
    assert(requests.object === 2 && requests.kv! <= 8, JSON.stringify(requests));
    await scene.restart();
    assertEquals(await scene.callAll(object), ["object-2"]);
    assertEquals((await scene.callAll(kv)).length, 1);
    assertEquals(scene.requests, requests);
  }],
  "pass all cases, and objects serve requests that end or take long": [
    2,
    async ({ get, callAll, requests, storage }) => {
      const folder = `${storage}/TokenStoreObject`;
      const isStored = (token: string) =>
        [...Deno.readDirSync(folder)].some(({ name }) => {
          try {
            return Deno.readTextFileSync(`${folder}/${name}`).includes(token);
          } catch {
            // Removed meanwhile: look again.
            return true;
          }
        });
      await Promise.all([
        ...["kv", "object"].map((store) => get(`/cases?store=${store}`)),
        // The request is longer than its lease.
        callAll("store=object&client=slow&lease=2000").then((tokens) => assertEquals(tokens, ["slow-1"])),
        // Where that request ends with the first, another one of its isolate takes over the lease, which lasts longer than
        // calls wait. At times workerd lets it live.
        get("/leave?store=object&client=left&lease=60000").then(async () =>
          assertMatch(`${await callAll("store=object&client=left&lease=60000")}`, /^left-[12]$/)
        ),
        // What has expired is deleted.
        get("/call?store=object&client=short").then(async () => {
          assert(isStored("short-1"));
          for (let tries = 0; isStored("short-1"); tries++) {
            assert(tries < 80);
            await pause(100);
          }
        }),
      ]);
      const { left, ...others } = requests;
      assert(left! <= 2);
      assertEquals(others, { slow: 1, short: 1 });
    },
  ],
};

const worker = new URL("cloudflare_worker.ts", import.meta.url);
for (const [name, [isolates, test]] of Object.entries(tests)) {
  await testOnWorkerd(`stores of Cloudflare: ${name}`, worker, async (start) => {
    await using scene = await startScene(start, isolates);
    await test(scene);
  });
}

/** A namespace that answers from a cache, as a location does. */
function cachedNamespace(cache = new Map<string, string | null>()) {
  const values = new Map<string, string>();
  const seen: unknown[] = [];
  const namespace: KvNamespace = {
    get(key, options) {
      seen.push(options);
      if (!cache.has(key)) cache.set(key, values.get(key) ?? null);
      return Promise.resolve(cache.get(key)!);
    },
    put(key, value, options) {
      seen.push(options);
      return Promise.resolve(void values.set(key, value));
    },
    delete: (key) => Promise.resolve(void values.delete(key)),
  };
  return { namespace, values, cache, seen };
}

Deno.test("cloudflareKvTokenStore: keeps values for a minute at least, and reads are cached for the shortest time", async () => {
  const { namespace, values, seen } = cachedNamespace();
  const { signal } = new AbortController();
  const store = cloudflareKvTokenStore(namespace);
  for (const lifetime of [900, 60_001]) await store.set("key", "value", { lifetime, signal });
  await store.get("key", { signal });
  await cloudflareKvTokenStore(namespace, { cacheTtl: 300, prefix: "p:" }).get("key", { signal });
  const reads = [30, 300].map((cacheTtl) => ({ type: "text", cacheTtl }));
  assertEquals([...seen, ...values.keys()], [{ expirationTtl: 60 }, { expirationTtl: 61 }, ...reads, "m2m:token:key"]);
});

Deno.test("cloudflareKvTokenStore: where a location reads what is outdated, tokens are requested and no call fails", async () => {
  const { namespace, cache } = cachedNamespace();
  const fleet = new Fleet();
  const add = async () => await fleet.call(fleet.add(1, { store: cloudflareKvTokenStore(namespace) }));
  // That there is no token is cached, too.
  assertEquals([await add(), await add()], [["token-1"], ["token-2"]]);
  cache.clear();
  assertEquals(await add(), ["token-2"]);
  fleet.revoked.add("token-2");
  assertEquals((await fleet.call()).sort(), ["token-1", "token-3", "token-4"]);
  assertEquals(await add(), ["token-5"]);
});

Deno.test("Durable Objects: answer nothing but stores, and others aren't taken for them", async () => {
  const object = new TokenStoreObject({ storage: {} as never });
  const foreign: [url: string, body: unknown][] = [
    ["https://example.com/", { operation: "get" }],
    ["https://token-store.invalid/", { operation: "toString" }],
    ["https://token-store.invalid/", "get"],
  ];
  for (const [url, body] of foreign) {
    const request = new Request(url, { method: "POST", body: JSON.stringify(body) });
    assertEquals((await object.fetch(request)).status, 404);
  }
  for (const answer of [new Response("Hello"), Response.json({}), new Response(null, { status: 500 })]) {
    const store = durableObjectTokenStore({
      idFromName: (name) => name,
      get: () => ({ fetch: () => Promise.resolve(answer) }),
    });
    await assertRejects(() => store.get("key", new AbortController()), Error, `${answer.status}. Check that its class`);
  }
});

Deno.test("stores of Cloudflare: arguments that can't be used are refused", () => {
  const { namespace } = cachedNamespace();
  const faults: [() => unknown, string][] = [
    [() => cloudflareKvTokenStore({} as never), "namespace must be a KV namespace"],
    [() => cloudflareKvTokenStore(namespace, { cacheTtl: 10 }), "cacheTtl must be"],
    [() => cloudflareKvTokenStore(namespace, { prefix: 1 as never }), "prefix must be"],
    [() => durableObjectTokenStore(undefined as never), "namespace must be a namespace of Durable Objects"],
    [() => durableObjectTokenStore({ idFromName: String, get: () => null! }, { prefix: 1 as never }), "prefix must be"],
  ];
  for (const [make, text] of faults) assertThrows(make, Error, text);
});
