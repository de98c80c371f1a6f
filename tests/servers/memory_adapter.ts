/**
 * Where oidc-provider keeps what it must remember. With client credentials and JWT access tokens that is one
 * thing: the `jti` of client assertions already used.
 *
 * @module
 */

import type { Adapter } from "./oidc_provider.d.ts";

/** One model's records, in memory. Each authorization server makes its own, so that none sees another's. */
export class MemoryAdapter implements Adapter {
  readonly #records = new Map<string, { payload: Record<string, unknown>; expiresAt: number }>();

  /** `expiresIn` is in seconds. */
  upsert(id: string, payload: Record<string, unknown>, expiresIn = Infinity): Promise<void> {
    this.#records.set(id, { payload, expiresAt: Date.now() + expiresIn * 1000 });
    return Promise.resolve();
  }

  find(id: string): Promise<Record<string, unknown> | undefined> {
    const record = this.#records.get(id);
    return Promise.resolve(record && record.expiresAt > Date.now() ? record.payload : undefined);
  }

  destroy(id: string): Promise<void> {
    this.#records.delete(id);
    return Promise.resolve();
  }
}
