/**
 * Checks that a store is one.
 *
 * @module
 */

import { throwInvalid } from "../arguments.ts";
import type { TokenStore } from "./token_store.ts";

/** Throws for what is no store: an engine's own client has similar methods, and is to be wrapped. */
export function checkStore(store: TokenStore): void {
  const has = (name: string) => typeof Object(store)[name] === "function";
  const isStore = ["get", "set", "delete"].every(has) && !["atomic", "entries", "eval", "put", "send"].some(has);
  if (!isStore) throwInvalid("store", "a TokenStore, such as redisTokenStore(client)", store);
}
