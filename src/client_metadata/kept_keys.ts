/**
 * Keys looked up for a public endpoint, whose visitors must not become as many requests to a vault.
 *
 * @module
 */

import { newFlight } from "../refresh/single_flight.ts";
import { type PublishedJwk, readPublishedKeys } from "./published_keys.ts";

/** The longest that looked-up keys are kept, in milliseconds. */
const longest = 1_000;

interface JwkSet {
  readonly keys: readonly PublishedJwk[];
}

/**
 * Makes a function that gives the keys. Functions among them are called once for all that ask meanwhile, and once a second
 * at most; if one throws, the last set is given.
 */
export function keepKeys(given: unknown, maxAge: number): () => Promise<JwkSet> {
  const isFixed = typeof given !== "function" &&
    !(Array.isArray(given) && given.some((key) => typeof key === "function"));
  const flight = newFlight<JwkSet>();
  // The set itself, not its promise: on workerd that would belong to one request.
  let kept: { readonly set: JwkSet; readonly until: number } | undefined;
  const keep = (set: JwkSet) => {
    kept = { set, until: isFixed ? Infinity : Date.now() + Math.min(longest, maxAge) };
    return set;
  };
  const load = async () => {
    let keys: unknown;
    try {
      keys = await lookUp(given);
    } catch (error) {
      if (kept) return keep(kept.set);
      throw error;
    }
    return keep(await readPublishedKeys(keys));
  };
  return async () => kept && Date.now() < kept.until ? kept.set : await flight.join(load);
}

async function lookUp(given: unknown): Promise<unknown> {
  const keys = typeof given === "function" ? await given() : given;
  return Array.isArray(keys)
    ? await Promise.all(keys.map(async (key) => typeof key === "function" ? await key() : key))
    : keys;
}
