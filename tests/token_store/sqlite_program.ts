/**
 * One of several processes that use a store in one SQLite file, on any runtime with SQLite: as a program, or imported.
 *
 * @module
 */

import type { TokenStore } from "@m2m/authenticator/token-store";
import { sqlTokenStore, sqlTokenTable } from "@m2m/authenticator/token-store/sql";
import { runCases } from "./run_cases.ts";

declare const process: { readonly argv: readonly string[] };

/** The file, the names of this process and of another one, and how often each counts up. */
export interface SqliteInput {
  readonly file: string;
  readonly names: readonly [string, string];
  readonly times: number;
}

/** The part of the clients that is used here: bun:sqlite and node:sqlite have it in common. */
interface Database {
  exec(text: string): void;
  prepare(text: string): { all(...parameters: (string | number)[]): Record<string, unknown>[] };
  close(): void;
}

/** Opens the file by the runtime's own client. */
export async function openSqlite(
  file: string,
  busyTimeout = 2_000,
): Promise<{ store: TokenStore; db: Database; close(): void }> {
  const name = "Bun" in globalThis ? "bun:sqlite" : "node:sqlite";
  const { Database, DatabaseSync } = await import(name);
  const db: Database = new (Database ?? DatabaseSync)(file);
  // Power failures aren't tested.
  db.exec(`PRAGMA busy_timeout = ${busyTimeout}; PRAGMA synchronous = off`);
  db.exec(sqlTokenTable("sqlite").create);
  const store = sqlTokenStore((text, parameters) => db.prepare(text).all(...parameters), { dialect: "sqlite" });
  return { store, db, close: () => db.close() };
}

/** Runs all cases, then counts together with the other process; resolves to the number of cases. */
export async function useTogether({ file, names: [own, other], times }: SqliteInput): Promise<number> {
  const { store, close } = await openSqlite(file);
  const options = { lifetime: 60_000, signal: new AbortController().signal };
  const end = performance.now() + 20_000;
  const pause = async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (performance.now() > end) throw new Error(`Cannot wait any longer for ${other}.`);
  };
  await store.set(own, "started", options);
  while (!await store.get(other, options)) await pause();
  const cases = await runCases(store);
  for (let count = 0; count < times; count++) {
    while (!await store.lease!.acquire("count", own, options)) await pause();
    const { value } = await store.get("count", options) ?? { value: "0" };
    const isWritten = await store.set("count", String(Number(value) + 1), { ...options, owner: own });
    if (!isWritten) throw new Error("The lease must last until its owner has written.");
  }
  close();
  return cases;
}

const input = typeof process === "undefined" ? undefined : process.argv.at(-1);
if (input?.startsWith("{")) console.log(await useTogether(JSON.parse(input)));
