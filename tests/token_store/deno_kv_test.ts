import { assertEquals, assertThrows } from "@std/assert";
import { denoKvTokenStore } from "@m2m/authenticator/token-store/deno-kv";
import type { TokenStore } from "@m2m/authenticator/token-store";
import { testOnPrograms } from "../runtimes/every_runtime.ts";
import { npmPackage } from "../runtimes/npm_package.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { Fleet } from "./fleet.ts";
import { checkExclusion, checkKilled, StoreProcesses, withProcesses } from "./processes.ts";
import { runCases } from "./run_cases.ts";

const traits = { shortestLifetime: 1_500, endsValues: false };
const options = { lifetime: 60_000, signal: new AbortController().signal };

Deno.test("Deno KV in memory: passes all cases, whatever the wall clock says", async () => {
  using kv = await Deno.openKv(":memory:");
  const { now } = Date;
  // Five minutes ahead or behind, at random.
  Date.now = () => now() + Math.sign(Math.random() - 0.5) * 300_000;
  try {
    await runCases(denoKvTokenStore(kv), traits);
  } finally {
    Date.now = now;
  }
});

Deno.test("Deno KV in a file, by two handles in turn: passes all cases", () =>
  withProcesses("kv", async (_, path) => {
    using one = await Deno.openKv(path);
    using other = await Deno.openKv(path);
    await runCases(inTurn(denoKvTokenStore(one), denoKvTokenStore(other)), traits);
  }));

/** A store whose operations go to one and the other, at random. */
function inTurn(...stores: TokenStore[]): TokenStore {
  const next = () => stores[Math.floor(Math.random() * stores.length)]!;
  return {
    get: (...args) => next().get(...args),
    set: (...args) => next().set(...args),
    delete: (...args) => next().delete(...args),
    lease: {
      acquire: (...args) => next().lease!.acquire(...args),
      extend: (...args) => next().lease!.extend(...args),
      release: (...args) => next().lease!.release(...args),
    },
  };
}

Deno.test("Deno KV in a file of several processes: a lease excludes, and a killed one's ends", () =>
  withProcesses("kv", async (processes, path) => {
    using kv = await Deno.openKv(path);
    const store = denoKvTokenStore(kv);
    await checkExclusion(processes, Deno.execPath(), store);
    await checkKilled(processes, Deno.execPath(), store);
  }));

Deno.test("Deno KV: a cold fleet of eight makes one token request", () =>
  withProcesses("kv", async (_, path) => {
    using handles = new DisposableStack();
    const fleet = new Fleet();
    const sharing = { timeout: 5_000 };
    for (let count = 0; count < 8; count++) {
      fleet.add(1, { store: denoKvTokenStore(handles.use(await Deno.openKv(path))), sharing });
    }
    assertEquals([await fleet.call(), fleet.requests], [Array(8).fill("token-1"), 1]);
  }));

Deno.test("Deno KV: what has ended isn't removed at once, for clocks differ", () =>
  withProcesses("kv", async (_, path) => {
    {
      using kv = await Deno.openKv(path);
      await denoKvTokenStore(kv, { prefix: [1] }).set("key", "value", { ...options, lifetime: 0.5 });
    }
    // Removes what may be removed.
    using kv = await Deno.openKv(path);
    assertEquals((await kv.get([1, "value", "key"])).value, "value");
  }));

Deno.test("Deno KV: what another process does between look and change counts", async () => {
  using kv = await Deno.openKv(":memory:");
  const other = denoKvTokenStore(kv);
  let meanwhile = () => Promise.resolve<unknown>(true);
  const get: Deno.Kv["get"] = async (key) => {
    const entry = await kv.get<never>(key);
    await meanwhile();
    meanwhile = () => Promise.resolve(true);
    return entry;
  };
  const slow = denoKvTokenStore({ get, atomic: () => kv.atomic() });

  meanwhile = () => other.lease!.acquire("key", "b", options);
  assertEquals(await slow.lease!.acquire("key", "a", options), false);
  meanwhile = () => other.set("key", "of b", { ...options, owner: "b" });
  assertEquals(await slow.set("key", "of a", { ...options, owner: "b" }), false);
  meanwhile = () => other.set("key", "newer", options);
  await slow.delete("key", "of b", options);
  assertEquals(await other.get("key", options), { value: "newer" });
});

Deno.test("Deno KV: a value that is too long isn't written; one that is no text is none", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = denoKvTokenStore(kv);
  assertEquals(await store.set("key", "x".repeat(65_001), options), false);
  assertEquals(await store.set("key", "x".repeat(65_000), options), true);
  await kv.set(["m2m", "token", "value", "key"], { not: "ours" });
  assertEquals(await store.get("key", options), undefined);
});

Deno.test("denoKvTokenStore: refuses what is no database, and no prefix", () => {
  assertThrows(() => denoKvTokenStore({} as never), TypeError, "kv must be");
  const kv = { get: () => {}, atomic: () => {} } as never;
  for (const prefix of ["m2m", [{}]] as never[]) {
    assertThrows(() => denoKvTokenStore(kv, { prefix }), TypeError, "prefix must be");
  }
});

await testOnPrograms("Deno KV in memory, by @deno/kv: passes all cases", async (executable) => {
  await using folder = await temporaryFolder("store_");
  const processes = new StoreProcesses(folder.path, "npm kv", await npmPackage("@deno/kv@0.14.0", "esm/npm.js"));
  await processes.run(executable, "cases", 0);
});
