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

/** A token, and when it was looked at. */
interface KnownToken extends StoredToken {
  readonly at: Moment;
  /** What the store has of it, unless it couldn't be written. */
  readonly record: string;
}

/** Starts sharing for one token source. */
export function openShare(
  access: StoreAccess,
  { partition, leaseTime }: ShareOptions,
  { clock, onEvent, defaultLifetime = 300_000 }: SharingContext,
): ShareToken {
  /** The token given last. */
  let last: KnownToken | undefined;
  const rejected = new Set<string>();

  const emit = (event: AuthenticatorEvent) => void (onEvent && callQuietly(onEvent, event));

  function give(token: KnownToken, { signal }: TokenSourceRequest): Credentials {
    // An attempt that was given up gives nothing: the token in use, which the API may reject, is another.
    signal.throwIfAborted();
    last = token;
    return token.credentials;
  }

  function rejectLast(): void {
    if (!last) return;
    rejected.add(last.credentials.accessToken);
    if (rejected.size > mostRejected) rejected.delete(rejected.keys().next().value!);
  }

  /** Finds a stored token that is new to this source. One that was rejected is deleted, unless it has been replaced. */
  async function find(key: string, { reason, signal }: TokenSourceRequest): Promise<KnownToken | undefined> {
    if (reason === "forced") return undefined;
    const start = readMoment(clock);
    const stored = await access.ask((store, options) => store.get(key, options), { clock, signal });
    const found = stored && parseRecord(stored, start.wall);
    if (!found) return undefined;
    const { accessToken, expiresAt } = found.credentials;
    // Paused meanwhile: the answer was true when it came.
    if (expiresAt! - start.wall - getAge(start, clock) <= leastLifetime) return undefined;
    if (rejected.has(accessToken)) {
      await access.ask((store, options) => store.delete(key, stored.value, options), { clock, signal });
      return undefined;
    }
    // The same token in another record: another process has asked the server, which gave it again.
    const isNew = last?.credentials.accessToken === accessToken
      ? stored.value !== last.record
      : !last || reason === "expired" || isNewer(found, last);
    return isNew ? { ...found, record: stored.value, at: readMoment(clock) } : undefined;
  }

  function isNewer({ age }: StoredToken, known: KnownToken): boolean {
    return age < known.age + getAge(known.at, clock);
  }

  const readEnd = ({ credentials, at }: Omit<KnownToken, "record">) =>
    credentials.expiresAt ?? at.wall + defaultLifetime;

  /** Requests a token. Its life counts from just before. */
  async function issue(obtain: () => Promise<Credentials>): Promise<KnownToken> {
    const at = readMoment(clock);
    const fresh = { credentials: await obtain(), age: 0, at };
    return { ...fresh, record: serializeRecord(fresh.credentials, readEnd(fresh) - at.wall, at.wall) };
  }

  /** Writes a new token, and gives the one to use. */
  async function write(
    fresh: KnownToken,
    key: string,
    { request, lease }: { request: TokenSourceRequest; lease: Lease | undefined },
  ): Promise<KnownToken> {
    // Without a lease another process may have been faster: then all use its token.
    const other = lease === undefined ? await find(key, request) : undefined;
    if (other) return other;
    const { credentials, at, record } = fresh;
    const start = readMoment(clock);
    const lifetime = Math.floor(readEnd(fresh) - at.wall - getAge(at, clock));
    if (lifetime <= leastLifetime || rejected.has(credentials.accessToken)) {
      await lease?.release();
      return fresh;
    }
    const owner = lease?.owner;
    const write = { lifetime, owner };
    const isWritten = await access.ask((store, options) => store.set(key, record, { ...options, ...write }), { clock });
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
    const hit = (found: KnownToken) => {
      const remainingLifetime = found.credentials.expiresAt! - clock.wall();
      emit({ type: "token_store_hit", duration: passed(), remainingLifetime });
      return give(found, request);
    };
    const look = () => find(key, request);
    const bypass = (error: unknown) => {
      if (!(error instanceof NoAnswer)) throw error;
      emit({ type: "token_store_bypassed", duration: passed(), failure: error.failure });
    };

    let lease: Lease | undefined;
    try {
      const found = await look();
      if (found) return hit(found);
      emit({ type: "token_store_miss", duration: passed() });
      if (access.store.lease) {
        lease = new Lease(access, key, { lifetime: leaseTime, clock });
        const shared = await lease.acquireOrFind(look, request.signal);
        if (lease.hasWaited) emit({ type: "token_lease_awaited", duration: passed() });
        if (shared) return hit(shared);
      }
    } catch (error) {
      bypass(error);
      return give(await issue(obtain), request);
    }
    const fresh = await issue(lease ? () => lease!.keepFor(obtain) : obtain);
    try {
      return give(await write(fresh, key, { request, lease }), request);
    } catch (error) {
      bypass(error);
      return give(fresh, request);
    }
  };
}
