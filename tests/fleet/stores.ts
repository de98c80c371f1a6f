/** Token stores as a process of the fleet opens them, each by a client that applications use. @module */

import { createClient } from "npm:@redis/client@6.3.1";
// @ts-types="../token_store/pg.d.ts"
import pg from "npm:pg@8.23.1";
import type { TokenStore } from "@m2m/authenticator/token-store";
import { denoKvTokenStore } from "@m2m/authenticator/token-store/deno-kv";
import { etcdTokenStore } from "@m2m/authenticator/token-store/etcd";
import { fileTokenStore } from "@m2m/authenticator/token-store/file";
import { redisTokenStore } from "@m2m/authenticator/token-store/redis";
import { sqlTokenStore, sqlTokenTable } from "@m2m/authenticator/token-store/sql";
import { DatabaseSync } from "node:sqlite";

/** What opens the store of each engine at an address: a URL, a file or a folder. */
const engines = {
  async redis(url) {
    const client = createClient({ url });
    client.on("error", () => {});
    await client.connect();
    return redisTokenStore(client);
  },
  async postgresql(host) {
    const pool = new pg.Pool({ host, user: "postgres", max: 1 });
    pool.on("error", () => {});
    // Several that create it at once are told that it's there by an error.
    await pool.query(sqlTokenTable("postgresql").create, []).catch(() => {});
    return sqlTokenStore(async (text, parameters) => (await pool.query(text, parameters)).rows, {
      dialect: "postgresql",
    });
  },
  sqlite(file) {
    const db = new DatabaseSync(file);
    db.exec("pragma busy_timeout = 5000");
    db.exec(sqlTokenTable("sqlite").create);
    return sqlTokenStore((text, parameters) => db.prepare(text).all(...parameters), { dialect: "sqlite" });
  },
  etcd: (url) => etcdTokenStore({ url }),
  file: (folder) => fileTokenStore(folder),
  "deno-kv": async (file) => denoKvTokenStore(await Deno.openKv(file)),
} satisfies Record<string, (address: string) => TokenStore | Promise<TokenStore>>;

/** The name of an engine. */
export type EngineName = keyof typeof engines;

/** Opens the store of this engine. */
export async function openStore(engine: EngineName, address: string): Promise<TokenStore> {
  return await engines[engine](address);
}
