/** The storage of oidc-provider. Here it holds the `jti` of used client assertions alone. @module */

type Payload = Record<string, unknown>;

/** Holds one model's records in memory. */
export class MemoryAdapter {
  readonly #records = new Map<string, { payload: Payload; expiresAt: number }>();

  /** `expiresIn` is in seconds. */
  async upsert(id: string, payload: Payload, expiresIn = Infinity): Promise<void> {
    await void this.#records.set(id, { payload, expiresAt: Date.now() + expiresIn * 1000 });
  }

  async find(id: string): Promise<Payload | undefined> {
    const record = await this.#records.get(id);
    return record && record.expiresAt > Date.now() ? record.payload : undefined;
  }

  async destroy(id: string): Promise<void> {
    await void this.#records.delete(id);
  }
}
