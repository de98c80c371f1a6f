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
/** For how long after its issue a token for a rejected call shows other processes, too, whether new tokens help. */
const newFor = 60_000;

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
  /** The lease of the attempt that hasn't come to an end. */
  let current: Lease | undefined;

  const emit = (event: AuthenticatorEvent) => void (onEvent && callQuietly(onEvent, event));

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
    const isNext = last?.credentials.accessToken === accessToken
      ? stored.value !== last.record
      : !last || reason === "expired" || found.age < last.age + getAge(last.at, clock);
    if (!isNext) return undefined;
    const forRejection = found.forRejection && found.age < newFor;
    return { ...found, forRejection, record: stored.value, at: readMoment(clock) };
  }

  const readEnd = ({ credentials, at }: Omit<KnownToken, "record">) =>
    credentials.expiresAt ?? at.wall + defaultLifetime;

  /** Requests a token. Its life counts from just before. */
  async function issue(obtain: () => Promise<Credentials>, forRejection: boolean): Promise<KnownToken> {
    const at = readMoment(clock);
    const fresh = { credentials: await obtain(), age: 0, at, forRejection };
    const times = { lifetime: readEnd(fresh) - at.wall, now: at.wall };
    return { ...fresh, record: serializeRecord(fresh.credentials, { ...times, forRejection }) };
  }

  /** Waits for the lease, or for the token that another process has shared meanwhile. */
  async function lead(
    key: string,
    request: TokenSourceRequest,
  ): Promise<{ lease: Lease; found: KnownToken | undefined }> {
    const start = readMoment(clock);
    const lease = current = new Lease(access, key, { lifetime: leaseTime, clock, predecessor: current });
    const found = await lease.acquireOrFind(() => find(key, request), request.signal);
    if (lease.hasWaited) emit({ type: "token_lease_awaited", duration: getAge(start, clock) });
    return { lease, found };
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
    const terms = { lifetime, owner: lease?.owner };
    const isWritten = await access.ask((store, options) => store.set(key, record, { ...options, ...terms }), { clock });
    // Paused meanwhile: another process has had the lease, and may have a newer token.
    if (!isWritten) return await find(key, request) ?? fresh;
    emit({ type: "token_shared", duration: getAge(start, clock), remainingLifetime: lifetime });
    return fresh;
  }

  /** Gets a token by one attempt. */
  async function get(
    key: string,
    request: TokenSourceRequest,
    obtain: () => Promise<Credentials>,
  ): Promise<KnownToken> {
    const start = readMoment(clock);
    const hit = (found: KnownToken) => {
      const remainingLifetime = found.credentials.expiresAt! - clock.wall();
      emit({ type: "token_store_hit", duration: getAge(start, clock), remainingLifetime });
      return found;
    };
    const bypass = (error: unknown) => {
      if (!(error instanceof NoAnswer)) throw error;
      emit({ type: "token_store_bypassed", duration: getAge(start, clock), failure: error.failure });
    };
    const forRejection = request.reason === "rejected";
    let lease: Lease | undefined;
    try {
      const found = await find(key, request);
      if (found) return hit(found);
      emit({ type: "token_store_miss", duration: getAge(start, clock) });
      if (access.store.lease) {
        const { found, lease: own } = await lead(key, request);
        if (found) return hit(found);
        lease = own;
      }
    } catch (error) {
      bypass(error);
      return await issue(obtain, forRejection);
    }
    try {
      const fresh = await issue(() => lease?.keepFor(obtain) ?? obtain(), forRejection);
      return await write(fresh, key, { request, lease }).catch((error) => {
        bypass(error);
        return fresh;
      });
    } finally {
      if (current === lease) current = undefined;
    }
  }

  return async (identity, request, obtain) => {
    if (request.reason === "rejected") rejectLast();
    const token = await get(await makeStoreKey(identity, partition), request, obtain);
    // An attempt that was given up gives nothing: the token in use, which the API may reject, is another.
    request.signal.throwIfAborted();
    last = token;
    return { credentials: token.credentials, forRejection: token.forRejection };
  };
}
