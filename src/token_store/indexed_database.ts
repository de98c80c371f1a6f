/**
 * A connection to an IndexedDB database with one object store, whose records have an end.
 *
 * @module
 */

/** A stretch of time, in milliseconds since the epoch by the machine's clock. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

/** What is used of an `IDBObjectStore`. Not all runtimes have the types. */
export interface RecordStore {
  get(id: string): DatabaseRequest<unknown>;
  put(record: Period, id: string): unknown;
  delete(id: string): unknown;
  index(name: string): { openCursor(): DatabaseRequest<Cursor | null> };
}

interface EventSource<Type extends string> {
  addEventListener(type: Type, listener: () => void): void;
}

interface DatabaseRequest<Result> extends EventSource<"success" | "error" | "upgradeneeded"> {
  readonly result: Result;
  readonly error: unknown;
}

interface Cursor {
  readonly key: number;
  delete(): void;
  continue(): void;
}

interface Transaction extends EventSource<"complete" | "abort"> {
  readonly error: unknown;
  objectStore(name: string): RecordStore;
  abort(): void;
}

interface Connection extends EventSource<"versionchange"> {
  createObjectStore(name: string): { createIndex(name: string, path: string): void };
  transaction(name: string, mode: TransactionMode, options: { durability: "relaxed" }): Transaction;
  close(): void;
}

type TransactionMode = "readonly" | "readwrite";

const storeName = "records";

/** A database that is opened when it is first needed, and again when the connection was closed. */
export class IndexedDatabase {
  readonly #open: () => DatabaseRequest<Connection>;
  #opening: Promise<Connection> | undefined;

  constructor(factory: { open(name: string, version?: number): unknown }, name: string) {
    this.#open = () => factory.open(name, 1) as DatabaseRequest<Connection>;
  }

  /** Runs work in one transaction, which no other interrupts, and waits until it is committed. */
  async transact<T>(
    mode: TransactionMode,
    signal: AbortSignal,
    work: (records: RecordStore) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    // A closed connection shows at its use, before anything is done: Safari closes those of pages in the background without
    // an event.
    const transaction = await this.#begin(mode).catch(() => this.#begin(mode));
    signal.throwIfAborted();
    try {
      const [result] = await Promise.all([work(transaction.objectStore(storeName)), commit(transaction, signal)]);
      return result;
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  async #begin(mode: TransactionMode): Promise<Transaction> {
    this.#opening ??= openConnection(this.#open());
    try {
      // A token that is lost in a power failure is requested again.
      return (await this.#opening).transaction(storeName, mode, { durability: "relaxed" });
    } catch (error) {
      this.#close();
      throw error;
    }
  }

  /** The next operation opens it again. Transactions that are under way come to their end first. */
  #close(): void {
    this.#opening?.then((connection) => connection.close(), () => {});
    this.#opening = undefined;
  }
}

async function openConnection(request: DatabaseRequest<Connection>): Promise<Connection> {
  request.addEventListener(
    "upgradeneeded",
    () => request.result.createObjectStore(storeName).createIndex("end", "end"),
  );
  const connection = await settle(request);
  // Another context deletes the database, or upgrades it to a later format: it waits until this connection is closed.
  connection.addEventListener("versionchange", () => connection.close());
  return connection;
}

async function commit(transaction: Transaction, signal: AbortSignal): Promise<void> {
  const abort = () => {
    try {
      transaction.abort();
    } catch {
      // It is being committed.
    }
  };
  signal.addEventListener("abort", abort);
  try {
    await new Promise<void>((resolve, reject) => {
      transaction.addEventListener("complete", resolve);
      transaction.addEventListener("abort", () => reject(transaction.error ?? signal.reason));
    });
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function settle<Result>(request: DatabaseRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error));
  });
}

/** By how much clocks of two contexts may differ, in milliseconds: some browsers blur them on purpose. */
const blur = 1_000;

/** Finds a record that lives. One from the future was written before the clock was set back: it has ended. */
export async function findLive<Found extends Period>(records: RecordStore, id: string): Promise<Found | undefined> {
  const found = await settle(records.get(id)) as Found | undefined;
  const now = Date.now();
  return found && found.start <= now + blur && now < found.end ? found : undefined;
}

/** Makes the period of so many milliseconds that starts now. */
export function startPeriod(lifetime: number): Period {
  const start = Date.now();
  return { start, end: start + lifetime };
}

/** Deletes the records that have ended: tokens of other keys than those in use. */
export function deleteEnded(records: RecordStore): void {
  const request = records.index("end").openCursor();
  request.addEventListener("success", () => {
    const cursor = request.result;
    if (!cursor || cursor.key > Date.now()) return;
    cursor.delete();
    cursor.continue();
  });
}
