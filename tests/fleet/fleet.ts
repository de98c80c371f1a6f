/** 32 processes that share a token through one store, an authorization server and an API. @module */

import { setTimeout as sleep } from "node:timers/promises";
import { Backend } from "./backend.ts";
import type { RunningEngine } from "./engines.ts";
import { Instance } from "./instance.ts";

export const size = 32;

/**
 * The least share of a token's life between two requests for one. A refresh starts in its last quarter, which is longer by a
 * quarter of the time that the attempt for the token waited: for a store that is paused, or a machine that is busy.
 */
const earliest = 0.5;

/** How long an operation of a store may take, in milliseconds: all processes are on one machine, which they keep busy. */
const storeTimeout = 5_000;

/** What a fleet is made of. */
export interface FleetOptions {
  readonly engine: RunningEngine;
  /** How long tokens live, in milliseconds. */
  readonly lifetime: number;
  /** How long leases last. Default: as `sharedTokens` says. */
  readonly leaseTime?: number;
  /** The clocks: process n has that at n modulo their number. Default: they are right. */
  readonly skews?: readonly number[];
}

/** The processes. Disposing of them kills those that still run. */
export class Fleet implements AsyncDisposable {
  readonly backend: Backend;
  readonly #options: FleetOptions;
  readonly #instances: Instance[] = [];
  /** Those that were killed, and started again. */
  readonly #killed: Instance[] = [];

  private constructor(backend: Backend, options: FleetOptions) {
    this.backend = backend;
    this.#options = options;
  }

  /** Starts them; none calls yet. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const fleet = new Fleet(await Backend.start(options.lifetime), options);
    try {
      for (let index = 0; index < size; index++) fleet.#instances[index] = fleet.#makeInstance(index);
      await Promise.all(fleet.#instances.map((instance) => instance.waitUntilReady()));
    } catch (error) {
      await fleet[Symbol.asyncDispose]();
      throw error;
    }
    return fleet;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.kill()));
    await this.backend[Symbol.asyncDispose]();
  }

  #makeInstance(index: number): Instance {
    const { engine, leaseTime, skews = [0] } = this.#options;
    const { name, address, command } = engine;
    const skew = skews[index % skews.length]!;
    const sharing = { timeout: storeTimeout, leaseTime };
    return new Instance(command, { engine: name, address, index, sharing, skew, ...this.backend.endpoints });
  }

  /** How many token requests there were. */
  get requests(): number {
    return this.backend.requests.length;
  }

  /** When they came after the first, in milliseconds. */
  get times(): number[] {
    const { requests } = this.backend;
    return requests.map(({ at }) => at - requests[0]!.at);
  }

  at(index: number): Instance {
    return this.#instances[index]!;
  }

  /** Lets all call the API, from the same moment on. */
  async go(): Promise<void> {
    await Promise.all(this.#instances.map((instance) => instance.go()));
  }

  /** Kills one without a warning, and starts it again. */
  async restart(index: number): Promise<void> {
    await this.at(index).kill();
    this.#killed.push(this.at(index));
    const instance = this.#instances[index] = this.#makeInstance(index);
    await instance.waitUntilReady();
    await instance.go();
  }

  /** Waits until the last calls of all were accepted with one token, which was requested after so many requests. */
  async converge(requests = 0): Promise<void> {
    await waitUntil("see one new token used by all", () => {
      const [first, ...others] = this.#instances.map((_, index) => this.backend.lastTokens.get(index) ?? 0);
      return first! > requests && others.every((token) => token === first);
    });
  }

  /**
   * Counts the token requests, from a number on, that came sooner after another than the refreshes of a token do.
   * `byEach`: after another of the same process.
   */
  countExtra(from = 0, byEach = false): number {
    const { requests } = this.backend;
    const least = earliest * this.#options.lifetime;
    return requests.filter(({ at, index }, position) => {
      const previous = requests.slice(0, position).findLast((other) => !byEach || other.index === index);
      return position >= from && previous && at - previous.at < least;
    }).length;
  }

  /** The calls that failed: how many for which reason. */
  get failures(): Record<string, number> {
    return countEach(this.#all.flatMap(({ failures }) => failures));
  }

  /** How often each event came whose name is like this. */
  list(pattern: RegExp): Record<string, number> {
    return countEach(this.#all.flatMap(({ events }) => events).filter((name) => pattern.test(name)));
  }

  /** How often these events came. */
  count(pattern: RegExp): number {
    return Object.values(this.list(pattern)).reduce((sum, count) => sum + count, 0);
  }

  /** Those that run or ran. */
  get #all(): Instance[] {
    return [...this.#killed, ...this.#instances];
  }

  /** Lets all end; resolves to the number of calls that those made who weren't killed. */
  async end(): Promise<number> {
    await Promise.all(this.#instances.map((instance) => instance.end()));
    return this.#instances.reduce((sum, { calls }) => sum + calls, 0);
  }
}

function countEach(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    [...new Set(texts)].sort().map((text) => [text, texts.filter((each) => each === text).length]),
  );
}

/** Waits until a condition holds: for two minutes at most, on a machine that is busy. */
export async function waitUntil(what: string, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + 120_000; !condition(); await sleep(20)) {
    if (performance.now() > end) throw new Error(`Cannot ${what}: not within two minutes`);
  }
}
