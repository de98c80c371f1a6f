/**
 * The clients of Redis, opened: on Deno, and as a program on Bun and Node, which runs all cases by some of them.
 *
 * @module
 */

import { createClient } from "npm:@redis/client@6.3.1";
import { Redis } from "npm:ioredis@6.0.0";
import { type RedisClient, redisRestTokenStore, redisTokenStore } from "@m2m/authenticator/token-store/redis";
import type { TokenStore } from "@m2m/authenticator/token-store";
import process from "node:process";
import { runCases } from "./run_cases.ts";

/** A store by a client that is open. */
export interface OpenStore extends Disposable {
  readonly store: TokenStore;
}

/** Where Redis is. */
export interface Place {
  readonly url: string;
  readonly rest: { readonly url: string; readonly token: string };
}

/** Opens a store by a client. */
export type OpenClient = (place: Place) => OpenStore | Promise<OpenStore>;

/** Puts a store on a client. */
export function openStore(client: RedisClient, close = () => {}): OpenStore {
  return { store: redisTokenStore(client), [Symbol.dispose]: close };
}

/** Opens one by ioredis, or by what `make` makes of it. */
export function openIoredis(
  url: string,
  settings: object = {},
  make: (redis: Redis) => RedisClient = (redis) => redis,
): OpenStore & { readonly redis: Redis } {
  const redis = new Redis(url, settings);
  redis.on("error", () => {});
  return { redis, ...openStore(make(redis), () => redis.disconnect()) };
}

/** Each client, by its name. */
export const clients = {
  "node-redis": async ({ url }) => {
    const client = createClient({ url });
    client.on("error", () => {});
    await client.connect();
    return openStore(client, () => client.destroy());
  },
  "ioredis": ({ url }) => openIoredis(url),
  "Bun": ({ url }) => {
    const { RedisClient } = (globalThis as Record<string, unknown>).Bun as {
      RedisClient: new (url: string) => RedisClient & { close(): void };
    };
    const client = new RedisClient(url);
    return openStore(client, () => client.close());
  },
  "REST": ({ rest }) => ({ store: redisRestTokenStore(rest), [Symbol.dispose]() {} }),
} satisfies Record<string, OpenClient>;

/** Runs all cases by each of these, at once; returns their number. */
export async function runAllCases(opening: Readonly<Record<string, OpenClient>>, place: Place): Promise<number> {
  const counts = await Promise.all(
    Object.entries(opening).map(async ([name, open]) => {
      // Node 22 has no `using`.
      const opened = await open(place);
      try {
        return await runCases(opened.store, { shortestLifetime: 1_500 });
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`);
      } finally {
        opened[Symbol.dispose]();
      }
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

/** The arguments: a place, as JSON, and names of clients. */
if (import.meta.main) {
  const [place, ...names] = process.argv.slice(2);
  const chosen = Object.entries(clients).filter(([name]) => names.includes(name));
  console.log(await runAllCases(Object.fromEntries(chosen), JSON.parse(place!)));
}
