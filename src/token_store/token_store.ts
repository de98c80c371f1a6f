/**
 * Places where processes share a token: what an engine has to do.
 *
 * @module
 */

/** Options of every operation of a {@linkcode TokenStore}. */
export interface StoreOptions {
  /** Ends the operation: its time is up, or its caller has left. */
  readonly signal: AbortSignal;
}

/** What a store has under a key. */
export interface StoredValue {
  /** The text that was written. */
  readonly value: string;
  /** How long it lives from now on by the store's own clock, in milliseconds. Default: the store has no such clock. */
  readonly remainingLifetime?: number | undefined;
}

/** Options of {@linkcode TokenStore.set}. */
export interface SetOptions extends StoreOptions {
  /** How long the value lives from now on, in milliseconds. */
  readonly lifetime: number;
  /** The owner that must hold the lease of the key. Default: nothing is asked of the lease. */
  readonly owner?: string | undefined;
}

/** Options of {@linkcode TokenLease.acquire}. */
export interface LeaseOptions extends StoreOptions {
  /** How long the lease lasts from now on, in milliseconds. */
  readonly lifetime: number;
}

/**
 * The right to request the token of a key, for one owner at a time. It ends by itself when its lifetime is over. An
 * operation rejects where the store fails, which is neither yes nor no.
 */
export interface TokenLease {
  /**
   * Takes the lease, unless another owner holds it. For the owner that holds it the answer is `true` again, and the lifetime
   * starts again: clients send commands twice.
   *
   * @param key The key.
   * @param owner A random text that stands for one attempt of one process.
   * @param options The lifetime of the lease, and a signal.
   * @returns Whether this owner holds it now.
   */
  acquire(key: string, owner: string, options: LeaseOptions): Promise<boolean>;
  /**
   * Starts the lifetime again, if the owner still holds the lease. It never takes one that was released, or that another
   * owner has had since.
   *
   * @param key The key.
   * @param owner The owner.
   * @param options The lifetime from now on, and a signal.
   * @returns Whether this owner holds it.
   */
  extend(key: string, owner: string, options: LeaseOptions): Promise<boolean>;
  /**
   * Ends the lease, if the owner still holds it.
   *
   * @param key The key.
   * @param owner The owner.
   * @param options A signal.
   */
  release(key: string, owner: string, options: StoreOptions): Promise<void>;
}

/**
 * Keeps texts under keys for a time, for several processes. `sharedTokens` of `./token-store` puts one in front of the
 * authorization server; {@linkcode storeCases} of `./token-store/conformance` checks one.
 *
 * Keys are hashes: letters, digits, `-` and `_`. Values are texts of visible ASCII characters, blanks included.
 */
export interface TokenStore {
  /**
   * Reads a value. One whose lifetime is over may still be given, without a positive `remainingLifetime`.
   *
   * @param key The key.
   * @param options A signal.
   * @returns The value, or `undefined` where there is none.
   */
  get(key: string, options: StoreOptions): Promise<StoredValue | undefined>;
  /**
   * Writes a value. With an `owner`, in one step: only if that owner has the lease of the key, and no other has had it
   * since; the lease ends then.
   *
   * @param key The key.
   * @param value The value.
   * @param options Its lifetime, the owner of the lease, and a signal.
   * @returns Whether it was written. A store says `false` of a value that is too long for it, too.
   */
  set(key: string, value: string, options: SetOptions): Promise<boolean>;
  /**
   * Deletes a value, if it is still this one.
   *
   * @param key The key.
   * @param value The value that is to go.
   * @param options A signal.
   */
  delete(key: string, value: string, options: StoreOptions): Promise<void>;
  /** Leases, which let one process at a time request a token. Default: the engine can't, and each may request its own. */
  readonly lease?: TokenLease | undefined;
}

/** A store with leases. */
export interface LeasingTokenStore extends TokenStore {
  /** Leases, which let one process at a time request a token. */
  readonly lease: TokenLease;
}
