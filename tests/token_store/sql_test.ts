/** A token store in PostgreSQL and in SQLite. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { TokenStore } from "@m2m/authenticator/token-store";
import { type SqlQuery, sqlTokenStore, sqlTokenTable } from "@m2m/authenticator/token-store/sql";
// @ts-types="./pg.d.ts"
import pg from "npm:pg@8.23.1";
import postgres from "npm:postgres@3.4.9";
import { runScript, testOnPrograms } from "../runtimes/every_runtime.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { findPostgresql, type PostgresqlServer } from "../servers/postgresql.ts";
import { Fleet } from "./fleet.ts";
import { runCases } from "./run_cases.ts";
import { openSqlite, useTogether } from "./sqlite_program.ts";

const minute = { lifetime: 60_000, signal: new AbortController().signal };
const table = "app.tokens";
const now = "1e3 * extract(epoch from clock_timestamp())";

/** A store by each client, and one of the clients. */
function connect({ host, user }: PostgresqlServer) {
  const pool = new pg.Pool({ host, user });
  // It emits the end of idle connections.
  pool.on("error", () => {});
  const sql = postgres({ host, user, max: 20 });
  const queries: SqlQuery[] = [
    async (text, parameters) => (await pool.query(text, parameters)).rows,
    (text, parameters) => sql.unsafe(text, parameters),
  ];
  const stores = queries.map((query) => sqlTokenStore(query, { dialect: "postgresql", table }));
  const close = async () => void await Promise.allSettled([pool.end(), sql.end({ timeout: 1 })]);
  return { stores, sql, [Symbol.asyncDispose]: close };
}

type Operation = (store: TokenStore, key: string) => Promise<unknown>;
const acquire: Operation = ({ lease }, key) => lease!.acquire(key, "b", minute);
const extend: Operation = ({ lease }, key) => lease!.extend(key, "a", minute);
const release: Operation = ({ lease }, key) => lease!.release(key, "a", minute);
const write: Operation = (store, key) => store.set(key, "late", { ...minute, owner: "a" });
const remove: Operation = (store, key) => store.delete(key, "old", minute);

const [touched, taken, replaced] = [
  "value = value",
  `lease_owner = 'c', lease_ends_at = ${now} + 6e4`,
  "value = 'new'",
];
const [ended, soon, later] = [0, 500, 60_000];

/**
 * How long the owner "a" has the lease; what a transaction changes while an operation waits for the row; and what the
 * operation says, and the row's value and owner then.
 */
const waits: readonly (readonly [number, string, Operation, readonly [unknown, string, string | null]])[] = [
  [soon, touched, acquire, [true, "old", "b"]],
  [ended, taken, acquire, [false, "old", "c"]],
  [soon, touched, extend, [false, "old", "a"]],
  [later, taken, extend, [false, "old", "c"]],
  [later, touched, release, [undefined, "old", null]],
  [later, taken, release, [undefined, "old", "c"]],
  [soon, touched, write, [false, "old", "a"]],
  [later, taken, write, [false, "old", "c"]],
  [later, replaced, write, [true, "late", null]],
  [later, replaced, remove, [undefined, "new", "a"]],
];

