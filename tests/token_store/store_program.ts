/**
 * Uses a store on any runtime. As a program: its arguments are an engine, a place, a job, and what that wants.
 *
 * @module
 */

import { denoKvTokenStore } from "@m2m/authenticator/token-store/deno-kv";
import { fileTokenStore } from "@m2m/authenticator/token-store/file";
import type { TokenLease, TokenStore } from "@m2m/authenticator/token-store";
import { runCases } from "./run_cases.ts";

/** A store, and what ends its use: timers of a database keep a process from ending. */
interface OpenedStore {
  readonly store: TokenStore;
  readonly close?: () => void;
}

/** The engines; what each opens is a path: a folder, a database's, or that of the package `@deno/kv`. */
const engines: Record<string, (path: string) => OpenedStore | Promise<OpenedStore>> = {
  file: (path) => ({ store: fileTokenStore(path) }),
  kv: async (path) => openKv(await Deno.openKv(path)),
  "npm kv": async (path) => openKv(await (await import(path)).openKv("")),
};

function openKv(kv: Deno.Kv): OpenedStore {
  return { store: denoKvTokenStore(kv), close: () => kv.close() };
}

const { signal } = new AbortController();
/** Longer than any test. */
const lifetime = 60_000;

type Job = (store: TokenStore & { readonly lease: TokenLease }, count: number) => Promise<unknown>;

/** What is done with a store; each resolves to what is printed. */
const jobs: Record<string, Job> = {
  /** Passes all cases; `ends`: whether values are gone after their lifetime. */
  cases: (store, ends) => runCases(store, { shortestLifetime: 1_500, endsValues: ends === 1 }),
  /** Acquires leases of 20 keys, each at a moment from `start` on. */
  async acquire({ lease }, start) {
    const answers: boolean[] = [];
    while (answers.length < 20) {
      await pause(start + answers.length * 15 - Date.now());
      answers.push(await lease.acquire(`key-${answers.length}`, crypto.randomUUID(), { lifetime, signal }));
    }
    return answers;
  },
  /** Adds 1 to a number, so many times, each under a lease, which it may lose meanwhile. */
  async add(store, count) {
    for (let done = 0; done < count;) {
      const owner = crypto.randomUUID();
      while (!await store.lease.acquire("count", owner, { lifetime: 300, signal })) await pause(Math.random() * 20);
      const before = Number((await store.get("count", { signal }))?.value ?? 0);
      if (await store.set("count", `${before + 1}`, { lifetime, owner, signal })) done++;
    }
    return count;
  },
  /** Holds a lease for a second, and writes long values, until it is killed. */
  async hold(store) {
    await store.lease.acquire("held", "holder", { lifetime: 1_000, signal });
    console.log("holds");
    for (let letter = 0;; letter = (letter + 1) % 10) {
      await store.set("written", `${letter}`.repeat(20_000), { lifetime, signal });
    }
  },
};

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const [engine, path, job, count] = globalThis.process?.argv.slice(-4) ?? [];
if (engine! in engines) {
  const { store, close } = await engines[engine!]!(path!);
  console.log(JSON.stringify(await jobs[job!]!(store as Parameters<Job>[0], Number(count))));
  close?.();
}
