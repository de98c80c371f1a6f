/**
 * Chooses, from all checks, the one that explains the failure.
 *
 * @module
 */

import type { Check } from "./diagnosis.ts";

/**
 * The first failed check, as steps go from what is needed first to what is needed last, with three exceptions: that the
 * settings can't be had is a consequence of what the network's steps find, what can't be explained explains little, and
 * faults of the API don't keep a token from being issued.
 */
export function chooseCause(checks: readonly Check[]): Check | undefined {
  const failed = checks.filter(({ status }) => status === "failed");
  return failed.sort((a, b) => rank(a) - rank(b))[0];
}

function rank({ name, code }: Check): number {
  if (/\bAPI\b/.test(name)) return 3;
  if (code === undefined || code === "unexplained") return 2;
  return code === "settings_unavailable" ? 1 : 0;
}

/** The names of the checks that passed, once each, without those under which another fault was found. */
export function listRuledOut(checks: readonly Check[]): string[] {
  const faulty = new Set(checks.filter(({ status }) => status !== "passed").map(({ name }) => name));
  return [...new Set(checks.map(({ name }) => name))].filter((name) => !faulty.has(name));
}
