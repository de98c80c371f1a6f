/** Token stores whose operations are seen, or reached over HTTP. @module */

import type { StoreOptions, TokenStore } from "@m2m/authenticator/token-store";
import { serve } from "../servers/loopback.ts";
import { memoryStore } from "../token_store/memory.ts";

/** A store in memory whose operations are seen by `visit`, and wait for it. */
export function watchedStore(visit: () => unknown, now?: () => number): TokenStore {
  const { get, set, delete: remove, lease } = memoryStore(now);
  const { acquire, extend, release } = lease!;
  const visited = <A extends unknown[], R>(operate: (...args: A) => Promise<R>) => async (...args: A): Promise<R> => {
    await visit();
    return await operate(...args);
  };
  return {
    get: visited(get),
    set: visited(set),
    delete: visited(remove),
    lease: { acquire: visited(acquire), extend: visited(extend), release: visited(release) },
  };
}

/** Serves a store in memory, on loopback. */
export function serveStore() {
  const { lease, ...values } = memoryStore();
  const operations = { ...values, ...lease } as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  return serve(async (request) => {
    const [name, ...args] = await request.json();
    return Response.json(await operations[name]!(...args) ?? null);
  });
}

/** The store that is served there. */
export function storeAt(origin: string): TokenStore {
  const remote = (name: string) => async (...args: unknown[]) => {
    const { signal } = args.at(-1) as StoreOptions;
    const response = await fetch(origin, { method: "POST", body: JSON.stringify([name, ...args]), signal });
    return await response.json() ?? undefined;
  };
  const lease = { acquire: remote("acquire"), extend: remote("extend"), release: remote("release") };
  return { get: remote("get"), set: remote("set"), delete: remote("delete"), lease };
}
