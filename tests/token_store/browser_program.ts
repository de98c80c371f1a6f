/**
 * What a page and a service worker of Chromium do with the stores of browsers.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { sharedTokens, type TokenStore } from "@m2m/authenticator/token-store";
import { indexedDbTokenStore } from "@m2m/authenticator/token-store/indexed-db";
import { webCacheTokenStore } from "@m2m/authenticator/token-store/web-cache";
import { runCases } from "./run_cases.ts";

interface DatabaseRequest extends EventTarget {
  readonly result: {
    transaction(name: string): { objectStore(name: string): { count(): DatabaseRequest } };
    close(): void;
  };
}
declare const indexedDB: {
  open(name: string, version?: number): DatabaseRequest;
  deleteDatabase(name: string): DatabaseRequest;
};
declare const clients: { claim(): Promise<void> };
interface WorkerEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
  waitUntil(work: Promise<void>): void;
}

const name = "m2m-checks";
const options = { signal: new AbortController().signal };
const minute = { ...options, lifetime: 60_000 };

/** Resolves to what a request ends with: `success`, `blocked`, `error`. */
function settle(request: DatabaseRequest): Promise<string> {
  return new Promise((resolve) => {
    for (const type of ["success", "blocked", "error"]) request.addEventListener(type, () => resolve(type));
  });
}

/** Runs work while the clock is ahead. */
async function ahead<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const { now } = Date;
  Date.now = () => now() + ms;
  try {
    return await work();
  } finally {
    Date.now = now;
  }
}

function acquire(store: TokenStore, key: string, owner: string): Promise<boolean> {
  return store.lease!.acquire(key, owner, minute);
}

