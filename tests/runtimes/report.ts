/**
 * What came of the portable suite on a runtime: a line of the table, and a failure where a case failed.
 *
 * @module
 */

import { assert } from "@std/assert";
import type { CaseResult } from "./suite/case.ts";
import { quotedSecret } from "./suite/planted.ts";

/** A line of the table. */
export interface Row {
  readonly runtime: string;
  readonly version: string;
  readonly passed: number;
  readonly failed: number;
  readonly notApplicable: number;
}

/** How many cases a runtime must have passed to be called tested. */
const enough = 60;

/** Where the rows are kept: the environment is what all modules of one test run share. */
const variable = "SUITE_ROWS";

/** The rows of this test run by now. */
export function rows(): Row[] {
  return JSON.parse(Deno.env.get(variable) ?? "[]");
}

/**
 * Prints a line for a runtime; fails where a case failed, or too few ran. What is in `printed`, all that the runtime
 * printed while it ran them, is a case as well.
 */
export function report(runtime: string, version: string, results: readonly CaseResult[], printed: string): void {
  const all = [...results, judgePrinted(printed)];
  const failures = all.filter(({ ok }) => !ok);
  const notApplicable = all.filter((result) => result.notApplicable !== undefined).length;
  const passed = all.length - failures.length - notApplicable;
  const row = { runtime, version, passed, failed: failures.length, notApplicable };
  Deno.env.set(variable, JSON.stringify([...rows(), row]));
  console.log(table([row]));

  const texts = failures.map(({ name, error = "" }) => `${name}\n${error.replace(/^/gm, "    ")}`);
  assert(failures.length === 0, `${failures.length} cases failed on ${runtime} ${version}:\n${texts.join("\n")}`);
  assert(passed >= enough, `Only ${passed} cases ran on ${runtime} ${version}.`);
}

function judgePrinted(printed: string): CaseResult {
  const name = "what is printed holds no secret and no token";
  // A case prints on purpose, so that a search that finds nothing finds it for the right reason.
  if (!printed.includes("printed:")) return { name, ok: false, error: `Nothing was printed: ${printed}` };
  const found = ["planted", ...quotedSecret].map((secret) => printed.indexOf(secret)).find((index) => index >= 0);
  if (found === undefined) return { name, ok: true };
  return { name, ok: false, error: `…${printed.slice(Math.max(0, found - 300), found + 100)}…` };
}

/** The rows in columns. */
export function table(rows: readonly Row[]): string {
  return rows.map(({ runtime, version, passed, failed, notApplicable }) =>
    [
      runtime.padEnd(24),
      version.padEnd(34),
      `${passed} passed`.padStart(10),
      `${failed} failed`.padStart(9),
      `${notApplicable} not applicable`.padStart(17),
    ].join("  ")
  ).join("\n");
}
