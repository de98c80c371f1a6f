/**
 * How one authenticator shares its token: it reads the store, or gets the lease, requests a token and writes it.
 *
 * @module
 */

import { getAge, type Moment, readMoment } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { type AuthenticatorEvent, callQuietly, type TokenStoreFailure } from "../events.ts";
import type { ShareToken, SharingContext, TokenIdentity } from "../token_endpoint/token_sharing.ts";
import type { TokenSourceRequest } from "../token_source.ts";
import { Lease } from "./lease.ts";
import { NoAnswer, type StoreAccess } from "./store_access.ts";
import { makeStoreKey } from "./store_key.ts";
import { leastLifetime, parseRecord, serializeRecord, type StoredToken } from "./token_record.ts";
import type { StoreOptions, TokenStore } from "./token_store.ts";

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

/** What one attempt asks for. */
interface Asked {
  readonly key: string;
  readonly request: TokenSourceRequest;
  /** The types that the token may have. Default: any. */
  readonly tokenTypes: readonly string[] | undefined;
}

/** A token, and when it was looked at. */
interface KnownToken extends StoredToken {
  readonly at: Moment;
  /** What the store has of it, if it could be written. */
  readonly record: string | undefined;
  /** Whether no request was sent for it. */
  readonly isStored?: boolean;
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
  const readEnd = ({ credentials, at }: Omit<KnownToken, "record">) =>
    credentials.expiresAt ?? at.wall + defaultLifetime;

  function rejectLast(): void {
    if (!last) return;
    rejected.add(last.credentials.accessToken);
    if (rejected.size > mostRejected) rejected.delete(rejected.keys().next().value!);
  }

  /** Finds a stored token that is new to this source. One that was rejected is deleted, unless it has been replaced. */
  async function find({ key, request, tokenTypes }: Asked): Promise<KnownToken | undefined> {
    const { reason, signal } = request;
    if (reason === "forced") return undefined;
    const start = readMoment(clock);
    // Parsed where failures are the store's: it may give anything.
    const found = await access.ask(async (store, options) => {
      const stored = await store.get(key, options);
      const token = stored && parseRecord(stored, start.wall);
      return token && { ...token, record: stored.value };
    }, { clock, signal });
    if (!found || tokenTypes?.includes(found.credentials.tokenType) === false) return undefined;
    const { accessToken, expiresAt } = found.credentials;
    // Paused meanwhile: the answer was true when it came.
    if (expiresAt! - start.wall - getAge(start, clock) <= leastLifetime) return undefined;
    if (rejected.has(accessToken)) {
      await access.ask((store, options) => store.delete(key, found.record, options), { clock, signal });
      return undefined;
    }
    // The same token in another record: another process has asked the server, which gave it again.
    const isNext = last?.credentials.accessToken === accessToken
      ? found.record !== last.record
      : !last || reason === "expired" || found.age < last.age + getAge(last.at, clock);
    const forRejection = found.forRejection && found.age < newFor;
    return isNext ? { ...found, forRejection, at: readMoment(clock) } : undefined;
  }

  /** Finds a token, or gets the lease to request one. Neither: the store has no leases, or what is forced would wait. */
  async function prepare(asked: Asked, start: Moment): Promise<{ token?: KnownToken; lease?: Lease }> {
    const { reason, signal } = asked.request;
    if (reason !== "forced") {
      const token = await find(asked);
      if (token) return { token };
      emit({ type: "token_store_miss", duration: getAge(start, clock) });
    }
    if (!access.store.lease) return {};
    const lease = current = new Lease(access, asked.key, { lifetime: leaseTime, clock, predecessor: current });
    const waited = readMoment(clock);
    let token: KnownToken | undefined;
    let isHeld = false;
    try {
      if (reason === "forced") isHeld = await lease.acquire(signal);
      else {
        token = await lease.acquireOrFind(() => find(asked), signal);
        isHeld = token === undefined;
      }
    } finally {
      if (lease.hasWaited) emit({ type: "token_lease_awaited", duration: getAge(waited, clock) });
      if (!isHeld) forget(lease);
    }
    return token ? { token } : isHeld ? { lease } : {};
  }

