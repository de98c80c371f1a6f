/**
 * Tokens that processes share through Deno KV: Deno Deploy's, a server's, or a file of one machine.
 *
 * @module
 */

import { throwInvalid } from "../arguments.ts";
import { sleep } from "../refresh/deadlines.ts";
import type { LeasingTokenStore } from "./token_store.ts";

export type * from "./token_store.ts";

/** A key: its parts, from the outside in. `Deno.KvKey` is one. */
export type DenoKvKey = readonly (string | number | bigint | boolean | symbol | Uint8Array)[];

/** What is read: `Deno.KvEntryMaybe` is it. */
export interface DenoKvEntry {
  /** The value; `null` where there is none. */
  readonly value: unknown;
  /** Changes with each write; `null` where there is no value. */
  readonly versionstamp: string | null;
}

/** Changes that are made together or not at all: `Deno.AtomicOperation` has them. */
export interface DenoKvAtomic {
  /** Asks that an entry is still this one. */
  check(entry: { readonly key: DenoKvKey; readonly versionstamp: string | null }): this;
  /** Writes a value, which may be removed after `expireIn` milliseconds. */
  set(key: DenoKvKey, value: unknown, options?: { readonly expireIn?: number }): this;
  /** Removes a value. */
  delete(key: DenoKvKey): this;
  /** Makes the changes, if all checks hold. */
  commit(): Promise<{ readonly ok: boolean }>;
}

/** What the store needs of Deno KV: a `Deno.Kv` is one, and so is what `@deno/kv` of npm opens. */
export interface DenoKvClient {
  /** Reads an entry, with strong consistency. */
  get(key: DenoKvKey): Promise<DenoKvEntry>;
  /** Begins changes that are made together. */
  atomic(): DenoKvAtomic;
}

/** Options of {@linkcode denoKvTokenStore}. */
export interface DenoKvTokenStoreOptions {
  /** The beginning of all keys. Default: `["m2m", "token"]`. */
  prefix?: DenoKvKey | undefined;
}

/**
 * How much longer than its lifetime an entry is kept, in milliseconds. The writer's clock says when it ends and the
 * database's when it is removed: nothing that lives may be removed because one of them is off.
 */
const grace = 3_600_000;
/** How long a value may be, in characters: Deno KV takes 64 KiB, some of which are its own. */
const longestValue = 65_000;
/** How many leases of others are remembered. */
const mostSightings = 10_000;
/** How often a change is tried that others prevent. */
const mostTries = 200;

/**
 * Stores tokens in Deno KV, with leases.
 *
 * All reads are strongly consistent. There is no common clock: `get` gives values whose lifetime is over, and the record's
 * own end counts. A lease has ended for a process that has seen it unchanged for its lifetime, by that process's own
 * monotonic clock: however far clocks are apart, none is taken early, and a process that ended costs the others one lease
 * time. Entries are removed an hour after their end, or later. A token whose record has more than 65,000
 * characters isn't stored.
 *
 * Deno needs `--unstable-kv`, or `"unstable": ["kv"]` in `deno.json`. On Node, open the database with `@deno/kv` of npm.
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { denoKvTokenStore } from "@m2m/authenticator/token-store/deno-kv";
 *
 * using kv = await Deno.openKv(":memory:"); // or: await Deno.openKv()
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 *   tokenStore: sharedTokens(denoKvTokenStore(kv, { prefix: ["my-app", "tokens"] })),
 * });
 * await authenticator.ready();
 * console.log(authenticator.credentials?.tokenType); // Bearer
 * ```
 *
 * @param kv The database, as `Deno.openKv()` opens it.
 * @param options The beginning of all keys.
 * @returns A value for `sharedTokens`.
 * @throws {TypeError} If the database or the prefix can't be used.
 */