/** What only these stores can show, by its name. Each gets a store, and a key of its own. */
export const checks: Readonly<Record<string, (store: TokenStore, key: string) => Promise<void>>> = {
  async "a database that is deleted: isn't in the way, and is made again"(store, key) {
    await store.set(key, "value", minute);
    assertEquals(await settle(indexedDB.deleteDatabase(name)), "success");
    assertEquals(await store.get(key, options), undefined);
    assertEquals(await store.set(key, "value", minute), true);
  },
  async "a clock that is set back: values and leases from the future have ended"(store, key) {
    await ahead(3_600_000, async () => {
      await store.set(key, "value", minute);
      await acquire(store, key, "a");
    });
    assertEquals(await store.get(key, options), undefined);
    assertEquals(await acquire(store, key, "b"), true);
  },
  async "clocks that are blurred: a moment ahead is now"(store, key) {
    await ahead(100, async () => {
      await store.set(key, "value", minute);
      await acquire(store, key, "a");
    });
    assertEquals(await store.get(key, options), { value: "value", remainingLifetime: 60_000 });
    assertEquals(await acquire(store, key, "b"), false);
  },
  async "a write: deletes what has ended, under any key"(store, key) {
    const count = async () => {
      const request = indexedDB.open(name);
      await settle(request);
      const counted = request.result.transaction("records").objectStore("records").count();
      await settle(counted);
      request.result.close();
      return Number(counted.result);
    };
    await ahead(-7_200_000, async () => {
      for (const old of ["old", "older"]) await store.set(old + key, "value", minute);
    });
    const before = await count();
    await store.set(key, "value", minute);
    assertEquals(await count(), before - 1);
  },
  async "an owner that is paused: its lease has ended, though it holds the lock, and it writes nothing"(store, key) {
    await acquire(store, key, "a");
    await ahead(61_000, async () => {
      assertEquals(await acquire(store, key, "b"), true);
      assertEquals(await store.set(key, "of a", { ...minute, owner: "a" }), false);
      assertEquals(await store.set(key, "of b", { ...minute, owner: "b" }), true);
    });
  },
  async "contexts with and without Web Locks: respect the other's lease"(store, key) {
    const other = indexedDbTokenStore({ name, indexedDB });
    for (const [first, second] of [[store, other], [other, store]] as const) {
      assertEquals(await acquire(first, key, "a"), true);
      assertEquals(await acquire(second, key, "b"), false);
      await first.lease!.release(key, "a", options);
    }
  },
  async "an acquisition that is given up: the next one has the lease at once"(store, key) {
    for (let pause = 0; pause < 8; pause++) {
      const controller = new AbortController();
      const { signal } = controller;
      const given = store.lease!.acquire(key, `a${pause}`, { ...minute, signal }).catch(() => false);
      setTimeout(() => controller.abort(), pause / 2);
      const isTaken = await given;
      assertEquals(isTaken, !signal.aborted);
      if (isTaken) await store.lease!.release(key, `a${pause}`, options);
      assertEquals(await acquire(store, key, "b"), true);
      await store.lease!.release(key, "b", options);
    }
  },
  async "a lease that is kept: its lock is free when it has written, and when it ends"(store, key) {
    const { locks } = navigator as unknown as { locks: { query(): Promise<{ held: unknown[] }> } };
    const held = async () => (await locks.query()).held.length;
    const before = await held();
    // A lock that is released is free a moment later.
    const isHeld = async (count: number) => {
      for (let tries = 0; await held() !== before + count; tries++) {
        assert(tries < 250, `${await held() - before} locks are held, and not ${count}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    assertEquals([await acquire(store, key, "a"), await acquire(store, key, "a")], [true, true]);
    await isHeld(1);
    await store.set(key, "value", { ...minute, owner: "a" });
    await isHeld(0);
    await store.lease!.acquire(key, "b", { ...options, lifetime: 300 });
    await isHeld(1);
    await isHeld(0);
  },
  // The last one: it leaves the database of a later version.
  async "a later version of the database: opens it, and then this one rejects"(store, key) {
    await store.set(key, "value", minute);
    assertEquals(await settle(indexedDB.open(name, 2)), "success");
    await assertRejects(() => store.get(key, options), DOMException, "version");
  },
};

let kept: TokenStore | undefined;
let authenticator: ClientCredentialsAuthenticator | undefined;
let calls = 0;

const acts: Readonly<Record<string, () => Promise<unknown>>> = {
  /** Runs all cases, by each kind of store. */
  cases: () =>
    Promise.all([
      indexedDbTokenStore({ name: "m2m-cases" }),
      indexedDbTokenStore({ name: "m2m-cases", indexedDB }),
      webCacheTokenStore(() => caches.open("m2m-cases")),
    ].map((store) => runCases(store))),
  /** Resolves to what the same store as before has, and writes it. */
  async visit() {
    const store = kept ??= indexedDbTokenStore({ name });
    const found = await store.get("visit", options);
    await store.set("visit", "seen", minute);
    return found?.value ?? "nothing";
  },
  /** Calls the API; resolves to the token that it was called with, and to how many calls this context has made. */
  async call() {
    authenticator ??= new ClientCredentialsAuthenticator({
      endpoint: location.origin,
      clientId: "id",
      clientSecret: "s3cret",
      configStore: new StaticClientConfigStore({ tokenEndpoint: `${location.origin}/token` }),
      tokenStore: sharedTokens(indexedDbTokenStore(), { leaseTime: 60_000, timeout: 5_000 }),
    });
    return [await (await authenticator.fetch("/api")).text(), ++calls];
  },
};

/** Does something; resolves to its result or its error. */
export async function act(what: string): Promise<{ result?: unknown; error?: string }> {
  try {
    const work = acts[what] ?? (() => checks[what]!(indexedDbTokenStore({ name }), crypto.randomUUID()));
    return { result: await work() };
  } catch (error) {
    return { error: String(error) };
  }
}

addEventListener("activate", (event) => (event as WorkerEvent).waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request, respondWith } = event as WorkerEvent;
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/act/")) respondWith.call(event, act(pathname.slice("/act/".length)).then(Response.json));
});
