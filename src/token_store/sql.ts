/**
 * A token store in a PostgreSQL or SQLite database.
 *
 * @module
 */

import { throwInvalid } from "../arguments.ts";
import type { LeasingTokenStore, StoreOptions } from "./token_store.ts";

export type * from "./token_store.ts";

/** The database's kind. */
export type SqlDialect = "postgresql" | "sqlite";

/**
 * Runs one statement and returns its rows, as objects by column. The parameters are for `$1`, `$2` … (PostgreSQL), or for
 * the `?` in their order (SQLite). The signal in the options may be passed on to clients that take one.
 */
export type SqlQuery = (
  text: string,
  parameters: (string | number)[],
  options: StoreOptions,
) => readonly unknown[] | PromiseLike<readonly unknown[]>;

/** Options of {@linkcode sqlTokenStore}. */
export interface SqlTokenStoreOptions {
  /** The database's kind. */
  dialect: SqlDialect;
  /** The table's name, with or without its schema, unquoted. Default: `m2m_tokens`. */
  table?: string | undefined;
}

/** Statements for the table of a {@linkcode sqlTokenStore}. */
export interface SqlTokenTable {
  /** Creates the table, if there is none. */
  readonly create: string;
  /** Deletes the rows whose value and lease have both ended. */
  readonly deleteEnded: string;
}

/** No lease is longer, in milliseconds. */
const longestLease = 120_000;

/** The time in milliseconds when a row is looked at, after any wait for it: `now()` would be the transaction's start. */
const clocks: Readonly<Record<SqlDialect, string>> = {
  postgresql: "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
  sqlite: "cast((julianday('now') - 2440587.5) * 86400000 as integer)",
};

/**
 * Keeps tokens in a table of PostgreSQL or SQLite (3.35 or later), through a function that runs a statement.
 *
 * The function is one line for each client:
 *
 * | client | function |
 * |---|---|
 * | pg | `async (text, parameters) => (await pool.query(text, parameters)).rows` |
 * | postgres.js, Bun's SQL | `(text, parameters) => sql.unsafe(text, parameters)` |
 * | node:sqlite, better-sqlite3 | `(text, parameters) => db.prepare(text).all(...parameters)` |
 * | bun:sqlite | `(text, parameters) => db.query(text).all(...parameters)` |
 *
 * Every operation is one statement, which keeps no state in the connection: a pool, or PgBouncer in transaction mode, may
 * run each on another one. Give it no connection with an open transaction: others wait for that one's end.
 *
 * Lifetimes count by the database's clock, and end to the millisecond. A lease is a part of the value's row.
 *
 * {@linkcode sqlTokenTable} has the statement that creates the table. Each key has one row, which later tokens of that key
 * replace. `deleteEnded` is for tables with many keys, as those of `partition` can be.
 *
 * PostgreSQL: the isolation level must be `read committed`, as it is by default; under a higher one, callers that meet at
 * one row fail. SQLite: without `PRAGMA busy_timeout`, callers that meet in one file fail. While they wait, clients
 * without promises block the program, so that some 100 ms should do.
 *
 * @example
 * ```ts
 * import { sharedTokens } from "@m2m/authenticator/token-store";
 * import { sqlTokenStore, sqlTokenTable } from "@m2m/authenticator/token-store/sql";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const db = new DatabaseSync(":memory:");
 * db.exec("PRAGMA busy_timeout = 100");
 * db.exec(sqlTokenTable("sqlite").create);
 * const store = sqlTokenStore((text, parameters) => db.prepare(text).all(...parameters), { dialect: "sqlite" });
 * const tokenStore = sharedTokens(store);
 * console.log(typeof tokenStore); // object
 * db.close();
 * ```
 *
 * @param query Runs one statement, and returns its rows.
 * @param options The dialect, and the table's name.
 * @returns A store with leases.
 * @throws {TypeError} If an argument can't be used.
 */
export function sqlTokenStore(query: SqlQuery, options: SqlTokenStoreOptions): LeasingTokenStore {
  if (typeof query !== "function") {
    throwInvalid("query", "a function (text, parameters) that returns rows", query);
  }
  const { dialect, table = "m2m_tokens" } = options ?? {};
  const statements = compileStatements(dialect, table);
  /** Resolves to the first row. */
  async function run(
    { text, order }: Statement,
    parameters: (string | number)[],
    { signal }: StoreOptions,
  ): Promise<Record<string, unknown> | undefined> {
    const rows = await query(text, order?.map((index) => parameters[index]!) ?? parameters, { signal });
    if (!Array.isArray(rows)) throw new TypeError("query must return an array of rows, not an object that has them.");
    return rows[0];
  }
  return {
    async get(key, options) {
      const row = await run(statements.get, [key], options);
      // PostgreSQL's clients give a bigint as text.
      return row && { value: String(row.value), remainingLifetime: Number(row.remaining) };
    },
    async set(key, value, options) {
      const parameters = [key, value, Math.ceil(options.lifetime)];
      const row = options.owner === undefined
        ? await run(statements.set, parameters, options)
        : await run(statements.setAsOwner, [...parameters, options.owner], options);
      return row !== undefined;
    },
    async delete(key, value, options) {
      await run(statements.delete, [key, value], options);
    },
    lease: {
      async acquire(key, owner, options) {
        return await run(statements.acquire, [key, owner, Math.ceil(options.lifetime)], options) !== undefined;
      },
      async extend(key, owner, options) {
        return await run(statements.extend, [key, owner, Math.ceil(options.lifetime)], options) !== undefined;
      },
      async release(key, owner, options) {
        await run(statements.release, [key, owner], options);
      },
    },
  };
}

