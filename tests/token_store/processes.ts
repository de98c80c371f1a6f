/**
 * Processes that use a store.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import type { TokenStore } from "@m2m/authenticator/token-store";
import { bundle } from "../runtimes/bundle.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { startProgram } from "../runtimes/start_program.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";

/** Runs the jobs of `store_program.ts` on one engine at one path. */
export class StoreProcesses {
  readonly #folder: string;
  readonly #engine: string;
  readonly #path: string;

  constructor(folder: string, engine: string, path: string) {
    [this.#folder, this.#engine, this.#path] = [folder, engine, path];
  }

  async #prepare(executable: string, job: string, count: number): Promise<string[]> {
    const file = join(this.#folder, "program.mjs");
    await Deno.writeTextFile(file, await bundle(new URL("store_program.ts", import.meta.url)));
    const flags = executable === Deno.execPath() ? ["run", "--quiet", "--no-config", "--unstable-kv", "-A"] : [];
    return [...flags, file, this.#engine, this.#path, job, `${count}`];
  }

  /** Runs a job in several processes at once; resolves to what each has printed. */
  async run(executable: string, job: string, count: number, processes = 1): Promise<unknown[]> {
    const args = await this.#prepare(executable, job, count);
    return await Promise.all(Array.from({ length: processes }, async () => {
      const { success, stdout, stderr } = await runToEnd(executable, { args });
      assert(success, stderr);
      return JSON.parse(stdout);
    }));
  }

  /** Starts a process that holds a lease and writes, and kills it after so many milliseconds. */
  async kill(executable: string, ms: number): Promise<void> {
    await using _ = await startProgram(executable, {
      args: await this.#prepare(executable, "hold", 0),
      ready: /holds/,
    });
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

/** Calls a function with processes of an engine, whose path is in a new folder, and with that path. */
export async function withProcesses(
  engine: string,
  run: (processes: StoreProcesses, path: string) => Promise<void>,
): Promise<void> {
  await using folder = await temporaryFolder("store_");
  const path = join(folder.path, "store");
  await run(new StoreProcesses(folder.path, engine, path), path);
}

const options = { signal: new AbortController().signal };

/** Checks that of eight processes that acquire a lease at once one gets it, and that what they add up is all there. */
export async function checkExclusion(processes: StoreProcesses, executable: string, store: TokenStore): Promise<void> {
  const answers = await processes.run(executable, "acquire", Date.now() + 800, 8) as boolean[][];
  assertEquals(answers[0]!.map((_, key) => answers.filter((each) => each[key]).length), Array(20).fill(1));
  await processes.run(executable, "add", 6, 8);
  assertEquals((await store.get("count", options))?.value, "48");
}

/** Checks that a process that was killed leaves whole values, and a lease that others get when its time is over. */
export async function checkKilled(processes: StoreProcesses, executable: string, store: TokenStore): Promise<void> {
  for (const ms of [0, 3, 11, 29]) {
    await processes.kill(executable, ms);
    assertMatch((await store.get("written", options))?.value ?? "", /^(\d?)\1*$/);
  }
  const acquire = () => store.lease!.acquire("held", "next", { lifetime: 1_000, ...options });
  const start = performance.now();
  while (!await acquire()) await new Promise((resolve) => setTimeout(resolve, 20));
  assert(performance.now() - start < 10_000, "its lease lasts too long");
}
