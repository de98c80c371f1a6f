/**
 * What workerd does to promises and timers, without workerd: those of a request end when the request does.
 *
 * @module
 */

import { AsyncLocalStorage } from "node:async_hooks";

interface Context {
  isOver: boolean;
  /** How many timers of its own it has set. */
  timers: number;
}

/** Pretends to be workerd for as long as it is in scope. */
export function asOnWorkerd(): Disposable {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { userAgent: "Cloudflare-Workers" }, configurable: true });
  return {
    [Symbol.dispose]() {
      if (own) Object.defineProperty(globalThis, "navigator", own);
      else delete (globalThis as { navigator?: unknown }).navigator;
    },
  };
}

/** An isolate of workerd, until it is disposed of: after the clock is faked, before it is restored. */
export class Isolate implements Disposable {
  readonly #storage = new AsyncLocalStorage<Context>();
  readonly #workerd = asOnWorkerd();
  readonly #setTimeout = globalThis.setTimeout;
  readonly #setInterval = globalThis.setInterval;

  constructor() {
    globalThis.setTimeout = this.#bind(this.#setTimeout) as typeof setTimeout;
    globalThis.setInterval = this.#bind(this.#setInterval) as typeof setInterval;
  }

  [Symbol.dispose](): void {
    globalThis.setTimeout = this.#setTimeout;
    globalThis.setInterval = this.#setInterval;
    this.#workerd[Symbol.dispose]();
  }

  /** Runs what handles one request. When it settles, timers of its own fire no more. */
  request<T>(handle: () => Promise<T>): { outcome: Promise<T>; context: Context } {
    const context = { isOver: false, timers: 0 };
    const outcome = this.#storage.run(context, handle).finally(() => context.isOver = true);
    return { outcome, context };
  }

  #bind(set: (callback: () => void, ms?: number) => unknown) {
    return (callback: () => void, ms?: number) => {
      const context = this.#storage.getStore();
      if (context === undefined) return set.call(globalThis, callback, ms);
      context.timers++;
      return set.call(globalThis, () => {
        if (!context.isOver) this.#storage.run(context, callback);
      }, ms);
    };
  }
}