/**
 * Makes the statements for the table of a store: to create it, and to delete what has ended.
 *
 * Neither has parameters. Run `create` once, as a migration, and `deleteEnded` now and then where keys are many.
 *
 * @example
 * ```ts
 * import { sqlTokenTable } from "@m2m/authenticator/token-store/sql";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const db = new DatabaseSync(":memory:");
 * const { create, deleteEnded } = sqlTokenTable("sqlite", "shared_tokens");
 * db.exec(create);
 * db.exec(deleteEnded);
 * db.close();
 * ```
 *
 * @param dialect The database's kind.
 * @param table The table's name. Default: `m2m_tokens`.
 * @returns Texts of statements.
 * @throws {TypeError} If the dialect is unknown, or the name is none.
 */
export function sqlTokenTable(dialect: SqlDialect, table = "m2m_tokens"): SqlTokenTable {
  const now = checkTable(dialect, table);
  // Hashes need no language's order, which changes with the system's libraries.
  const collation = dialect === "postgresql" ? ' collate "C"' : "";
  return {
    create: `create table if not exists ${table} (id text${collation} not null primary key, ` +
      "value text, ends_at bigint, lease_owner text, lease_ends_at bigint)",
    deleteEnded: `delete from ${table} where coalesce(ends_at, 0) <= ${now} and coalesce(lease_ends_at, 0) <= ${now}`,
  };
}

/** Checks what is written into statements; returns the dialect's clock. */
function checkTable(dialect: SqlDialect, table: string): string {
  if (!Object.hasOwn(clocks, dialect)) throwInvalid("dialect", '"postgresql" or "sqlite"', dialect);
  if (typeof table !== "string" || !/^([a-z_]\w*\.)?[a-z_]\w*$/i.test(table)) {
    throwInvalid("table", 'a name of letters, digits and _, such as "m2m_tokens" or "app.m2m_tokens"', table);
  }
  return clocks[dialect];
}

/** A statement, and which parameters its placeholders take in turn, where they have no numbers. */
interface Statement {
  readonly text: string;
  readonly order?: readonly number[];
}

/** Each returns a row where it did something: some clients run no statement as a query that returns none. */
function compileStatements(dialect: SqlDialect, table: string) {
  const now = checkTable(dialect, table);
  const compile = (text: string): Statement => {
    if (dialect === "postgresql") return { text };
    // All of SQLite's clients have `?`, and not all `?1`.
    const order = Array.from(text.matchAll(/\$(\d)/g), ([, number]) => Number(number) - 1);
    return { text: text.replace(/\$\d/g, "?"), order };
  };
  // After a wait for a row that was changed this is checked again; if it was locked only, no other owner has taken it.
  const isHeld = `id = $1 and lease_owner = $2 and lease_ends_at > ${now}`;
  return {
    get: compile(`select value, ends_at - ${now} as remaining from ${table} where id = $1 and ends_at > ${now}`),
    set: compile(
      `insert into ${table} (id, value, ends_at) values ($1, $2, ${now} + $3) ` +
        `on conflict (id) do update set value = excluded.value, ends_at = ${now} + $3 returning id`,
    ),
    setAsOwner: compile(
      `update ${table} set value = $2, ends_at = ${now} + $3, lease_owner = null, lease_ends_at = null ` +
        `where id = $1 and lease_owner = $4 and lease_ends_at > ${now} returning id`,
    ),
    delete: compile(`update ${table} set value = null, ends_at = null where id = $1 and value = $2 returning id`),
    // It waits for the row, and then counts what the row has.
    acquire: compile(
      `insert into ${table} as held (id, lease_owner, lease_ends_at) values ($1, $2, ${now} + $3) ` +
        `on conflict (id) do update set lease_owner = excluded.lease_owner, lease_ends_at = ${now} + $3 ` +
        `where held.lease_owner is null or held.lease_owner = excluded.lease_owner or held.lease_ends_at <= ${now} ` +
        // By a clock that has been set back since.
        `or held.lease_ends_at > ${now} + ${longestLease} ` +
        "returning id",
    ),
    extend: compile(`update ${table} set lease_ends_at = ${now} + $3 where ${isHeld} returning id`),
    release: compile(
      `update ${table} set lease_owner = null, lease_ends_at = null where id = $1 and lease_owner = $2 returning id`,
    ),
  };
}
