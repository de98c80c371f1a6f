/**
 * Tokens in IndexedDB, which the service worker, the pages and the workers of an origin share.
 *
 * @module
 */

import { checkString, throwInvalid } from "../arguments.ts";
import {
  deleteEnded,
  findLive,
  IndexedDatabase,
  type Period,
  type RecordStore,
  startPeriod,
} from "./indexed_database.ts";
import type { LeaseOptions, LeasingTokenStore, StoreOptions, TokenLease } from "./token_store.ts";

export type * from "./token_store.ts";

/** What the store uses of `indexedDB`. */
export interface DatabaseFactory {
  /** Opens a database. */
  open(name: string, version?: number): unknown;
}

/** What the store uses of `navigator.locks`. */
export interface Locks {
  /** Runs a function while it holds a lock. */
  request(name: string, options: LockOptions, whileHeld: (lock: unknown) => unknown): Promise<unknown>;
}

/** Options of {@linkcode Locks.request}. */
export interface LockOptions {
  /** Whether others may hold it as well. */
  mode?: "exclusive" | "shared";
  /** Whether the function runs without the lock where that is held. */
  ifAvailable?: boolean;
  /** Ends the wait. */
  signal?: AbortSignal;
}

/** Options of {@linkcode indexedDbTokenStore}. */
export interface IndexedDbTokenStoreOptions {
  /** The database's name. It is the store's alone. Default: `m2m-tokens`. */
  readonly name?: string | undefined;
  /** Where the database is, such as a storage bucket's `indexedDB`. Default: the global one. */
  readonly indexedDB?: DatabaseFactory | undefined;
  /** Web Locks that reach as far as `indexedDB`. Default: `navigator.locks`, or none where `indexedDB` is given. */
  readonly locks?: Locks | undefined;
}

/**
 * Stores tokens in IndexedDB: a service worker that starts again finds its token there.
 *
 * All pages and workers of the origin in one browser profile share it, and one at a time requests a token. Times are by
 * the machine's clock; what was written by a clock that is set back since has ended.
 *
 * The lease is a record with an end, beside a Web Lock that its holder has: where that lock is free the holder is gone,
 * and the next one doesn't wait for the end. Browsers without Web Locks do.
 *
 * Scripts of the origin and the browser's user can read the database.
 *
 * @example
 * ```ts ignore
 * // Not run: only browsers have IndexedDB. This is for a service worker.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { indexedDbTokenStore } from "@m2m/authenticator/token-store/indexed-db";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: async () => (await fetch("/kiosk-secret")).text(),
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *   tokenStore: sharedTokens(indexedDbTokenStore()),
 * });
 * ```
 *
 * @param options The database's name, and where it is.
 * @returns The store. The database is opened when it is first needed, and again when the browser has closed it.
 * @throws {TypeError} If there is no IndexedDB, or an option can't be used.
 */
export function indexedDbTokenStore(options: IndexedDbTokenStoreOptions = {}): LeasingTokenStore {
  const { indexedDB: factory = Object(globalThis).indexedDB as DatabaseFactory, name = "m2m-tokens" } = options;
  const { locks = options.indexedDB ? undefined : Object(globalThis.navigator).locks as Locks | undefined } = options;
  checkString("name", name);
  if (typeof factory?.open !== "function") {
    throwInvalid("indexedDB", "a browser's indexedDB, which this runtime lacks", factory);
  }
  if (locks && typeof locks.request !== "function") throwInvalid("locks", "navigator.locks, or absent", locks);
  const database = new IndexedDatabase(factory, name);
  const lease = new DatabaseLease(database, locks);
  return {
    get: (key, { signal }) =>
      database.transact("readonly", signal, async (records) => {
        const found = await findLive<ValueRecord>(records, valueId(key));
        if (!found) return undefined;
        const { value, start, end } = found;
        return { value, remainingLifetime: Math.min(end - Date.now(), end - start) };
      }),
    set: async (key, value, { lifetime, owner, signal }) => {
      const write = async (records: RecordStore) => {
        if (owner !== undefined) {
          if ((await findLive<LeaseRecord>(records, leaseId(key)))?.owner !== owner) return false;
          records.delete(leaseId(key));
        }
        records.put({ value, ...startPeriod(lifetime) } as ValueRecord, valueId(key));
        deleteEnded(records);
        return true;
      };
      try {
        return await database.transact("readwrite", signal, write);
      } finally {
        // It has no more use for the lease, even where it failed.
        if (owner !== undefined) lease.free(key, owner);
      }
    },
    delete: (key, value, { signal }) =>
      database.transact("readwrite", signal, async (records) => {
        const found = await findLive<ValueRecord>(records, valueId(key));
        if (found?.value === value) records.delete(valueId(key));
      }),
    lease,
  };
}

