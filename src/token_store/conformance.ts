/**
 * What every token store must do, as cases to run against one: the stores of this package pass them, and one of your own
 * should.
 *
 * @module
 */

import type { LeasingTokenStore, SetOptions, TokenStore } from "./token_store.ts";

export type * from "./token_store.ts";

/** What is known of a store that is checked. */
export interface StoreTraits {
  /** The shortest lifetime that the store keeps to, in milliseconds. Default: 1,000. */
  readonly shortestLifetime?: number | undefined;
  /** Whether a value is gone when its lifetime is over; if not, the record's own end counts. Default: `true`. */
  readonly endsValues?: boolean | undefined;
}

/** One thing that a store must do. */
export interface StoreCase {
  /** What it does. */
  readonly name: string;
  /** Checks it. Rejects with an `Error` that says what is wrong. */
  readonly run: () => Promise<void>;
}

/**
 * Makes the cases for a store: those of leases only where it has them. Each uses keys of its own.
 *
 * @example
 * ```ts
 * import { storeCases } from "@m2m/authenticator/token-store/conformance";
 * import { denoKvTokenStore } from "@m2m/authenticator/token-store/deno-kv";
 *
 * using kv = await Deno.openKv(":memory:");
 * const cases = storeCases(denoKvTokenStore(kv), { endsValues: false });
 * for (const { name, run } of cases.filter(({ name }) => name.startsWith("delete:"))) {
 *   await run();
 *   console.log(name);
 * }
 * ```
 *
 * @param store The store.
 * @param traits What is known of it.
 * @returns The cases, to be run one by one or together.
 */
export function storeCases(store: TokenStore, traits: StoreTraits = {}): StoreCase[] {
  const { shortestLifetime = 1_000, endsValues = true } = traits;
  const cases = { ...valueCases, ...endsValues && endCases };
  const own = Object.entries(cases).map(([name, run]) => ({ name, run: () => run(store, shortestLifetime) }));
  if (!store.lease) return own;
  const leasing = store as LeasingTokenStore;
  return [
    ...own,
    ...Object.entries(leaseCases).map(([name, run]) => ({ name, run: () => run(leasing, shortestLifetime) })),
  ];
}

const minute = 60_000;

function newKey(): string {
  return `case-${crypto.randomUUID()}`;
}

function options() {
  return { signal: new AbortController().signal };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function expect(isSo: boolean, what: string): void {
  if (!isSo) throw new Error(`The store must ${what}.`);
}

async function expectValue(store: TokenStore, key: string, value: string | undefined, what: string): Promise<void> {
  const found = await store.get(key, options());
  const isLive = found !== undefined && (found.remainingLifetime === undefined || found.remainingLifetime > 0);
  expect((isLive ? found.value : undefined) === value, what);
}

function write(store: TokenStore, key: string, value: string, { lifetime = minute, owner }: Partial<SetOptions> = {}) {
  return store.set(key, value, { lifetime, owner, ...options() });
}

type Check<Store> = (store: Store, lifetime: number) => Promise<void>;

const visible = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index)).join("");

const valueCases: Record<string, Check<TokenStore>> = {
  "get: a key that was never written has no value": async (store) => {
    await expectValue(store, newKey(), undefined, "give undefined for an unknown key");
  },
  "set: a value of any visible characters is read as it was written": async (store) => {
    const key = newKey();
    expect(await write(store, key, visible), "say true when it has written");
    await expectValue(store, key, visible, "give the value that was written");
  },
  "set: a value of 16,000 characters is read as it was written": async (store) => {
    const [key, value] = [newKey(), "0123456789abcdef".repeat(1_000)];
    await write(store, key, value);
    await expectValue(store, key, value, "take long values");
  },
  "set: a value replaces the one before": async (store) => {
    const key = newKey();
    for (const value of ["one", "two"]) await write(store, key, value);
    await expectValue(store, key, "two", "give the value written last");
  },
  "set: keys don't touch one another, whatever their letter case": async (store) => {
    const key = newKey();
    for (const each of [`${key}-a`, `${key}-A`]) await write(store, each, each);
    for (const each of [`${key}-a`, `${key}-A`]) await expectValue(store, each, each, "tell keys apart");
  },
  "get: a remaining lifetime is the value's, by the store's own clock": async (store) => {
    const key = newKey();
    await write(store, key, "value");
    const { remainingLifetime = minute } = await store.get(key, options()) ?? {};
    const isRight = remainingLifetime <= minute && remainingLifetime > minute / 2;
    expect(isRight, `give what is left of the lifetime in milliseconds, not ${remainingLifetime}`);
  },
  "delete: the value that is named goes": async (store) => {
    const key = newKey();
    await write(store, key, "value");
    await store.delete(key, "value", options());
    await expectValue(store, key, undefined, "delete the value that is named");
  },
  "delete: a value that has replaced the one that is named stays": async (store) => {
    const key = newKey();
    for (const value of ["old", "new"]) await write(store, key, value);
    await store.delete(key, "old", options());
    await expectValue(store, key, "new", "keep a value that isn't the one that is named");
  },
  "delete: of an unknown key does nothing": async (store) => {
    await store.delete(newKey(), "value", options());
  },
};