export function denoKvTokenStore(kv: DenoKvClient, options: DenoKvTokenStoreOptions = {}): LeasingTokenStore {
  if (typeof kv?.get !== "function" || typeof kv.atomic !== "function") {
    throwInvalid("kv", "a Deno.Kv, such as await Deno.openKv()", kv);
  }
  const prefix = checkPrefix(options.prefix ?? ["m2m", "token"]);
  const sightings = new Sightings();

  async function find(kind: "value" | "lease", id: string) {
    const key = [...prefix, kind, id];
    const { value, versionstamp } = await kv.get(key);
    return { key, value, versionstamp };
  }

  async function findLease(id: string) {
    const entry = await find("lease", id);
    return { entry, ...parseLease(entry.value) };
  }

  function writeLease(entry: { key: DenoKvKey; versionstamp: string | null }, owner: string, lifetime: number) {
    return () => kv.atomic().check(entry).set(entry.key, `${lifetime} ${owner}`, expire(lifetime));
  }

  return {
    async get(id) {
      const { value } = await find("value", id);
      return typeof value === "string" ? { value } : undefined;
    },
    async set(id, value, { lifetime, owner, signal }) {
      if (value.length > longestValue) return false;
      return await change(signal, async () => {
        const write = () => kv.atomic().set([...prefix, "value", id], value, expire(lifetime));
        if (owner === undefined) return write;
        const { entry, ...lease } = await findLease(id);
        return lease.owner === owner ? () => write().check(entry).delete(entry.key) : undefined;
      });
    },
    async delete(id, value, { signal }) {
      await change(signal, async () => {
        const entry = await find("value", id);
        return entry.value === value ? () => kv.atomic().check(entry).delete(entry.key) : undefined;
      });
    },
    lease: {
      acquire(id, owner, { lifetime, signal }) {
        return change(signal, async () => {
          const asked = performance.now();
          const lease = await findLease(id);
          const { versionstamp } = lease.entry;
          const isFree = versionstamp === null || lease.owner === owner ||
            sightings.isUnchangedFor(lease.lifetime ?? lifetime, asked, { id, versionstamp });
          return isFree ? writeLease(lease.entry, owner, lifetime) : undefined;
        });
      },
      extend(id, owner, { lifetime, signal }) {
        return change(signal, async () => {
          const lease = await findLease(id);
          return lease.owner === owner ? writeLease(lease.entry, owner, lifetime) : undefined;
        });
      },
      async release(id, owner, { signal }) {
        await change(signal, async () => {
          const { entry, ...lease } = await findLease(id);
          return lease.owner === owner ? () => kv.atomic().check(entry).delete(entry.key) : undefined;
        });
      },
    },
  };
}

/**
 * Tries a change until no other comes between; `prepare` looks at what there is, and may give none. It gives a function,
 * for Deno's operations have a `then` that throws.
 */
async function change(
  signal: AbortSignal,
  prepare: () => Promise<(() => DenoKvAtomic) | undefined>,
): Promise<boolean> {
  for (let tries = 0; tries < mostTries; tries++) {
    signal.throwIfAborted();
    const make = await prepare();
    if (make === undefined) return false;
    try {
      if ((await make().commit()).ok) return true;
    } catch (error) {
      // A file that others write to at this moment. Deno doesn't wait for them, and nothing was written.
      if (!/database is locked/.test(String(error))) throw error;
      await sleep(Math.random() * 10, signal);
    }
  }
  throw new Error("Cannot write to Deno KV: others write all the time. Try later.");
}

/** When this process first saw entries as they are now. */
class Sightings {
  readonly #first = new Map<string, { readonly versionstamp: string; readonly at: number }>();

  /** Whether an entry was the same for so long, when it was asked for. It is remembered from now on. */
  isUnchangedFor(
    lifetime: number,
    asked: number,
    { id, versionstamp }: { readonly id: string; readonly versionstamp: string },
  ): boolean {
    const first = this.#first.get(id);
    if (first?.versionstamp === versionstamp) return asked - first.at >= lifetime;
    // The last one to be forgotten.
    this.#first.delete(id);
    this.#first.set(id, { versionstamp, at: performance.now() });
    if (this.#first.size > mostSightings) this.#first.delete(this.#first.keys().next().value!);
    return false;
  }
}

function parseLease(value: unknown): { owner?: string; lifetime?: number } {
  const [, lifetime, owner] = /^([\d.]+) (.*)$/s.exec(typeof value === "string" ? value : "") ?? [];
  return owner === undefined || !Number.isFinite(Number(lifetime)) ? {} : { owner, lifetime: Number(lifetime) };
}

/** Deno takes whole milliseconds alone. */
function expire(lifetime: number): { expireIn: number } {
  return { expireIn: Math.ceil(lifetime) + grace };
}

function checkPrefix(prefix: DenoKvKey): DenoKvKey {
  const isPart = (part: unknown) => /^(string|number|bigint|boolean)$/.test(typeof part) || part instanceof Uint8Array;
  if (!Array.isArray(prefix) || !prefix.every(isPart)) {
    throwInvalid("prefix", 'a key of Deno KV, such as ["my-app", "tokens"]', prefix);
  }
  return [...prefix];
}
