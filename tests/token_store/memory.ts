/**
 * A token store in memory, with a clock of its own.
 *
 * @module
 */

import type { TokenStore } from "@m2m/authenticator/token-store";

/** What it holds, to be looked at. */
export interface MemoryStore extends TokenStore {
  readonly values: Map<string, { value: string; end: number }>;
  readonly leases: Map<string, { owner: string; end: number }>;
}

/** Makes one. Every operation takes a turn of the event loop, as over a network. */
export function memoryStore(now: () => number = () => performance.now()): MemoryStore {
  const values: MemoryStore["values"] = new Map();
  const leases: MemoryStore["leases"] = new Map();
  const find = <T extends { end: number }>(map: Map<string, T>, key: string) => {
    const found = map.get(key);
    return found && now() < found.end ? found : undefined;
  };
  const holds = (key: string, owner: string) => find(leases, key)?.owner === owner;
  const later = <T>(work: () => T) => Promise.resolve().then(work);
  return {
    values,
    leases,
    get: (key) =>
      later(() => {
        const found = find(values, key);
        return found && { value: found.value, remainingLifetime: found.end - now() };
      }),
    set: (key, value, { lifetime, owner }) =>
      later(() => {
        if (owner !== undefined && !holds(key, owner)) return false;
        values.set(key, { value, end: now() + lifetime });
        if (owner !== undefined) leases.delete(key);
        return true;
      }),
    delete: (key, value) => later(() => void (values.get(key)?.value === value && values.delete(key))),
    lease: {
      acquire: (key, owner, { lifetime }) =>
        later(() => {
          if (find(leases, key) && !holds(key, owner)) return false;
          leases.set(key, { owner, end: now() + lifetime });
          return true;
        }),
      extend: (key, owner, { lifetime }) =>
        later(() => {
          if (!holds(key, owner)) return false;
          leases.set(key, { owner, end: now() + lifetime });
          return true;
        }),
      release: (key, owner) => later(() => void (holds(key, owner) && leases.delete(key))),
    },
  };
}