const endCases: Record<string, Check<TokenStore>> = {
  "set: a value is gone after its lifetime": async (store, lifetime) => {
    const key = newKey();
    await write(store, key, "value", { lifetime });
    await expectValue(store, key, "value", "give a value that lives");
    await pause(lifetime * 1.5 + 200);
    await expectValue(store, key, undefined, "give no value after its lifetime");
  },
  "set: a value that is written again has its own lifetime": async (store, lifetime) => {
    const key = newKey();
    await write(store, key, "one", { lifetime });
    await write(store, key, "two");
    await pause(lifetime * 1.5 + 200);
    await expectValue(store, key, "two", "keep a value for its own lifetime");
  },
};

function acquire({ lease }: LeasingTokenStore, key: string, owner: string, lifetime = minute): Promise<boolean> {
  return lease.acquire(key, owner, { lifetime, ...options() });
}

async function acquireWithin(ms: number, store: LeasingTokenStore, key: string, owner: string): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end;) {
    if (await acquire(store, key, owner)) return true;
    await pause(50);
  }
  return false;
}

const leaseCases: Record<string, Check<LeasingTokenStore>> = {
  "lease: one owner has it, and no other": async (store) => {
    const key = newKey();
    expect(await acquire(store, key, "a"), "give a lease that is free");
    expect(!await acquire(store, key, "b"), "refuse a lease that another owner holds");
    expect(await acquire(store, newKey(), "b"), "give a lease for each key");
  },
  "lease: of 16 that ask together one gets it": async (store) => {
    const key = newKey();
    const answers = await Promise.all(Array.from({ length: 16 }, (_, owner) => acquire(store, key, `owner-${owner}`)));
    const count = answers.filter(Boolean).length;
    expect(count === 1, `give a lease to one owner, not to ${count}`);
  },
  "lease: its owner alone releases it": async (store) => {
    const key = newKey();
    await acquire(store, key, "a");
    await store.lease.release(key, "b", options());
    expect(!await acquire(store, key, "b"), "keep a lease that another owner releases");
    await store.lease.release(key, "a", options());
    expect(await acquire(store, key, "b"), "give a lease that was released");
  },
  "lease: it ends by itself after its lifetime": async (store, lifetime) => {
    const key = newKey();
    const start = performance.now();
    await acquire(store, key, "a", lifetime);
    expect(await acquireWithin(lifetime * 3 + 2_000, store, key, "b"), "give a lease that has ended");
    expect(performance.now() - start > lifetime / 2, "keep a lease for its lifetime");
  },
  "lease: extended, it lasts longer": async (store, lifetime) => {
    const key = newKey();
    await acquire(store, key, "a", lifetime);
    expect(await store.lease.extend(key, "a", { lifetime: minute, ...options() }), "extend the owner's lease");
    expect(!await store.lease.extend(key, "b", { lifetime: minute, ...options() }), "extend the owner's lease alone");
    await pause(lifetime * 1.5 + 200);
    expect(!await acquire(store, key, "b"), "keep an extended lease");
  },
  "lease: acquired again by its owner, it lasts longer": async (store, lifetime) => {
    const key = newKey();
    await acquire(store, key, "a", lifetime);
    expect(await acquire(store, key, "a"), "say true again to the owner");
    await pause(lifetime * 1.5 + 200);
    expect(!await acquire(store, key, "b"), "start the lifetime again for the owner");
  },
  "lease: it goes on when the value is written without it, or deleted": async (store) => {
    const key = newKey();
    await acquire(store, key, "a");
    await write(store, key, "value");
    await store.delete(key, "value", options());
    expect(!await acquire(store, key, "b"), "keep a lease whatever becomes of the value");
  },
  "lease: one that was released isn't taken by extending it": async (store) => {
    const key = newKey();
    await acquire(store, key, "a");
    await store.lease.release(key, "a", options());
    expect(!await store.lease.extend(key, "a", { lifetime: minute, ...options() }), "extend no lease that has ended");
    expect(await acquire(store, key, "b"), "leave a free lease free");
  },
  "set: the owner of the lease writes, and the lease ends": async (store) => {
    const key = newKey();
    await acquire(store, key, "a");
    expect(await write(store, key, "value", { owner: "a" }), "let the owner write");
    await expectValue(store, key, "value", "give the value that the owner wrote");
    expect(await acquire(store, key, "b"), "end the lease when its owner has written");
  },
  "set: an owner without the lease writes nothing": async (store) => {
    const key = newKey();
    await write(store, key, "first");
    expect(!await write(store, key, "second", { owner: "a" }), "refuse to write without a lease");
    await acquire(store, key, "b");
    expect(!await write(store, key, "second", { owner: "a" }), "refuse to write with another's lease");
    await expectValue(store, key, "first", "keep the value");
    expect(!await acquire(store, key, "a"), "keep the other's lease");
  },
  "set: an owner that was paused doesn't replace what the next one wrote": async (store, lifetime) => {
    const key = newKey();
    await acquire(store, key, "a", lifetime);
    expect(await acquireWithin(lifetime * 3 + 2_000, store, key, "b"), "give a lease that has ended");
    await write(store, key, "of b", { owner: "b" });
    expect(!await write(store, key, "of a", { owner: "a" }), "refuse what comes late");
    await expectValue(store, key, "of b", "keep what the next owner wrote");
  },
};