  function forget(lease: Lease | undefined): void {
    if (current === lease) current = undefined;
  }

  /** Requests a token. Its life counts from just before. */
  async function issue({ request }: Asked, obtain: () => Promise<Credentials>): Promise<KnownToken> {
    const at = readMoment(clock);
    const forRejection = request.reason === "rejected";
    const fresh = { credentials: await obtain(), age: 0, at, forRejection };
    const times = { lifetime: readEnd(fresh) - at.wall, now: at.wall };
    return { ...fresh, record: serializeRecord(fresh.credentials, { ...times, forRejection }) };
  }

  /** Writes a new token, and gives the one to use. */
  async function write(fresh: KnownToken, asked: Asked, lease: Lease | undefined): Promise<KnownToken> {
    if (lease === undefined) {
      // Another process has the lease: what it writes isn't to be replaced.
      if (access.store.lease) return fresh;
      // One may have been faster: then all use its token.
      const other = await find(asked);
      if (other) return other;
    }
    const { credentials: { accessToken }, at, record } = fresh;
    const start = readMoment(clock);
    const lifetime = Math.floor(readEnd(fresh) - at.wall - getAge(at, clock));
    if (lifetime <= leastLifetime || rejected.has(accessToken) || record === undefined) {
      await lease?.release();
      return fresh;
    }
    const terms = { lifetime, owner: lease?.owner };
    const set = (store: TokenStore, options: StoreOptions) => store.set(asked.key, record, { ...options, ...terms });
    if (!await access.ask(set, { clock })) {
      // Paused meanwhile: another process has had the lease, and may have a newer token. Or it is too long for the store.
      await lease?.release();
      return await find(asked) ?? fresh;
    }
    emit({ type: "token_shared", duration: getAge(start, clock), remainingLifetime: lifetime });
    return fresh;
  }

  /** Tells that the store is of no help; throws what isn't about the store. */
  function bypass(error: unknown, start: Moment): TokenStoreFailure {
    if (!(error instanceof NoAnswer)) throw error;
    emit({ type: "token_store_bypassed", duration: getAge(start, clock), failure: error.failure });
    return error.failure;
  }

  /** Gets a token by one attempt. */
  async function get(asked: Asked, obtain: () => Promise<Credentials>): Promise<KnownToken> {
    const start = readMoment(clock);
    let prepared: Awaited<ReturnType<typeof prepare>> = {};
    try {
      prepared = await prepare(asked, start);
    } catch (error) {
      if (bypass(error, start) !== "lease_held") return await issue(asked, obtain);
    }
    const { token, lease } = prepared;
    if (token) {
      const remainingLifetime = token.credentials.expiresAt! - clock.wall();
      emit({ type: "token_store_hit", duration: getAge(start, clock), remainingLifetime });
      return { ...token, isStored: true };
    }
    try {
      const fresh = await issue(asked, () => lease?.keepFor(obtain, asked.request.signal) ?? obtain());
      const issued = readMoment(clock);
      return await write(fresh, asked, lease).catch((error) => {
        void lease?.release();
        bypass(error, issued);
        return fresh;
      });
    } finally {
      forget(lease);
    }
  }

  return async (identity, request, obtain) => {
    if (request.reason === "rejected") rejectLast();
    const key = await makeStoreKey(identity, partition);
    const token = await get({ key, request, tokenTypes: listTokenTypes(identity) }, obtain);
    // An attempt that was given up gives nothing: the token in use, which the API may reject, is another.
    request.signal.throwIfAborted();
    last = token;
    const { credentials, forRejection, isStored } = token;
    return { credentials, forRejection, isStored };
  };
}

/** The token types that a client would take from the server; any, where it has no grant. */
function listTokenTypes({ grantType, tokenType, dpop, moreTokenTypes = [] }: TokenIdentity) {
  if (tokenType !== undefined) return [tokenType];
  return grantType ? [...dpop?.tokenTypes ?? ["Bearer"], ...moreTokenTypes] : undefined;
}
