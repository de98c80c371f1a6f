/**
 * All cases of a store, together.
 *
 * @module
 */

import { storeCases, type StoreTraits, type TokenStore } from "@m2m/authenticator/token-store/conformance";

/** Runs all cases at once; returns their number. Rejects with an error that names those that failed, and why. */
export async function runCases(store: TokenStore, traits?: StoreTraits): Promise<number> {
  const cases = storeCases(store, traits);
  const outcomes = await Promise.allSettled(cases.map(({ run }) => run()));
  const failures = outcomes.flatMap((outcome, index) =>
    outcome.status === "rejected" ? [`${cases[index]!.name}: ${outcome.reason}`] : []
  );
  if (failures.length > 0) throw new Error(failures.join("\n"));
  return cases.length;
}