const testOnPostgresql = await testsOn("PostgreSQL", findPostgresql);
testOnPostgresql("sql: on PostgreSQL, each client passes all cases, and waits for rows do no harm", async (start) => {
  await using server = await start();
  await using clients = connect(server);
  const { stores, sql } = clients;
  const { create, deleteEnded } = sqlTokenTable("postgresql", table);
  await sql`create schema app`;
  await sql.unsafe(create);

  await Promise.all(stores.map((store) => runCases(store)));

  await using fleet = new Fleet();
  for (const store of stores) fleet.add(4, { store, sharing: { timeout: 10_000 } });
  assertEquals([await fleet.call(), fleet.requests], [Array(8).fill("token-1"), 1]);

  await sql.unsafe(`delete from ${table}`);
  for (const [index, [lease, change, operation, expected]] of waits.entries()) {
    const row = `from ${table} where id = '${index}'`;
    await sql.unsafe(`insert into ${table} values (${index}, 'old', ${now} + 6e4, 'a', ${now} + ${lease})`);
    const { answer } = await sql.begin(async (transaction) => {
      await transaction.unsafe(`update ${table} set ${change} where id = '${index}'`);
      const answer = operation(stores[index % 2]!, `${index}`);
      let hasAnswered = false;
      answer.finally(() => hasAnswered = true).catch(() => {});
      const until = async (condition: string) => {
        while (!hasAnswered && (await sql.unsafe(`select 1 where ${condition}`)).length === 0);
      };
      await until("exists (select from pg_stat_activity where wait_event_type = 'Lock')");
      if (lease === soon) await until(`exists (select ${row} and lease_ends_at < ${now})`);
      return { answer };
    });
    const says = await answer;
    const [{ value, lease_owner }] = await sql.unsafe(`select * ${row}`) as [postgres.Row];
    assertEquals([says, value, lease_owner], expected, `wait ${index}`);
  }

  await sql.unsafe(`update ${table} set ends_at = 1 where lease_owner is null or lease_owner = 'a'`);
  assertEquals((await sql.unsafe(deleteEnded)).count, 4);

  await server.stop();
  for (const store of stores) await assertRejects(() => store.get("key", minute));
});

await testOnPrograms("sql: two processes use one file of SQLite at once, on Deno and", async (executable) => {
  await using folder = await temporaryFolder("sqlite_");
  const input = { file: `${folder.path}/tokens.db`, names: ["one", "other"], times: 50 } as const;
  const other = JSON.stringify({ ...input, names: input.names.toReversed() });
  const script = new URL("sqlite_program.ts", import.meta.url);
  const [own, { stdout, stderr }] = await Promise.all([
    useTogether(input),
    runScript(executable, script, { args: [other] }),
  ]);
  assertEquals(stdout.trim(), `${own}`, stderr);
  const { store, close } = await openSqlite(input.file);
  assertEquals((await store.get("count", minute))?.value, "100");
  close();
});

Deno.test("sql: on SQLite, a file that another one writes to is neither yes nor no, and ended rows are deleted", async () => {
  await using folder = await temporaryFolder("sqlite_");
  const { store, db, close } = await openSqlite(`${folder.path}/tokens.db`, 0);
  const other = await openSqlite(`${folder.path}/tokens.db`, 0);
  other.db.exec("begin immediate");
  await assertRejects(() => store.lease!.acquire("key", "a", minute), Error, "locked");
  other.db.exec("commit");
  other.close();

  await store.set("ended", "value", { ...minute, lifetime: -1 });
  await store.lease!.acquire("leased", "a", minute);
  await store.set("live", "value", minute);
  db.exec(sqlTokenTable("sqlite").deleteEnded);
  assertEquals(db.prepare("select id from m2m_tokens order by id").all().map(({ id }) => id), ["leased", "live"]);
  close();
});

Deno.test("sql: arguments that can't be used are refused, and so is a query that returns no rows", async () => {
  const query = () => [];
  const faults: [() => unknown, string][] = [
    [() => sqlTokenStore({} as never, { dialect: "sqlite" }), "query must be a function"],
    [() => sqlTokenStore(query, undefined as never), 'dialect must be "postgresql" or "sqlite"'],
    [() => sqlTokenStore(query, { dialect: "toString" as never }), "dialect must be"],
    ...["", "a b", "a;b", "1a", "a.b.c", '"a"', ".a"].map((table): [() => unknown, string] => [
      () => sqlTokenStore(query, { dialect: "sqlite", table }),
      "table must be a name",
    ]),
    [() => sqlTokenTable("sqlite", "a'"), "table must be a name"],
  ];
  for (const [make, text] of faults) assertThrows(make, TypeError, text);
  const store = sqlTokenStore(() => ({ rows: [] }) as never, { dialect: "postgresql" });
  await assertRejects(() => store.get("key", minute), TypeError, "an array of rows");
});
