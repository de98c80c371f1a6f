/**
 * The remaining lifetimes of tokens, as a gauge reads them.
 *
 * @module
 */

import type { Attributes, ObservableResult } from "@opentelemetry/api";

/** What is known of one authenticator's token. */
export interface KnownLifetime {
  /** The attributes to report it with. */
  readonly attributes: Attributes;
  /** When it expires, in milliseconds since the epoch; `undefined` before there is a token. */
  expiresAt: number | undefined;
}

/** How many are kept before those that are gone are looked for. */
const least = 64;

/** The tokens of all authenticators that are still there: those that are gone are neither kept nor reported. */
export class Lifetimes {
  readonly #known = new Set<WeakRef<KnownLifetime>>();
  #limit = least;

  /** Reports this one from now on, until nothing else refers to it. */
  add(lifetime: KnownLifetime): void {
    // workerd had none before 2025; nor does anything there read a gauge.
    if (typeof WeakRef === "undefined") return;
    // Without a reader there would be no other time for it.
    if (this.#known.size >= this.#limit) this.#limit = Math.max(least, 2 * Array.from(this.#live()).length);
    this.#known.add(new WeakRef(lifetime));
  }

  /** Reports the shortest lifetime, in seconds, for each set of attributes: a gauge has one value for each. */
  observe(result: ObservableResult): void {
    const now = Date.now();
    const shortest = new Map<string, [seconds: number, Attributes]>();
    for (const { expiresAt, attributes } of this.#live()) {
      if (expiresAt === undefined) continue;
      const seconds = Math.max(0, expiresAt - now) / 1_000;
      const key = JSON.stringify(Object.entries(attributes).sort());
      if (seconds < (shortest.get(key)?.[0] ?? Infinity)) shortest.set(key, [seconds, attributes]);
    }
    for (const [seconds, attributes] of shortest.values()) result.observe(seconds, attributes);
  }

  *#live(): Generator<KnownLifetime> {
    for (const reference of this.#known) {
      const lifetime = reference.deref();
      if (lifetime) yield lifetime;
      else this.#known.delete(reference);
    }
  }
}