interface ValueRecord extends Period {
  readonly value: string;
}

interface LeaseRecord extends Period {
  readonly owner: string;
  /** The Web Lock that tells whether the owner is there. Absent: its context has none. */
  readonly lock: string | undefined;
}

const valueId = (key: string) => `value:${key}`;
const leaseId = (key: string) => `lease:${key}`;

/** A Web Lock that is held here. */
interface HeldLock {
  readonly name: string;
  readonly free: () => void;
}

/**
 * Leases as records, which a transaction can check. Web Locks only tell that an owner is gone: each is one owner's alone,
 * held from before its record is written until its lease is over.
 */
class DatabaseLease implements TokenLease {
  readonly #database: IndexedDatabase;
  readonly #locks: Locks | undefined;
  /** By key and owner. */
  readonly #held = new Map<string, HeldLock & { readonly timer: ReturnType<typeof setTimeout> }>();

  constructor(database: IndexedDatabase, locks: Locks | undefined) {
    this.#database = database;
    this.#locks = locks;
  }

  async acquire(key: string, owner: string, { lifetime, signal }: LeaseOptions): Promise<boolean> {
    const lock = await this.#hold(signal);
    /** Takes the lease, unless another owner has it, and not by this lock: then returns its record. */
    const take = (freeLock?: string) =>
      this.#database.transact("readwrite", signal, async (records) => {
        const found = await findLive<LeaseRecord>(records, leaseId(key));
        const isGone = freeLock !== undefined && found?.lock === freeLock;
        if (found && found.owner !== owner && !isGone) return found;
        records.put({ owner, lock: lock?.name, ...startPeriod(lifetime) } as LeaseRecord, leaseId(key));
      });
    let isTaken = false;
    try {
      let other = await take();
      if (other?.lock && await this.#isFree(other.lock)) other = await take(other.lock);
      // Its caller has left: without the lock the next one has the lease at once.
      signal.throwIfAborted();
      isTaken = !other;
    } finally {
      if (isTaken && lock) this.#keep(key, owner, { ...lock, lifetime });
      else lock?.free();
    }
    return isTaken;
  }

  async extend(key: string, owner: string, { lifetime, signal }: LeaseOptions): Promise<boolean> {
    const isExtended = await this.#database.transact("readwrite", signal, async (records) => {
      const found = await findLive<LeaseRecord>(records, leaseId(key));
      if (found?.owner !== owner) return false;
      records.put({ ...found, ...startPeriod(lifetime) }, leaseId(key));
      return true;
    });
    const held = this.#held.get(`${key} ${owner}`);
    if (isExtended && held) this.#keep(key, owner, { ...held, lifetime });
    return isExtended;
  }

  async release(key: string, owner: string, { signal }: StoreOptions): Promise<void> {
    try {
      await this.#database.transact("readwrite", signal, async (records) => {
        const found = await findLive<LeaseRecord>(records, leaseId(key));
        if (found?.owner === owner) records.delete(leaseId(key));
      });
    } finally {
      this.free(key, owner);
    }
  }

  /** Frees the lock of a lease that is of no more use. */
  free(key: string, owner: string): void {
    const id = `${key} ${owner}`;
    const held = this.#held.get(id);
    this.#held.delete(id);
    clearTimeout(held?.timer);
    held?.free();
  }

  /** Holds a lock until its lease has ended by itself, or is extended. */
  #keep(key: string, owner: string, { name, free, lifetime }: HeldLock & { readonly lifetime: number }): void {
    const id = `${key} ${owner}`;
    const before = this.#held.get(id);
    clearTimeout(before?.timer);
    if (before?.name !== name) before?.free();
    this.#held.set(id, { name, free, timer: setTimeout(() => this.free(key, owner), lifetime) });
  }

  #hold(signal: AbortSignal): Promise<HeldLock | undefined> {
    const locks = this.#locks;
    if (!locks) return Promise.resolve(undefined);
    const name = `m2m-lease:${crypto.randomUUID()}`;
    return new Promise((resolve, reject) => {
      const hold = () => new Promise<void>((free) => resolve({ name, free }));
      locks.request(name, { signal }, hold).catch(reject);
    });
  }

  /** Whether a lock has no holder any more. Several may look at once. */
  async #isFree(name: string): Promise<boolean> {
    if (!this.#locks) return false;
    return await this.#locks.request(name, { mode: "shared", ifAvailable: true }, Boolean) as boolean;
  }
}
