/**
 * How one authenticator shares its token: it reads the store, or gets the lease, requests a token and writes it.
 *
 * @module
 */

import { getAge, type Moment, readMoment } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { type AuthenticatorEvent, callQuietly } from "../events.ts";
import type { ShareToken, SharingContext } from "../token_endpoint/token_sharing.ts";
import type { TokenSourceRequest } from "../token_source.ts";
import { Lease } from "./lease.ts";
import { NoAnswer, type StoreAccess } from "./store_access.ts";
import { makeStoreKey } from "./store_key.ts";
import { leastLifetime, parseRecord, serializeRecord, type StoredToken } from "./token_record.ts";

/** How many rejected tokens are remembered: the store may still have one. */
const mostRejected = 10;

/** What all authenticators that share by one `sharedTokens` have in common. */
export interface ShareOptions {
  readonly partition: string;
  /** In milliseconds. */
  readonly leaseTime: number;
}

/** Starts sharing for one token source. */
export function openShare(
  access: StoreAccess,
  { partition, leaseTime }: ShareOptions,
  { clock, onEvent, defaultLifetime = 300_000 }: SharingContext,
): ShareToken {
  /** The token given last, and how old it was then. */
  let last: { readonly accessToken: string; readonly age: number; readonly at: Moment } | undefined;
  const rejected = new Set<string>();
  /** Of the attempt that hasn't come to an end. */
  let current: Lease | undefined;

  const emit = (event: AuthenticatorEvent) => void (onEvent && callQuietly(onEvent, event));

  function give(credentials: Credentials, age = 0): Credentials {
    last = { accessToken: credentials.accessToken, age, at: readMoment(clock) };
    return credentials;
  }

  function rejectLast(): void {
    if (!last) return;
    rejected.add(last.accessToken);
    if (rejected.size > mostRejected) rejected.delete(rejected.keys().next().value!);
  }

  /** Finds a stored token that is new to this source. One that was rejected is deleted, unless it has been replaced. */
  async function find(key: string, { reason, signal }: TokenSourceRequest): Promise<StoredToken | undefined> {
    if (reason === "forced") return undefined;
    const now = clock.wall();
    const stored = await access.ask((store, options) => store.get(key, options), { clock, signal });
    const found = stored && parseRecord(stored, now);
    if (!found) return undefined;
    const { accessToken } = found.credentials;
    if (rejected.has(accessToken)) {
      await access.ask((store, options) => store.delete(key, stored.value, options), { clock, signal });
      return undefined;
    }
    if (!last || accessToken !== last.accessToken && (reason === "expired" || isNewer(found, last))) return found;
    return undefined;
  }

  function isNewer({ age }: StoredToken, known: NonNullable<typeof last>): boolean {
    return age < known.age + getAge(known.at, clock);
  }

  /** Writes a new token, and gives the one to use. */
  async function write(
    credentials: Credentials,
    key: string,
    { request, lease }: { request: TokenSourceRequest; lease: Lease | undefined },
  ): Promise<StoredToken> {
    const fresh = { credentials, age: 0 };
    const start = readMoment(clock);
    const lifetime = (credentials.expiresAt ?? start.wall + defaultLifetime) - start.wall;
    if (lifetime <= leastLifetime || rejected.has(credentials.accessToken)) {
      await lease?.release();
      return fresh;
    }
    // Without a lease another process may have been faster: then all use its token.
    const other = lease === undefined ? await find(key, request) : undefined;
    if (other) return other;
    const value = serializeRecord(credentials, lifetime, start.wall);
    const owner = lease?.owner;
    const write = { lifetime, owner };
    const isWritten = await access.ask((store, options) => store.set(key, value, { ...options, ...write }), { clock });
    // Paused meanwhile: another process has had the lease, and may have a newer token.
    if (!isWritten) return await find(key, request) ?? fresh;
    emit({ type: "token_shared", duration: getAge(start, clock), remainingLifetime: lifetime });
    return fresh;
  }

  return async (identity, request, obtain) => {
    if (request.reason === "rejected") rejectLast();
    const key = await makeStoreKey(identity, partition);
    const start = readMoment(clock);
    const passed = () => getAge(start, clock);
    const hit = ({ credentials, age }: StoredToken) => {
      emit({
        type: "token_store_hit",
        duration: passed(),
        remainingLifetime: credentials.expiresAt! - clock.wall(),
      });
      return give(credentials, age);
    };
    const look = () => find(key, request);
    const bypass = (error: unknown) => {
      if (!(error instanceof NoAnswer)) throw error;
      emit({ type: "token_store_bypassed", duration: passed(), failure: error.failure });
    };

    let lease: Lease | undefined;
    try {
      try {
        const found = await look();
        if (found) return hit(found);
        emit({ type: "token_store_miss", duration: passed() });
        if (access.store.lease) {
          lease = current = new Lease(access, key, { lifetime: leaseTime, clock, predecessor: current });
          const shared = await lease.acquireOrFind(look, request.signal);
          if (lease.hasWaited) emit({ type: "token_lease_awaited", duration: passed() });
          if (shared) return hit(shared);
        }
      } catch (error) {
        bypass(error);
        return give(await obtain());
      }
      const fresh = await (lease ? lease.keepFor(obtain) : obtain());
      try {
        const { credentials, age } = await write(fresh, key, { request, lease });
        return give(credentials, age);
      } catch (error) {
        bypass(error);
        return give(fresh);
      }
    } finally {
      if (current === lease) current = undefined;
    }
  };
}
